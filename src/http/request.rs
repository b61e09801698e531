//! A request reaches a handler as a value that keeps every constraint of the API model, or not.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use serde::Serialize;

use super::Shared;
use crate::wire::{self, ApiError, PathParams, QueryPairs, json};

/// A request of the API that has the right form.
pub(super) struct Valid<R>(pub R);

/// A success.
pub(super) struct Answer<T>(pub T);

impl<R: wire::Request> FromRequest<Shared> for Valid<R> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let path = PathParams::capture(R::OPERATION.uri, parts.uri.path())
            .ok_or(ApiError::UnknownOperation)?;
        let query = QueryPairs::parse(parts.uri.query().unwrap_or_default());
        let body = read(body, app.config.api.max_body_bytes.get()).await?;
        if !body.is_empty() && !is_json(&parts.headers) {
            return Err(ApiError::UnsupportedMediaType);
        }
        Ok(Self(R::from_parts(&path, &query, &body)?))
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        json::respond(&self.0)
    }
}

/// How many times the limit is read, and thrown away, before the connection is cut: a client that
/// is still sending may never see an answer.
const PATIENCE: usize = 8;

/// Reads a whole body of at most `limit` bytes.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| ApiError::Serialization("The body can not be read".to_owned()))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= limit {
            bytes.extend_from_slice(data);
        } else if length > limit.saturating_mul(PATIENCE) {
            break;
        }
    }
    if length > limit {
        return Err(ApiError::RequestEntityTooLarge);
    }
    Ok(bytes)
}

/// Reads at most `limit` bytes of a body and keeps none: a client that is still sending may never
/// see an answer.
pub(super) async fn discard(mut body: Body, limit: usize) {
    let mut length = 0_usize;
    while length <= limit
        && let Some(Ok(frame)) = body.frame().await
    {
        length = length.saturating_add(frame.data_ref().map_or(0, |data| data.len()));
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
