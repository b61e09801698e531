//! Answers in the API server's form.

use axum::body::Body;
use axum::http::Response;
use futures::stream;
use serde_json::{Value, json};

use super::objects::{Answer, Key};

pub(super) fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "uid": format!("uid-of-{name}")},
        "status": {"phase": "Active"},
    })
}

pub(super) fn created(key: &Key, answer: Answer) -> Response<Body> {
    match answer {
        Answer::Object(found) => object(201, &found),
        Answer::NotFound | Answer::AlreadyExists | Answer::OtherUid(_) => status(
            409,
            "AlreadyExists",
            &format!("{} \"{}\" already exists", key.resource, key.name),
            json!({"name": key.name, "kind": key.resource}),
        ),
    }
}

pub(super) fn object(code: u16, value: &Value) -> Response<Body> {
    Response::builder()
        .status(code)
        .header("content-type", "application/json")
        .body(Body::from(value.to_string()))
        .unwrap()
}

pub(super) fn not_found(resource: &str, name: &str) -> Response<Body> {
    let details = json!({"name": name, "kind": resource});
    status(
        404,
        "NotFound",
        &format!("{resource} \"{name}\" not found"),
        details,
    )
}

pub(super) fn too_many() -> Response<Body> {
    let mut answer = status(429, "TooManyRequests", "too many requests", json!({}));
    answer
        .headers_mut()
        .insert("retry-after", "1".parse().unwrap());
    answer
}

pub(super) fn status(code: u16, reason: &str, message: &str, details: Value) -> Response<Body> {
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    });
    object(code, &status)
}

/// An answer that breaks off before its end.
pub(super) fn broken() -> Response<Body> {
    let parts = [
        Ok::<_, std::io::Error>("{".to_owned()),
        Err(std::io::Error::other("the connection broke")),
    ];
    Response::new(Body::from_stream(stream::iter(parts)))
}
