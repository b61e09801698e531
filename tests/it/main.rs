//! Firesteel through its HTTP ports, against a real Postgres: `tests/postgres.sh` starts one, and
//! `DATABASE_URL` says where it is.

#![expect(clippy::unwrap_used, reason = "what a test does not expect ends it")]

mod admin;
mod auth;
mod cli;
mod coverage;
mod database;
mod harness;
mod idempotency;
mod job_runs;
mod keys;
mod lists;
mod openapi;
mod protocol;
mod start_job_run;
mod virtual_clusters;
mod worker;
