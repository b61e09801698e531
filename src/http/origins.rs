//! What web pages may do: those of the configured origins may call, as others may not. Without
//! authentication a request that any other page may have caused is refused: a browser on this host
//! is not its user.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::Shared;
use crate::config::Auth;
use crate::wire::ApiError;

/// How long a browser need not ask again.
const PREFLIGHT_LIFE: Duration = Duration::from_secs(600);

/// The configured origins, as headers.
#[derive(Clone)]
pub(super) struct Origins(Arc<[HeaderValue]>);

impl Origins {
    /// Those that are headers, which the configuration's are.
    pub(super) fn new(origins: &[String]) -> Self {
        let headers = origins
            .iter()
            .filter_map(|origin| HeaderValue::from_str(origin).ok());
        Self(headers.collect())
    }

    fn have(&self, headers: &HeaderMap) -> bool {
        single(headers, ORIGIN).is_some_and(|origin| self.0.contains(origin))
    }
}

/// Lets pages of the configured origins read the answers, and answers their browsers' preflights,
/// which carry no credentials. Other requests pass as they are.
pub(super) async fn share(
    State(origins): State<Origins>,
    request: Request,
    next: Next,
) -> Response {
    let options = request.method() == Method::OPTIONS;
    let preflight = request
        .headers()
        .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !origins.have(request.headers()) || options && !preflight {
        return next.run(request).await;
    }
    let amz = HeaderName::from_static;
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.0.iter().cloned()))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            amz("x-amz-date"),
            amz("x-amz-security-token"),
            amz("x-amz-content-sha256"),
            amz("last-event-id"),
        ])
        .expose_headers([
            RETRY_AFTER,
            amz("x-amzn-requestid"),
            amz("x-amzn-errortype"),
        ])
        .max_age(PREFLIGHT_LIFE);
    match cors.layer(next).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Lets through what no foreign web page can have caused, while nobody proves who they are.
/// Browsers add `Origin` to what a page sends elsewhere, and a name that a page's owner points at
/// this host stands in `Host`.
pub(super) async fn refuse_web_pages(
    State((app, origins)): State<(Shared, Origins)>,
    request: Request,
    next: Next,
) -> Response {
    match app.config.api.auth() {
        Auth::SigV4 => return next.run(request).await,
        Auth::None => {}
    }
    let headers = request.headers();
    let by_page = headers.contains_key(ORIGIN) && !origins.have(headers) && !same_origin(headers);
    let refusal = if by_page {
        "Requests of web pages are refused while authentication is off."
    } else if !host(&request).is_some_and(is_loopback) {
        "Requests for another host are refused while authentication is off."
    } else {
        return next.run(request).await;
    };
    ApiError::AccessDenied(refusal.to_owned()).into_response()
}

/// Whether the page came from here: from the very host and port that it now calls.
fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| single(headers, name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else {
        return false;
    };
    let from = origin.strip_prefix("http://");
    from.is_some_and(|from| from.eq_ignore_ascii_case(host))
}

fn single(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// The host that the client meant, without its port.
fn host(request: &Request) -> Option<&str> {
    let mut headers = request.headers().get_all(HOST).iter();
    let in_header = headers.next().map(|value| value.to_str().ok());
    if headers.next().is_some() {
        return None;
    }
    let authority = match (in_header, request.uri().authority()) {
        (Some(host), None) => host?,
        (None, Some(authority)) => authority.as_str(),
        (Some(host), Some(authority)) if host == Some(authority.as_str()) => host?,
        _ => return None,
    };
    match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(address, _)| address),
        None => authority.split(':').next(),
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let by_name = host == "localhost" || host.ends_with(".localhost");
    by_name || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_this_hosts_own_names_pass() {
        for (header, passes) in [
            ("localhost", true),
            ("LOCALHOST:9400", true),
            ("emr.localhost:9400", true),
            ("127.0.0.1:9400", true),
            ("127.8.9.1", true),
            ("[::1]:9400", true),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("10.0.0.1:9400", false),
            ("[::2]", false),
            ("", false),
        ] {
            let request = Request::builder().uri("/virtualclusters");
            let request = request.header(HOST, header).body(Body::empty()).unwrap();
            assert_eq!(host(&request).is_some_and(is_loopback), passes, "{header}");
        }
        let request = Request::builder().uri("http://evil.example/virtualclusters");
        let request = request
            .header(HOST, "localhost")
            .body(Body::empty())
            .unwrap();
        assert_eq!(host(&request), None);
        let request = || Request::builder().uri("/virtualclusters");
        let without = request().body(Body::empty()).unwrap();
        assert_eq!(host(&without), None);
        let twice = request().header(HOST, "localhost");
        let twice = twice.header(HOST, "evil.example").body(Body::empty());
        assert_eq!(host(&twice.unwrap()), None);
    }
}
