//! Proofs by fault: real processes of `firesteel serve` against a real Postgres and a scripted API
//! server, killed at each step in turn (`kill`), and in a storm of everything at once (`storm`).
//! `docs/testing.md` says how to run them, ADR 0020 what they assert.

#![expect(clippy::unwrap_used, reason = "what a test does not expect ends it")]

mod client;
mod fates;
mod installation;
mod kill;
mod replica;
mod server;
mod storm;
mod verdict;
mod wire;
