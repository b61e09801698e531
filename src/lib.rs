//! Firesteel: the Amazon EMR on EKS API for any Kubernetes cluster.
//!
//! Arrows run one way: `http -> domain, spark, cluster <- worker`, `http, worker -> store -> domain`,
//! `cluster -> spark -> domain`, `cluster -> fetch -> domain`; `wire` is known to `http` alone.
//! `docs/architecture.md` says why.

pub mod app;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod domain;
#[cfg(feature = "failpoints")]
pub mod failpoints;
pub mod fetch;
pub mod http;
pub mod installed;
pub mod sealing;
pub mod shutdown;
pub mod spark;
pub mod store;
pub mod telemetry;
pub mod wakes;
pub mod wire;
pub mod worker;
