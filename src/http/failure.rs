//! What the lower layers report becomes an answer here: the caller learns what helps, the log the
//! rest.

use std::error::Error;
use std::fmt::Write as _;

use crate::domain::job_run::priority::InvalidPriority;
use crate::domain::policy::Denied;
use crate::domain::tags::InvalidTags;
use crate::spark::releases::ReleaseError;
use crate::store::{StoreError, TokenError};
use crate::wire::ApiError;

/// The text for a client token that another request has used.
const TOKEN_REUSED: &str = "The client token has already been used with a different request.";

impl From<StoreError> for ApiError {
    /// A database that does not answer now is worth another try, which clients make after 503.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(error = chain(&error), "The database is not available");
                Self::ServiceUnavailable("The service is not available now. Try again.".to_owned())
            }
            StoreError::Query(_)
            | StoreError::InvalidUrl(_)
            | StoreError::UnknownValue(_)
            | StoreError::SchemaOlder
            | StoreError::SchemaNewer
            | StoreError::TablesInUse
            | StoreError::Migration(_) => Self::internal(error),
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Reused => token_reused(),
            TokenError::Store(error) => error.into(),
        }
    }
}

impl From<ReleaseError> for ApiError {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::Unknown(_) => Self::ResourceNotFound(error.to_string()),
            ReleaseError::TooOld { .. } => Self::Validation(error.to_string()),
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        Self::AccessDenied(denied.to_string())
    }
}

impl From<InvalidTags> for ApiError {
    fn from(invalid: InvalidTags) -> Self {
        Self::Validation(invalid.to_string())
    }
}

impl From<InvalidPriority> for ApiError {
    fn from(invalid: InvalidPriority) -> Self {
        Self::Validation(invalid.to_string())
    }
}

/// The answer for a client token that another request has used.
pub(super) fn token_reused() -> ApiError {
    ApiError::Validation(TOKEN_REUSED.to_owned())
}

/// A breach of a constraint that the API model does not know, in the model's words.
pub(super) fn breach(value: &str, member: &str, constraint: &str) -> ApiError {
    ApiError::Validation(format!(
        "1 validation error detected: {value} at '{member}' failed to satisfy constraint: \
         {constraint}"
    ))
}

/// An error with all that caused it.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a String does not fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
