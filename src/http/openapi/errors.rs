//! The errors of each operation: those that the model lists, and those that anything may answer.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::json;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{OneOfBuilder, Schema, Type};
use utoipa::openapi::{Content, Header, Ref, RefOr, Response};

use super::schema::of_type;
use crate::http::throttle;
use crate::wire::{ApiError, ErrorBody, Operation};

/// What the service answers though its model does not say so: a job run that is not there can
/// neither be described nor cancelled.
const NOT_MODELED: [(&str, &str); 1] = [("CancelJobRun", "ResourceNotFoundException")];

/// The named responses and the schemas of the errors.
#[derive(Default)]
pub(super) struct Errors {
    pub responses: BTreeMap<String, RefOr<Response>>,
    pub schemas: BTreeMap<String, RefOr<Schema>>,
}

impl Errors {
    /// What `operation` may answer in place of a success, by status.
    pub(super) fn of(&mut self, operation: &Operation) -> BTreeMap<String, RefOr<Response>> {
        let mut by_status = BTreeMap::<StatusCode, Vec<ApiError>>::new();
        let listed = |code: &str| {
            operation.errors.contains(&code) || NOT_MODELED.contains(&(operation.name, code))
        };
        let modeled = modeled().into_iter();
        let modeled = modeled.filter(|error| listed(error.code()));
        for error in modeled.chain(everywhere()) {
            by_status.entry(error.status()).or_default().push(error);
        }
        by_status
            .into_iter()
            .map(|(status, errors)| (status.as_str().to_owned(), self.response(status, &errors)))
            .collect()
    }

    fn response(&mut self, status: StatusCode, errors: &[ApiError]) -> RefOr<Response> {
        let codes: Vec<_> = errors.iter().map(ApiError::code).collect();
        let response = self.described(status, errors, &codes);
        // Those of one status differ from operation to operation where the model lists some.
        let name = match codes.as_slice() {
            [only] => *only,
            _ if status == StatusCode::FORBIDDEN => "Forbidden",
            _ => return response.into(),
        };
        self.responses.insert(name.to_owned(), response.into());
        RefOr::Ref(Ref::from_response_name(name))
    }

    fn described(
        &mut self,
        status: StatusCode,
        errors: &[ApiError],
        codes: &[&'static str],
    ) -> Response {
        let references: Vec<_> = codes.iter().map(|code| self.schema(code)).collect();
        let schema = match <[RefOr<Schema>; 1]>::try_from(references) {
            Ok([only]) => only,
            Err(several) => several
                .into_iter()
                .fold(OneOfBuilder::new(), OneOfBuilder::item)
                .into(),
        };
        let examples = errors.iter().map(|error| {
            let body = ErrorBody {
                code: error.code().to_owned(),
                message: error.message().to_owned(),
            };
            let value = json!({"__type": body.code, "message": body.message});
            (error.code(), ExampleBuilder::new().value(Some(value)))
        });
        let content = Content::builder()
            .schema(Some(schema))
            .examples_from_iter(examples)
            .build();
        let kind = of_type(Type::String).enum_values(Some(codes.iter().copied()));
        let kind = HeaderBuilder::new()
            .description(Some("The error's name, as in the body."))
            .schema(Some(kind));
        let mut response = ResponseBuilder::new()
            .description(description(codes))
            .header("x-amzn-ErrorType", kind.build())
            .header("x-amzn-RequestId", request_id())
            .content("application/json", content);
        if codes.contains(&throttle::CODE) && status == throttle::STATUS {
            response = response.header("Retry-After", retry_after());
        }
        response.build()
    }

    fn schema(&mut self, code: &'static str) -> RefOr<Schema> {
        let name = of_type(Type::String).enum_values(Some([code]));
        let message =
            of_type(Type::String).description(Some("What is wrong, for a person to read."));
        let error = of_type(Type::Object)
            .description(Some(meaning(code)))
            .property("__type", name)
            .required("__type")
            .property("message", message)
            .required("message");
        self.schemas.insert(code.to_owned(), error.into());
        RefOr::Ref(Ref::from_schema_name(code))
    }
}

/// The header that every answer has.
pub(super) fn request_id() -> Header {
    HeaderBuilder::new()
        .description(Some("The request's id, as in the log."))
        .schema(Some(of_type(Type::String)))
        .build()
}

fn retry_after() -> Header {
    HeaderBuilder::new()
        .description(Some(
            "After so many seconds a throttled caller has room again.",
        ))
        .schema(Some(of_type(Type::Integer).minimum(Some(1))))
        .build()
}

fn description(codes: &[&str]) -> String {
    let lines: Vec<_> = codes
        .iter()
        .map(|code| format!("`{code}`: {}", meaning(code)))
        .collect();
    lines.join("\n\n")
}

/// An example of each error that the model lists for some operation.
fn modeled() -> Vec<ApiError> {
    vec![
        ApiError::Validation(
            "1 validation error detected: Value null at 'clientToken' failed to satisfy \
             constraint: Member must not be null"
                .to_owned(),
        ),
        ApiError::ResourceNotFound("Virtual cluster 0123456789abc doesn't exist.".to_owned()),
        ApiError::EksRequestThrottled("Cluster local asks for fewer requests.".to_owned()),
        ApiError::RequestThrottled("Rate exceeded".to_owned()),
        ApiError::internal("an example"),
    ]
}

/// An example of each error that the model does not list and any operation may answer.
fn everywhere() -> Vec<ApiError> {
    vec![
        ApiError::Serialization(
            "STRING_VALUE can not be converted to an Integer at 'maxResults'".to_owned(),
        ),
        throttle::refusal(),
        ApiError::AccessDenied(
            "User: arn:aws:iam::123456789012:root is not authorized to perform: \
             emr-containers:ListVirtualClusters on resource: *"
                .to_owned(),
        ),
        ApiError::MissingAuthenticationToken,
        ApiError::IncompleteSignature(
            "Authorization header requires 'Signature' parameter.".to_owned(),
        ),
        ApiError::UnrecognizedClient,
        ApiError::InvalidSignature(
            "The request signature we calculated does not match the signature you provided."
                .to_owned(),
        ),
        ApiError::ExpiredToken,
        ApiError::RequestEntityTooLarge,
        ApiError::UnsupportedMediaType,
        ApiError::ServiceUnavailable("The service is not available now. Try again.".to_owned()),
    ]
}

fn meaning(code: &str) -> &'static str {
    match code {
        "ValidationException" => "The request breaks a rule.",
        "ResourceNotFoundException" => "What the request names does not exist.",
        "EKSRequestThrottledException" => "The target cluster asks for fewer requests.",
        "RequestThrottledException" => "Session credentials are asked for too often.",
        "InternalServerException" => "Something broke inside; the log has more.",
        "SerializationException" => "The request can not be read.",
        "ThrottlingException" => "The account asks too often. Clients back off and try again.",
        "AccessDeniedException" => "The caller is known and may not do this.",
        "MissingAuthenticationTokenException" => "The request is not signed.",
        "IncompleteSignatureException" => "The signature lacks a part.",
        "UnrecognizedClientException" => "The access key or token is not known.",
        "InvalidSignatureException" => "The signature does not match, or is not of now.",
        "ExpiredTokenException" => "The token has run out.",
        "RequestEntityTooLargeException" => "The body is too long.",
        "UnsupportedMediaTypeException" => "The body is not declared to be JSON.",
        "ServiceUnavailableException" => "The same request may succeed later.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        CreateVirtualClusterRequest, MODELED_ERRORS, OPERATIONS, PathParams, QueryPairs,
        Request as _,
    };

    #[test]
    fn every_error_has_a_status_a_meaning_and_an_example() {
        let known: Vec<_> = modeled()
            .iter()
            .map(|error| (error.code(), error.status().as_u16()))
            .collect();
        for modeled in MODELED_ERRORS {
            assert!(known.contains(modeled), "{modeled:?}");
        }
        for error in modeled().iter().chain(&everywhere()) {
            assert!(!meaning(error.code()).is_empty(), "{error}");
            assert!(!error.message().is_empty(), "{error}");
        }
    }

    #[test]
    fn the_example_of_a_breach_is_what_is_answered() {
        let body = br#"{"name":"a","containerProvider":{"type":"EKS","id":"c"}}"#;
        let (path, query) = (PathParams::default(), QueryPairs::default());
        let answered = CreateVirtualClusterRequest::from_parts(&path, &query, body).unwrap_err();
        let example = &modeled()[0];
        assert_eq!(example.message(), ApiError::from(answered).message());
    }

    #[test]
    fn an_operation_has_the_errors_that_the_model_lists() {
        for operation in OPERATIONS {
            let mut errors = Errors::default();
            errors.of(operation);
            for (code, _) in MODELED_ERRORS {
                let ours = NOT_MODELED.contains(&(operation.name, code));
                let listed = operation.errors.contains(code) || ours;
                assert_eq!(errors.schemas.contains_key(*code), listed, "{code}");
            }
        }
    }
}
