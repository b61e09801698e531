//! Web pages call where their origin is configured, and nowhere else.

use reqwest::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sqlx::PgPool;

use crate::harness::TestApp;
use crate::harness::app::ACCOUNT;

const PORTAL: &str = "https://portal.example.org";

async fn with_portal(pool: PgPool, auth: &str) -> TestApp {
    TestApp::changed(pool, &[("API__AUTH", auth)], |app| {
        app.config.api.cors_origins = vec![PORTAL.to_owned()];
    })
    .await
}

fn preflight(app: &TestApp, origin: &str, path: &str) -> reqwest::RequestBuilder {
    app.client
        .request(Method::OPTIONS, path)
        .header(ORIGIN, origin)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(
            ACCESS_CONTROL_REQUEST_HEADERS,
            "authorization,content-type,x-amz-date",
        )
}

#[sqlx::test]
async fn pages_of_configured_origins_may_call(pool: PgPool) {
    for auth in ["sigv4", "none"] {
        let app = with_portal(pool.clone(), auth).await;
        for path in ["/virtualclusters", "/nothing"] {
            let response = preflight(&app, PORTAL, path).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{auth}");
            let header = |name| response.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header(ACCESS_CONTROL_ALLOW_ORIGIN), PORTAL);
            let allowed = header(ACCESS_CONTROL_ALLOW_HEADERS);
            for name in [
                "authorization",
                "content-type",
                "x-amz-date",
                "x-amz-security-token",
                "x-amz-content-sha256",
            ] {
                assert!(
                    allowed.split(',').any(|header| header.trim() == name),
                    "{allowed}"
                );
            }
        }
        let client = app.bearer(ACCOUNT, None).await;
        let request = client
            .request(Method::GET, "/virtualclusters")
            .header(ORIGIN, PORTAL);
        let response = client.http.execute(client.proven(request)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{auth}");
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], PORTAL);
        let exposed = response.headers()[ACCESS_CONTROL_EXPOSE_HEADERS]
            .to_str()
            .unwrap();
        for name in ["x-amzn-requestid", "x-amzn-errortype", "retry-after"] {
            assert!(exposed.contains(name), "{name}");
        }
        // A page reads why it was refused.
        let request = app
            .client
            .request(Method::GET, "/nothing")
            .header(ORIGIN, PORTAL);
        let response = request.send().await.unwrap();
        assert!(response.status().is_client_error());
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], PORTAL);
    }
}

#[sqlx::test]
async fn pages_of_other_origins_may_not(pool: PgPool) {
    for (auth, code) in [
        ("sigv4", "MissingAuthenticationTokenException"),
        ("none", "AccessDeniedException"),
    ] {
        let app = with_portal(pool.clone(), auth).await;
        for origin in [
            "https://evil.example",
            "http://portal.example.org",
            "https://portal.example.org:8443",
            "https://portal.example.org.evil.example",
            "null",
        ] {
            let request = preflight(&app, origin, "/virtualclusters");
            let response = request.send().await.unwrap();
            assert_eq!(response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN), None);
            assert_eq!(response.headers()["x-amzn-errortype"], code, "{origin}");
        }
        // What is no preflight is answered as any request.
        let options = app.client.request(Method::OPTIONS, "/virtualclusters");
        let reply = app.client.send(options.header(ORIGIN, PORTAL)).await;
        assert!([403, 405].contains(&reply.status));
    }
}

#[sqlx::test]
async fn where_callers_prove_themselves_any_host_and_page_may_send(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
    let client = app.bearer(ACCOUNT, None).await;
    for (name, value) in [
        (HOST, "firesteel.example.org"),
        (ORIGIN, "https://evil.example"),
    ] {
        let request = client.request(Method::GET, "/virtualclusters");
        let reply = client.send(request.header(name, value)).await;
        reply.ok::<Value>();
    }
}

#[sqlx::test]
async fn without_authentication_its_own_pages_may_call(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let get = |host: &str, origin: &str| {
        let request = app.client.request(Method::GET, "/virtualclusters");
        app.client
            .send(request.header(HOST, host).header(ORIGIN, origin))
    };
    for (host, origin, passes) in [
        ("localhost:9400", "http://localhost:9400", true),
        ("127.0.0.1:9400", "http://127.0.0.1:9400", true),
        ("localhost:9400", "http://localhost:9401", false),
        ("localhost:9400", "https://localhost:9400", false),
        ("127.0.0.1:9400", "http://localhost:9400", false),
        // A name that was pointed here.
        ("evil.example:9400", "http://evil.example:9400", false),
    ] {
        let reply = get(host, origin).await;
        assert_eq!(reply.status == 200, passes, "{host} {origin}");
    }
}
