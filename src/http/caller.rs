//! Who calls. Without authentication that is the configured account, so a request that a web page
//! may have caused is refused: a browser on this host is not its user.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::config::Auth;
use crate::domain::account::Caller;
use crate::wire::ApiError;

/// Finds out who calls, for everything behind: the caller is with the request from then on.
pub(super) async fn authenticate(
    State(app): State<Shared>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match app.config.api.auth {
        Auth::None => Caller {
            arn: app.region.account_root(&app.config.account),
            account: app.config.account.clone(),
            policy: None,
        },
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| ApiError::internal("a route is not behind authentication"))
    }
}

/// Lets through what cannot come from a web page. Browsers add `Origin` to what a page sends
/// elsewhere, and a name that a page's owner points at this host stands in `Host`.
pub(super) async fn refuse_web_pages(
    State(app): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let Auth::None = app.config.api.auth;
    let refusal = if request.headers().contains_key(ORIGIN) {
        "Requests of web pages are refused while authentication is off."
    } else if !host(&request).is_some_and(is_loopback) {
        "Requests for another host are refused while authentication is off."
    } else {
        return next.run(request).await;
    };
    ApiError::AccessDenied(refusal.to_owned()).into_response()
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
