//! What the descriptions of operations have in common; the rest of each stands beside its handler.

use utoipa::{IntoParams, IntoResponses};

use crate::wire::ErrorBody;

/// What any operation may answer in place of a success. `x-amzn-ErrorType` repeats the name.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) enum Failures {
    /// `ValidationException`, `ResourceNotFoundException` or `SerializationException`.
    #[response(status = 400)]
    Refused(ErrorBody),
    /// `AccessDeniedException`.
    #[response(status = 403)]
    Denied(ErrorBody),
    /// `RequestEntityTooLargeException`.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// `UnsupportedMediaTypeException`.
    #[response(status = 415)]
    NotJson(ErrorBody),
    /// `InternalServerException`.
    #[response(status = 500)]
    Failed(ErrorBody),
    /// `ServiceUnavailableException`: the same request may succeed later.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// Which virtual cluster.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct OfVirtualCluster {
    #[param(min_length = 1, max_length = 64, pattern = "^[0-9a-z]+$")]
    virtual_cluster_id: String,
}

/// Which job run of it.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct OfJobRun {
    #[param(min_length = 1, max_length = 64, pattern = "^[0-9a-z]+$")]
    job_run_id: String,
}

/// A window of creation times, ends included.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct Window {
    created_after: Option<jiff::Timestamp>,
    created_before: Option<jiff::Timestamp>,
}

/// One page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct Paging {
    /// The most results to answer with.
    #[param(minimum = 1)]
    max_results: Option<i32>,
    /// Of the answer before.
    #[param(min_length = 1, max_length = 1024, pattern = r"\S")]
    next_token: Option<String>,
}
