//! The API over HTTP: a handler takes a caller and a validated request, asks the domain and the
//! store, and answers. Nothing else happens here, and whatever goes wrong is answered in AWS's form.

mod admin;
mod caller;
mod docs;
mod failure;
mod follow;
mod idempotency;
mod job_parts;
mod job_runs;
mod job_templates;
mod layers;
mod managed_endpoints;
mod openapi;
mod origins;
mod own;
mod paging;
mod request;
mod router;
mod security_configurations;
mod serve;
mod sigv4;
mod tags;
mod throttle;
mod virtual_clusters;

use std::sync::Arc;

pub use admin::admin;
pub use job_runs::read_start_job_run;
pub use router::{api, specification};
pub use serve::{Limits, serve};

use crate::app::App;

/// What handlers share.
type Shared = Arc<App>;
