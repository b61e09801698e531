//! A body in is an object or nothing; a body out is JSON and says so.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{ApiError, Unreadable};

/// Answers a success: 200 with the value as JSON.
pub fn respond<T: Serialize>(value: &T) -> Response {
    with_status(StatusCode::OK, value)
}

pub(super) fn with_status<T: Serialize>(status: StatusCode, value: &T) -> Response {
    let bytes = match serde_json::to_vec(value) {
        Ok(bytes) => bytes,
        Err(error) => return ApiError::internal(error).into_response(),
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Reads a body: nothing and null are the empty object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    // serde_json stops at 128 levels, so nothing that walks the value can exhaust the stack.
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Unreadable::NotAnObject)
        }
        // The parser's own text may quote the body.
        Err(error) => Err(Unreadable::Syntax {
            line: error.line(),
            column: error.column(),
        }),
    }
}

/// Turns a checked value into its type.
pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Unreadable> {
    serde_path_to_error::deserialize(value).map_err(|error| Unreadable::Member {
        path: error.path().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_the_empty_object() {
        for body in ["", " \r\n", "null", "{}"] {
            assert_eq!(object(body.as_bytes()).unwrap(), Map::new(), "{body:?}");
        }
    }

    #[test]
    fn an_unreadable_body_is_named_and_not_quoted() {
        for body in [
            "{\"secret\":hunter2}",
            "hunter2",
            "{\"a\":\"hunter2",
            "{} hunter2",
        ] {
            let error = object(body.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("line 1 column"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        for body in ["[]", "7", "\"x\"", "true"] {
            assert!(
                matches!(object(body.as_bytes()), Err(Unreadable::NotAnObject)),
                "{body}"
            );
        }
        assert!(object(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_deep_body_is_refused() {
        let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        assert!(matches!(
            object(deep.as_bytes()),
            Err(Unreadable::Syntax { .. })
        ));
    }

    #[test]
    fn a_mistyped_member_is_named_and_not_quoted() {
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[expect(dead_code, reason = "only its reading is tested")]
            inner: Vec<u8>,
        }
        let value = serde_json::json!({"inner": [1, "hunter2"]});
        let error = typed::<Outer>(value).unwrap_err().to_string();
        assert!(
            error.contains("inner[1]") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
