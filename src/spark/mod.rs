//! What to run: from a job run to the Spark application that carries it. Pure: no I/O at all.

pub mod conf;
pub mod driver_pod;
pub mod job_template;
pub mod params;
pub mod plan;
pub mod properties;
pub mod releases;
pub mod reserved;

pub use plan::{Defaults, DriverNames, Plan, PlanError, plan};
