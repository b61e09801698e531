//! AWS's shapes as they travel: what the model demands is checked here, what it means is not known.
//!
//! `generated` is written by `tests/codegen.rs` from the API model; all else is by hand.

mod breach;
pub mod error;
pub mod generated;
pub mod json;
mod open_enum;
mod parts;
mod request;
mod route;
mod sensitive;
mod shape;
mod timestamp;
pub mod token;
mod validate;

pub use breach::{Breach, Constraint, ValidationErrors};
pub use error::{ApiError, Cause, ErrorBody};
pub use generated::*;
pub use parts::{PathParams, QueryPairs};
pub use request::Request;
pub use route::Route;
pub use sensitive::Sensitive;
pub use shape::{Bounds, Kind, Location, Member, Operation, Pattern, Shape};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use validate::{Rejection, Shaped, Unreadable, validate};

#[cfg(test)]
mod tests;
