//! What an API server's no means for a driver: pure, from its answer alone.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use super::client::{Failure, Rejection};
use crate::cluster::{ClusterError, CreateError};
use crate::domain::job_run::decide::Refusal;

/// Between two tries of a creation that lost a race.
pub(super) const RACE_PAUSE: Duration = Duration::from_millis(50);

/// What to do after a creation that gave no object.
#[derive(Debug)]
pub(super) enum NotCreated {
    /// Something has the name: ask what.
    NameTaken,
    /// Two requests met in the quota's books, where one always has to come again.
    QuotaRace(String),
    Final(CreateError),
}

/// Reads a failed creation. Since `silent_since` the cluster does not answer, `now` where it does.
pub(super) fn of_creation(failure: Failure, silent_since: Timestamp, now: Timestamp) -> NotCreated {
    let rejection = match failure {
        Failure::Rejected(rejection) => rejection,
        Failure::Unsent(error) => return unreachable(silent_since, error),
        Failure::Unanswered(error) => return NotCreated::Final(CreateError::Unanswered(error)),
    };
    let message = rejection.message();
    let refused = |refusal| NotCreated::Final(CreateError::Refused(refusal));
    match rejection.code {
        StatusCode::CONFLICT if rejection.has_reason("AlreadyExists") => NotCreated::NameTaken,
        StatusCode::CONFLICT => NotCreated::QuotaRace(message),
        StatusCode::FORBIDDEN => refused(of_forbidden(&rejection, message)),
        StatusCode::NOT_FOUND if rejection.status.is_some() => refused(Refusal::NamespaceMissing),
        // Who is not let in is not served, however often it is tried; tokens do get renewed.
        StatusCode::UNAUTHORIZED => unreachable(silent_since, message),
        StatusCode::TOO_MANY_REQUESTS => unreachable(now, "It asks for patience.".to_owned()),
        // Admission comes before storage: what a webhook's absence stopped was not created.
        StatusCode::INTERNAL_SERVER_ERROR if message.contains("failed calling webhook") => {
            unreachable(silent_since, message)
        }
        code if code.is_client_error() && code != StatusCode::REQUEST_TIMEOUT => {
            match rejection.status {
                Some(_) => refused(Refusal::Invalid(message)),
                None => unreachable(silent_since, message),
            }
        }
        // The API server may have written before it failed.
        _ => NotCreated::Final(CreateError::Unanswered(message)),
    }
}

fn unreachable(since: Timestamp, error: String) -> NotCreated {
    NotCreated::Final(CreateError::Refused(Refusal::Unreachable { since, error }))
}

/// 403 is the answer of authorisation, of quotas and of any admission rule.
fn of_forbidden(rejection: &Rejection, message: String) -> Refusal {
    if is_terminating(rejection) {
        Refusal::NamespaceMissing
    } else if message.contains("exceeded quota") {
        Refusal::Full(message)
    } else if message.contains("cannot create resource") || rejection.status.is_none() {
        Refusal::Forbidden(message)
    } else {
        Refusal::Invalid(message)
    }
}

fn is_terminating(rejection: &Rejection) -> bool {
    rejection.status.as_ref().is_some_and(|status| {
        let cause = status
            .details
            .iter()
            .flat_map(|details| &details.causes)
            .any(|cause| cause.reason == "NamespaceTerminating");
        cause || status.message.contains("because it is being terminated")
    })
}

/// What any other request's failure means.
pub(super) fn of_request(failure: Failure) -> ClusterError {
    let rejection = match failure {
        Failure::Rejected(rejection) => rejection,
        Failure::Unsent(error) | Failure::Unanswered(error) => {
            return ClusterError::Unreachable(error);
        }
    };
    let message = rejection.message();
    match rejection.code {
        StatusCode::TOO_MANY_REQUESTS => ClusterError::Throttled {
            retry_after: rejection.retry_after.unwrap_or_default(),
        },
        StatusCode::FORBIDDEN => ClusterError::Forbidden(message),
        code if code.is_client_error()
            && code != StatusCode::UNAUTHORIZED
            && rejection.status.is_some() =>
        {
            ClusterError::Refused(message)
        }
        _ => ClusterError::Unreachable(message),
    }
}
