//! Who calls. Nobody passes who does not prove it, unless authentication is off: then everybody is
//! the configured account. Proof comes before anything else that is said of a request.
//!
//! A key's id is no secret, and a wrong signature is told from an unknown key, as AWS tells it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, EXPECT};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::{Span, field};

use super::sigv4::{self, Claim, Scope, SignedRequest};
use super::{Shared, request};
use crate::app::App;
use crate::config::Auth;
use crate::domain::access_key::{AccessKey, Proof, bearer_id};
use crate::domain::account::Caller;
use crate::domain::ids::AccessKeyId;
use crate::domain::policy::Policy;
use crate::wire::ApiError;

/// As which service a request must be signed for.
const SERVICE: &str = "emr-containers";

/// One line of the log for all that is refused within this.
const QUIET: Duration = Duration::from_secs(10);

/// Authenticates for one API.
#[derive(Clone)]
pub(super) struct Authenticator {
    app: Shared,
    told: Arc<Mutex<Told>>,
}

/// What the log has heard of refusals.
#[derive(Default)]
struct Told {
    last: Option<Instant>,
    /// Refused since, and not told.
    untold: u64,
}

/// With a response whose caller is unknown, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unproven {
    /// The log hears of this one, and that there were so many since it last did.
    Told { before: u64 },
    /// The log has just heard of another: callers who try again and again do not fill it.
    Untold,
}

impl Authenticator {
    pub(super) fn new(app: Shared) -> Self {
        Self {
            app,
            told: Arc::default(),
        }
    }

    fn unproven(&self) -> Unproven {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.hear(Instant::now())
    }
}

impl Told {
    fn hear(&mut self, now: Instant) -> Unproven {
        match self.last {
            Some(last) if now.duration_since(last) < QUIET => {
                self.untold += 1;
                Unproven::Untold
            }
            _ => {
                self.last = Some(now);
                Unproven::Told {
                    before: std::mem::take(&mut self.untold),
                }
            }
        }
    }
}

/// What a caller proved itself with, kept with the request: what is answered over a long time is
/// for who may have it still.
#[derive(Clone)]
pub(super) struct Standing(Option<AccessKeyId>);

impl Standing {
    /// The caller as it is now. Its key may be revoked since, or over.
    pub(super) async fn caller(&self, app: &App) -> Result<Caller, ApiError> {
        let Some(id) = &self.0 else {
            return Ok(everybody(app));
        };
        let key = known(app, Some(id.clone())).await?;
        if key.is_usable(app.clock.now()) {
            caller(app, key)
        } else {
            Err(ApiError::ExpiredToken)
        }
    }
}

/// Finds out who calls, for everything behind: the caller is with the request from then on.
pub(super) async fn authenticate(
    State(authenticator): State<Authenticator>,
    request: Request,
    next: Next,
) -> Response {
    let app = &authenticator.app;
    let (mut parts, mut body) = request.into_parts();
    let proven = match app.config.api.auth() {
        Auth::None => Ok((everybody(app), Standing(None))),
        Auth::SigV4 => prove(app, &parts, &mut body).await,
    };
    match proven {
        Ok((caller, standing)) => {
            Span::current().record("caller.arn", caller.arn.as_str());
            parts.extensions.insert(caller);
            parts.extensions.insert(standing);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => {
            // Who asks before sending is told at once.
            if !parts.headers.contains_key(EXPECT) {
                request::discard(body, app.config.api.max_body_bytes.get()).await;
            }
            let forbidden = error.status().is_client_error();
            let mut response = error.into_response();
            if forbidden {
                response.extensions_mut().insert(authenticator.unproven());
            }
            response
        }
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| ApiError::internal("a route is not behind authentication"))
    }
}

impl FromRequestParts<Shared> for Standing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, ApiError> {
        let standing = parts.extensions.get::<Self>().cloned();
        standing.ok_or_else(|| ApiError::internal("a route is not behind authentication"))
    }
}

fn everybody(app: &App) -> Caller {
    Caller {
        arn: app.region.account_root(&app.config.account),
        account: app.config.account.clone(),
        policy: None,
    }
}

/// The caller, with the body in hand again. It is read once a key is known: nobody else makes the
/// process hold one.
async fn prove(app: &App, parts: &Parts, body: &mut Body) -> Result<(Caller, Standing), ApiError> {
    let request = SignedRequest {
        method: &parts.method,
        uri: &parts.uri,
        headers: &parts.headers,
    };
    let (key, claim) = match bearer_token(&parts.headers) {
        Some(token) => (bearer(app, token).await?, None),
        None => {
            let (key, claim) = claimed(app, &request).await?;
            (key, Some(claim))
        }
    };
    let limit = app.config.api.max_body_bytes.get();
    let received = request::read(std::mem::take(body), limit).await?;
    if !received.is_empty() {
        // Whoever sends slowly does not outlive a revocation.
        known(app, Some(key.id.clone())).await?;
    }
    if let Some(claim) = claim {
        claim.verify(&request, &received, &secret(app, &key)?)?;
    }
    *body = Body::from(received);
    let standing = Standing(Some(key.id.clone()));
    Ok((caller(app, key)?, standing))
}

/// Who has this key.
fn caller(app: &App, key: AccessKey) -> Result<Caller, ApiError> {
    let policy = key.policy.as_deref().map(Policy::parse).transpose();
    Ok(Caller {
        arn: app.region.user(&key.account, &key.name),
        account: key.account,
        policy: policy.map_err(ApiError::internal)?.map(Arc::new),
    })
}

/// The owner of the key that a request claims to be signed with, which is yet to be verified.
async fn claimed(app: &App, request: &SignedRequest<'_>) -> Result<(AccessKey, Claim), ApiError> {
    let scope = Scope {
        region: &app.region.region,
        service: SERVICE,
    };
    let claim = sigv4::claim(request, &scope, app.clock.now())?;
    let key = known(app, AccessKeyId::parse(claim.access_key_id.as_str()).ok()).await?;
    match (&key.proof, &claim.session_token) {
        (Proof::Permanent { .. }, None) => Ok((key, claim)),
        (
            Proof::Temporary {
                session_token,
                expires_at,
                ..
            },
            Some(token),
        ) if session_token.matches(token) => {
            if app.clock.now() >= *expires_at {
                return Err(ApiError::ExpiredToken);
            }
            Ok((key, claim))
        }
        (Proof::Permanent { .. } | Proof::Temporary { .. } | Proof::Bearer { .. }, _) => {
            Err(ApiError::UnrecognizedClient)
        }
    }
}

/// The owner of a bearer token.
async fn bearer(app: &App, token: &str) -> Result<AccessKey, ApiError> {
    let key = known(app, bearer_id(token)).await?;
    match &key.proof {
        Proof::Bearer {
            token: hash,
            expires_at,
        } if hash.matches(token) => {
            if expires_at.is_some_and(|end| app.clock.now() >= end) {
                return Err(ApiError::ExpiredToken);
            }
            Ok(key)
        }
        Proof::Bearer { .. } | Proof::Permanent { .. } | Proof::Temporary { .. } => {
            Err(ApiError::UnrecognizedClient)
        }
    }
}

/// The key of this id, if it may still be used.
async fn known(app: &App, id: Option<AccessKeyId>) -> Result<AccessKey, ApiError> {
    let id = id.ok_or(ApiError::UnrecognizedClient)?;
    Span::current().record("access_key.id", field::display(&id));
    match app.store.access_key(&id).await? {
        Some(key) if key.revoked_at.is_none() => Ok(key),
        Some(_) | None => Err(ApiError::UnrecognizedClient),
    }
}

/// What the key signs with.
fn secret(app: &App, key: &AccessKey) -> Result<String, ApiError> {
    let sealed = key.proof.sealed_secret();
    let sealed = sealed.ok_or(ApiError::UnrecognizedClient)?;
    let keys = app.master_keys.as_ref();
    let keys = keys.ok_or_else(|| ApiError::internal("there is no master key"))?;
    let secret = keys.open(&key.id.sealing_place(), sealed);
    let secret = secret.map_err(|error| {
        ApiError::internal(format!(
            "the secret of access key {} is not opened: {error}",
            key.id
        ))
    })?;
    String::from_utf8(secret).map_err(|_| ApiError::internal("a secret is no text"))
}

/// What an `Authorization: Bearer` header holds, where it is the only one.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let value = value.to_str().ok()?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme
        .eq_ignore_ascii_case("Bearer")
        .then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_repeat_do_not_fill_the_log() {
        let mut told = Told::default();
        let start = Instant::now();
        assert_eq!(told.hear(start), Unproven::Told { before: 0 });
        for _ in 0..1000 {
            assert_eq!(told.hear(start), Unproven::Untold);
        }
        let later = start + QUIET;
        assert_eq!(told.hear(later), Unproven::Told { before: 1000 });
        assert_eq!(told.hear(later + QUIET), Unproven::Told { before: 0 });
    }

    #[test]
    fn a_bearer_token_is_the_only_authorization() {
        let headers = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            headers
        };
        assert_eq!(bearer_token(&headers(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer_token(&headers(&["bEARER  abc "])), Some("abc"));
        assert_eq!(bearer_token(&headers(&["Bearer"])), Some(""));
        for values in [
            &[][..],
            &["Bearerabc"],
            &["AWS4-HMAC-SHA256 x"],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(bearer_token(&headers(values)), None, "{values:?}");
        }
    }
}
