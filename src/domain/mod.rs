//! What Firesteel is about, in plain Rust: no HTTP, no SQL, no Kubernetes.
//!
//! Every rule of the service that can be stated without I/O lives here, as types that cannot hold
//! a wrong value and as pure functions.

pub mod access_key;
pub mod account;
pub mod arn;
pub mod clock;
pub mod configuration;
pub mod ids;
pub mod job_run;
pub mod job_template;
pub mod policy;
pub mod redaction;
pub mod security_configuration;
pub mod tags;
pub mod virtual_cluster;
