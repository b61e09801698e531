//! The wire knows these errors and no others; what went wrong inside stays inside.

use std::{error::Error, fmt, sync::Arc};

use axum::{
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{Rejection, json};

/// Every error that a caller can receive.
///
/// The text of a variant is for the caller and must hold nothing secret.
#[derive(Clone, Debug)]
pub enum ApiError {
    /// The request breaks a rule.
    Validation(String),
    /// What the request names does not exist.
    ResourceNotFound(String),
    /// Something broke on our side.
    InternalServer(Cause),
    /// The target cluster asks for fewer requests.
    EksRequestThrottled(String),
    /// The caller asks too often for session credentials.
    RequestThrottled(String),
    /// The caller asks too often.
    Throttling(String),
    /// The caller is known and may not do this.
    AccessDenied(String),
    /// The request cannot be read.
    Serialization(String),
    /// The body's content type is not JSON.
    UnsupportedMediaType,
    /// No operation has this path.
    UnknownOperation,
    /// An operation has this path, with another method.
    MethodNotAllowed,
    /// The body is too long.
    RequestEntityTooLarge,
    /// We cannot answer now.
    ServiceUnavailable(String),
    /// The request carries no signature.
    MissingAuthenticationToken,
    /// The signature lacks a part.
    IncompleteSignature(String),
    /// The access key is not known.
    UnrecognizedClient,
    /// The signature does not match.
    InvalidSignature(String),
    /// The session token has run out.
    ExpiredToken,
}

/// Why the service failed: for the log, never for the caller.
#[derive(Clone, Debug)]
pub struct Cause(pub Arc<dyn Error + Send + Sync>);

/// The body of every error.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// The error's name.
    #[serde(rename = "__type")]
    pub code: String,
    /// What to tell the caller.
    pub message: String,
}

impl ApiError {
    /// Hides the source from the caller and keeps it for the log.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::InternalServer(Cause(Arc::from(source.into())))
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.parts().0
    }

    /// AWS's name of the error.
    pub const fn code(&self) -> &'static str {
        self.parts().1
    }

    /// What the caller is told.
    pub fn message(&self) -> &str {
        self.parts().2
    }

    const fn parts(&self) -> (StatusCode, &'static str, &str) {
        use StatusCode as S;
        match self {
            Self::Validation(text) => (S::BAD_REQUEST, "ValidationException", text.as_str()),
            Self::ResourceNotFound(text) => {
                (S::BAD_REQUEST, "ResourceNotFoundException", text.as_str())
            }
            Self::InternalServer(_) => (
                S::INTERNAL_SERVER_ERROR,
                "InternalServerException",
                "The request failed because of an internal error.",
            ),
            Self::EksRequestThrottled(text) => (
                S::TOO_MANY_REQUESTS,
                "EKSRequestThrottledException",
                text.as_str(),
            ),
            Self::RequestThrottled(text) => {
                (S::BAD_REQUEST, "RequestThrottledException", text.as_str())
            }
            Self::Throttling(text) => (S::BAD_REQUEST, "ThrottlingException", text.as_str()),
            Self::AccessDenied(text) => (S::FORBIDDEN, "AccessDeniedException", text.as_str()),
            Self::Serialization(text) => (S::BAD_REQUEST, "SerializationException", text.as_str()),
            Self::UnsupportedMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaTypeException",
                "The Content-Type of the request must be application/json.",
            ),
            Self::UnknownOperation => (
                S::NOT_FOUND,
                "UnknownOperationException",
                "No operation has this path.",
            ),
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "UnknownOperationException",
                "No operation has this path with this method.",
            ),
            Self::RequestEntityTooLarge => (
                S::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                "The body of the request is too long.",
            ),
            Self::ServiceUnavailable(text) => (
                S::SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
                text.as_str(),
            ),
            Self::MissingAuthenticationToken => (
                S::FORBIDDEN,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            Self::IncompleteSignature(text) => {
                (S::FORBIDDEN, "IncompleteSignatureException", text.as_str())
            }
            Self::UnrecognizedClient => (
                S::FORBIDDEN,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            Self::InvalidSignature(text) => {
                (S::FORBIDDEN, "InvalidSignatureException", text.as_str())
            }
            Self::ExpiredToken => (
                S::FORBIDDEN,
                "ExpiredTokenException",
                "The security token included in the request is expired.",
            ),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::InternalServer(cause) = self {
            Some(cause.0.as_ref())
        } else {
            None
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Serialization(unreadable) => Self::Serialization(unreadable.to_string()),
            Rejection::Validation(errors) => Self::Validation(errors.to_string()),
        }
    }
}

impl IntoResponse for ApiError {
    /// The response carries the `Cause` as an extension, so that the edge can log it once.
    fn into_response(self) -> Response {
        let body = ErrorBody {
            code: self.code().to_owned(),
            message: self.message().to_owned(),
        };
        let mut response = json::with_status(self.status(), &body);
        response
            .headers_mut()
            .insert("x-amzn-errortype", HeaderValue::from_static(self.code()));
        if let Self::InternalServer(cause) = self {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::wire::generated::MODELED_ERRORS;

    fn every_error() -> Vec<ApiError> {
        let text = || "why".to_owned();
        vec![
            ApiError::Validation(text()),
            ApiError::ResourceNotFound(text()),
            ApiError::internal("the password is hunter2"),
            ApiError::EksRequestThrottled(text()),
            ApiError::RequestThrottled(text()),
            ApiError::Throttling(text()),
            ApiError::AccessDenied(text()),
            ApiError::Serialization(text()),
            ApiError::UnsupportedMediaType,
            ApiError::UnknownOperation,
            ApiError::MethodNotAllowed,
            ApiError::RequestEntityTooLarge,
            ApiError::ServiceUnavailable(text()),
            ApiError::MissingAuthenticationToken,
            ApiError::IncompleteSignature(text()),
            ApiError::UnrecognizedClient,
            ApiError::InvalidSignature(text()),
            ApiError::ExpiredToken,
        ]
    }

    #[tokio::test]
    async fn every_error_has_its_header_and_body() {
        for error in every_error() {
            let (status, code, message) =
                (error.status(), error.code(), error.message().to_owned());
            let response = error.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["x-amzn-errortype"], code);
            assert_eq!(response.headers()["content-type"], "application/json");
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let body: ErrorBody = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(
                body,
                ErrorBody {
                    code: code.to_owned(),
                    message
                }
            );
            assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"));
        }
    }

    #[test]
    fn the_source_is_kept_for_the_log() {
        let error = ApiError::internal("disk full");
        assert!(!error.to_string().contains("disk full"));
        assert_eq!(error.source().unwrap().to_string(), "disk full");
        let response = error.into_response();
        assert_eq!(
            response.extensions().get::<Cause>().unwrap().0.to_string(),
            "disk full"
        );
    }

    #[test]
    fn modeled_errors_have_the_models_status() {
        let known: Vec<(&str, u16)> = every_error()
            .iter()
            .map(|error| (error.code(), error.status().as_u16()))
            .collect();
        for modeled in MODELED_ERRORS {
            assert!(known.contains(modeled), "{modeled:?}");
        }
    }
}
