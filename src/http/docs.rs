//! The description of the API and Swagger UI, which needs nothing from anywhere else. They hold no
//! data of anybody's, so they stand outside authentication.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Swagger UI sets styles by script, and its icons are `data:` URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// `/docs/` and `/openapi.json`.
pub(super) fn docs<S: Clone + Send + Sync + 'static>(specification: OpenApi) -> Router<S> {
    // Without it the page would ask a validator on the internet about the description.
    let config = Config::default()
        .validator_url("none")
        .display_request_duration(true)
        .doc_expansion("list");
    let pages = SwaggerUi::new("/docs")
        .url("/openapi.json", specification)
        .config(config);
    Router::from(pages).layer(from_fn(protect))
}

async fn protect(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // The next version's page must not meet this one's scripts.
        (CACHE_CONTROL, "no-cache"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}
