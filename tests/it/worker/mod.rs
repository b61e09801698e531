//! Runs from StartJobRun to their end, by real workers on a scripted cluster.

mod crash;
mod creation;
mod faults;
mod life;
mod retry;
