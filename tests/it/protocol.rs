//! Whatever arrives is answered as AWS would answer it.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HOST, ORIGIN};
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::TestApp;
use crate::harness::client::virtual_cluster;
use crate::harness::cluster::Namespaces;

#[sqlx::test]
async fn what_is_no_operation_is_said(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for path in [
        "/",
        "/nothing",
        "/virtualclusters/",
        "/virtualclusters/a/b",
        "/VirtualClusters",
    ] {
        let reply = app.client.get(path).await;
        reply.refused_with(404, "UnknownOperationException", "path");
    }
    for (method, path) in [
        (Method::PUT, "/virtualclusters"),
        (Method::DELETE, "/virtualclusters"),
        (Method::POST, "/virtualclusters/abc"),
        (Method::PATCH, "/tags/x"),
        (Method::OPTIONS, "/virtualclusters"),
    ] {
        let reply = app.client.send(app.client.request(method, path)).await;
        reply.refused_with(405, "UnknownOperationException", "method");
    }
}

#[sqlx::test]
async fn bodies_are_json_objects_and_say_so(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let post = || app.client.request(Method::POST, "/virtualclusters");
    let json = |body: &'static str| post().header(CONTENT_TYPE, "application/json").body(body);
    for body in ["{", "[]", "\"hunter2\"", "{\"name\": hunter2}", "{} {}"] {
        let reply = app.client.send(json(body)).await;
        reply.refused_with(400, "SerializationException", "The request body is not");
        assert!(!reply.body.to_string().contains("hunter2"));
    }
    let reply = app.client.send(json("{\"name\": 7}")).await;
    reply.refused_with(400, "SerializationException", "'name'");
    for body in ["", "{}", "null"] {
        let reply = app.client.send(json(body)).await;
        reply.refused_with(400, "ValidationException", "3 validation errors detected");
    }
    let reply = app.client.send(post()).await;
    reply.refused_with(400, "ValidationException", "'name'");
    let right = virtual_cluster("a", "local", "jobs").to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; a=b",
    ] {
        let request = post().header(CONTENT_TYPE, kind).body(right.clone());
        let reply = app.client.send(request).await;
        reply.refused_with(415, "UnsupportedMediaTypeException", "application/json");
    }
    let reply = app.client.send(post().body(right.clone())).await;
    reply.refused_with(415, "UnsupportedMediaTypeException", "application/json");
    let kind = "Application/JSON; charset=utf-8";
    let request = post().header(CONTENT_TYPE, kind).body(right);
    app.client.send(request).await.text("id");
}

/// Postgres keeps no NUL and no time before 4714 BC: neither may get so far.
#[sqlx::test]
async fn what_the_database_cannot_keep_is_refused_before(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let mut request = virtual_cluster("a", "local", "jobs");
    request["tags"] = json!({"a": "\0"});
    let reply = app.client.post("/virtualclusters", &request).await;
    reply.refused_with(400, "ValidationException", "U+0000");
    let path = "/virtualclusters?containerProviderId=a%00";
    let reply = app.client.get(path).await;
    reply.refused_with(400, "ValidationException", "U+0000");
    let path = "/virtualclusters?createdAfter=-009999-01-02T02:00:00Z";
    let reply = app.client.get(path).await;
    reply.refused_with(400, "SerializationException", "'createdAfter'");
    for ends in [
        "createdAfter=0001-01-01T00:00:00Z",
        "createdBefore=9999-12-31T23:59:59Z",
    ] {
        let reply = app.client.get(&format!("/virtualclusters?{ends}")).await;
        assert_eq!(reply.status, 200, "{ends}");
    }
}

#[sqlx::test]
async fn a_body_that_is_too_long_is_refused(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__MAX_BODY_BYTES", "1000")]).await;
    let mut request = virtual_cluster("a", "local", "jobs");
    let length = |request: &serde_json::Value| request.to_string().len();
    request["ignored"] = json!("");
    let room = 1000 - length(&request);
    request["ignored"] = json!("x".repeat(room + 1));
    let reply = app.client.post("/virtualclusters", &request).await;
    reply.refused(
        413,
        "RequestEntityTooLargeException",
        "The body of the request is too long.",
    );
    request["ignored"] = json!("x".repeat(room));
    assert_eq!(length(&request), 1000);
    app.client
        .post("/virtualclusters", &request)
        .await
        .text("id");
}

#[sqlx::test]
async fn a_client_that_is_still_sending_gets_its_answer(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let body = json!({"name": "x".repeat(6 * 1024 * 1024)});
    let reply = app.client.post("/virtualclusters", &body).await;
    reply.refused_with(413, "RequestEntityTooLargeException", "too long");
}

#[sqlx::test]
async fn requests_that_a_web_page_may_have_caused_are_refused(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let get = || app.client.request(Method::GET, "/virtualclusters");
    for (name, value) in [
        (ORIGIN, "https://evil.example"),
        (ORIGIN, "http://localhost:9400"),
        (ORIGIN, "null"),
        (HOST, "evil.example"),
        (HOST, "127.0.0.1.evil.example:9400"),
        (HOST, "10.0.0.1"),
    ] {
        let reply = app.client.send(get().header(name, value)).await;
        reply.refused_with(403, "AccessDeniedException", "while authentication is off");
    }
    for host in ["localhost:9400", "[::1]:9400", "127.0.0.1"] {
        let reply = app.client.send(get().header(HOST, host)).await;
        assert_eq!(reply.status, 200, "{host}");
    }
}

#[sqlx::test]
async fn a_panic_is_answered_and_hides_its_words(pool: PgPool) {
    let app = TestApp::start(pool).await;
    app.local.check_namespace_with(Namespaces::Panic);
    let request = virtual_cluster("a", "local", "jobs");
    let reply = app.client.post("/virtualclusters", &request).await;
    reply.refused(
        500,
        "InternalServerException",
        "The request failed because of an internal error.",
    );
    app.client
        .get("/virtualclusters")
        .await
        .ok::<serde_json::Value>();
}

#[sqlx::test]
async fn a_request_that_takes_too_long_is_given_up(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__REQUEST_TIMEOUT", "50ms")]).await;
    app.local.check_namespace_with(Namespaces::Hang);
    let request = virtual_cluster("a", "local", "jobs");
    let reply = app.client.post("/virtualclusters", &request).await;
    reply.refused_with(503, "ServiceUnavailableException", "took too long");
}

#[sqlx::test]
async fn a_client_that_never_ends_its_request_is_cut_off(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__REQUEST_TIMEOUT", "50ms")]).await;
    let address = app.client.base.strip_prefix("http://").unwrap();
    for start in [
        "",
        "GET /virtualclusters HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let end = stream.read_to_end(&mut rest);
        let end = tokio::time::timeout(Duration::from_secs(20), end).await;
        end.expect("the connection is closed").unwrap();
    }
}

#[sqlx::test]
async fn paths_are_decoded_after_they_are_cut(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let reply = app.client.get("/virtualclusters/a%2Fb").await;
    reply.refused_with(400, "ValidationException", "Value 'a/b' at 'id'");
    let arn = "arn%3Aaws%3Aemr-containers%3Aus-east-1%3A123456789012%3A%2Fvirtualclusters%2F";
    let reply = app
        .client
        .get(&format!("/tags/{arn}jk518skp01ys9ka8b0npx9nt0"))
        .await;
    reply.not_found(
        "Resource arn:aws:emr-containers:us-east-1:123456789012:\
         /virtualclusters/jk518skp01ys9ka8b0npx9nt0 doesn't exist.",
    );
}

#[sqlx::test]
async fn every_answer_has_its_own_id(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let one = app.client.get("/virtualclusters").await;
    let two = app.client.get("/virtualclusters").await;
    assert_ne!(one.request_id, two.request_id);
}

/// HEAD among them: to answer it would be to carry out the operation and to hide what it says.
#[sqlx::test]
async fn other_methods_are_refused_with_the_ones_that_there_are(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for (path, allowed) in [
        ("/virtualclusters", "POST, GET"),
        ("/virtualclusters/abc", "DELETE, GET, PATCH"),
        ("/tags/abc", "GET, POST, DELETE"),
    ] {
        for method in [Method::HEAD, Method::PUT, Method::OPTIONS] {
            let reply = app
                .client
                .request(method.clone(), path)
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 405, "{method} {path}");
            assert_eq!(reply.headers()["allow"], allowed);
            let kind = &reply.headers()["x-amzn-errortype"];
            assert_eq!(kind, "UnknownOperationException");
        }
    }
}
