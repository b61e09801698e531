//! What to run: from a job run to the Spark application that carries it. Pure: no I/O at all.

pub mod conf;
pub mod driver_pod;
pub mod job_template;
pub mod labels;
pub mod layout;
mod monitoring;
pub mod params;
pub mod plan;
pub mod pod_template;
pub mod policy;
pub mod properties;
pub mod redaction;
pub mod releases;
pub mod service_accounts;
pub mod submit_line;

pub use plan::{DriverNames, Plan, PlanError, RunSettings, plan};
pub use pod_template::{TemplateSource, Templates};
pub use policy::Policy;
