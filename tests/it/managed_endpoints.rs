//! Managed endpoints: a request is checked as the service would, and then told that there are none.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::TestApp;

const ROLE: &str = "arn:aws:iam::123456789012:role/job";

/// Every operation with a request that keeps all constraints.
fn operations() -> [(&'static str, Method, String, Option<Value>); 5] {
    let list = "/virtualclusters/jk518skp01ys9ka8b0npx9nt0/endpoints";
    let one = format!("{list}/8gai4l4exxxxx");
    let new = json!({"name": "a", "clientToken": "t", "type": "SPARK_CONNECT",
        "releaseLabel": "emr-7.14.0-latest", "executionRoleArn": ROLE});
    let credentials = json!({"executionRoleArn": ROLE, "credentialType": "TOKEN"});
    [
        (
            "CreateManagedEndpoint",
            Method::POST,
            list.to_owned(),
            Some(new),
        ),
        ("ListManagedEndpoints", Method::GET, list.to_owned(), None),
        ("DescribeManagedEndpoint", Method::GET, one.clone(), None),
        ("DeleteManagedEndpoint", Method::DELETE, one.clone(), None),
        (
            "GetManagedEndpointSessionCredentials",
            Method::POST,
            format!("{one}/credentials"),
            Some(credentials),
        ),
    ]
}

#[sqlx::test]
async fn none_is_served_yet(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for (operation, method, path, body) in operations() {
        let mut request = app.client.request(method, &path);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let reply = app.client.send(request).await;
        reply.invalid(&format!("{operation} is not supported yet."));
    }
    let arn = "arn%3Aaws%3Aemr-containers%3Aus-east-1%3A123456789012%3A%2Fvirtualclusters%2Fabc";
    let path = format!("/virtualclusters/{arn}/endpoints/{arn}%2Fendpoints%2Fdef/credentials");
    let body = json!({"executionRoleArn": ROLE, "credentialType": "TOKEN"});
    let reply = app.client.post(&path, &body).await;
    reply.invalid("GetManagedEndpointSessionCredentials is not supported yet.");
}

#[sqlx::test]
async fn what_breaks_a_constraint_is_told_so_first(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for (operation, method, path, body) in operations() {
        let path = match body {
            // A body is there to be incomplete.
            Some(_) => path,
            None => path.replace("jk518skp01ys9ka8b0npx9nt0", "A_B"),
        };
        let mut request = app.client.request(method.clone(), &path);
        if method == Method::POST {
            request = request.json(&json!({}));
        }
        let reply = app.client.send(request).await;
        reply.refused_with(400, "ValidationException", "detected");
        assert!(
            !reply.body.to_string().contains("not supported"),
            "{operation}"
        );
    }
}
