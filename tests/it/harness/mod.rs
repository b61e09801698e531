//! What the tests share: the application on free ports, a client that checks every answer, a
//! cluster that does as a test says, and a database that can be cut off.

pub mod app;
pub mod client;
pub mod cluster;
pub mod keys;
pub mod proxy;
pub mod s3;
pub mod workers;

pub use app::TestApp;
pub use client::{Client, Reply};
pub use cluster::FakeCluster;
pub use workers::Workers;
