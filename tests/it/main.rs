//! Firesteel through its HTTP ports, against a real Postgres: `tests/postgres.sh` starts one, and
//! `DATABASE_URL` says where it is.

#![expect(clippy::unwrap_used, reason = "what a test does not expect ends it")]

mod admin;
mod arrested;
mod auth;
mod cli;
mod connections;
mod coverage;
mod database;
mod docs;
mod event_streams;
mod fetch;
mod fuzz_seeds;
mod harness;
mod idempotency;
mod isolation;
mod job_access;
mod job_run_events;
mod job_run_stories;
mod job_runs;
mod job_templates;
mod keys;
mod limits;
mod lists;
mod managed_endpoints;
mod openapi;
mod operations;
mod origins;
mod protocol;
mod render;
mod resource_access;
mod sdk;
mod sealed;
mod security_configurations;
mod start_job_run;
mod tags;
mod template_runs;
mod throttling;
mod update_virtual_cluster;
mod virtual_clusters;
mod worker;
