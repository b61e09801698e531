//! A request is its key's owner's if its signature (AWS Signature Version 4, in the Authorization
//! header) says so for exactly what arrived. Pure: who owns a key, and what time it is, is said by
//! the caller. The order of the checks, and their words, are the service's.

mod authorization;
mod canonical;
#[cfg(test)]
mod tests;

use std::fmt;

use axum::http::{HeaderMap, Method, Uri, header};
use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use self::authorization::{ALGORITHM, Authorization};
use crate::wire::ApiError;

/// What arrived before the body.
#[derive(Clone, Copy)]
pub(super) struct SignedRequest<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
}

/// What a signature must be made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub region: &'a str,
    /// `emr-containers`
    pub service: &'a str,
}

/// Why a request is nobody's. The texts are for the caller: they repeat no signature and no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AuthRejection {
    #[error("the request carries no signature")]
    Missing,
    #[error("{0}")]
    Incomplete(String),
    #[error("{0}")]
    Invalid(String),
}

/// A signature that is in form, in time and for this service: whose secret must confirm it?
pub(super) struct Claim {
    pub access_key_id: String,
    /// `X-Amz-Security-Token`, which belongs to temporary keys.
    pub session_token: Option<String>,
    authorization: Authorization,
    signed_at: String,
}

/// How far the caller's clock may be from ours, either way.
const MAX_SKEW_MINUTES: i64 = 15;

/// Reads a request's claim, and refuses one that no secret could confirm, whatever the body is: a
/// body is worth reading only where there is a claim.
pub(super) fn claim(
    request: &SignedRequest<'_>,
    scope: &Scope<'_>,
    now: Timestamp,
) -> Result<Claim, AuthRejection> {
    let header = single(request.headers, header::AUTHORIZATION.as_str())?;
    if canonical::has_signature(request.uri) {
        return Err(if header.is_some() {
            invalid(
                "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP \
                 header.",
            )
        } else {
            incomplete(
                "A signature in the query string is not accepted: sign with the Authorization \
                 header.",
            )
        });
    }
    let header = header.ok_or(AuthRejection::Missing)?;
    let amz_date = single(request.headers, "x-amz-date")?;
    let date = match amz_date {
        Some(date) => Some(date),
        None => single(request.headers, header::DATE.as_str())?,
    };
    let (authorization, signed_at) = authorization::parse(header, date)?;
    check_time(signed_at, now)?;
    check_signed_headers(request, &authorization)?;
    if authorization.algorithm != ALGORITHM {
        return Err(incomplete(format!(
            "Unsupported AWS 'algorithm': '{}' (only {ALGORITHM} for now).",
            authorization.algorithm
        )));
    }
    let access_key_id = authorization.access_key_id(scope, signed_at)?;
    Ok(Claim {
        access_key_id: access_key_id.to_owned(),
        session_token: single(request.headers, "x-amz-security-token")?.map(str::to_owned),
        signed_at: signed_at.to_owned(),
        authorization,
    })
}

impl Claim {
    /// Whether `secret` made this signature for this request with this body, which is as it was
    /// received.
    pub(super) fn verify(
        &self,
        request: &SignedRequest<'_>,
        body: &[u8],
        secret: &str,
    ) -> Result<(), AuthRejection> {
        let body_hash = hex(&Sha256::digest(body));
        check_body_hash(request, &body_hash)?;
        let key = self.signing_key(secret);
        let given = self.authorization.signature.as_bytes();
        let signed_headers = &self.authorization.signed_headers;
        let matches = canonical::requests(request, signed_headers, &body_hash)?
            .iter()
            .any(|canonical| {
                let text = self.string_to_sign(canonical);
                let expected = hex(&hmac(&key, text.as_bytes()));
                bool::from(expected.as_bytes().ct_eq(given))
            });
        if matches {
            Ok(())
        } else {
            Err(invalid(
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method. Consult the service \
                 documentation for details.",
            ))
        }
    }

    fn signing_key(&self, secret: &str) -> Vec<u8> {
        let secret = format!("AWS4{secret}").into_bytes();
        let scope = self.authorization.scope.iter();
        scope.fold(secret, |key, part| hmac(&key, part.as_bytes()))
    }

    fn string_to_sign(&self, canonical_request: &[u8]) -> String {
        format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            self.signed_at,
            self.authorization.scope.join("/"),
            hex(&Sha256::digest(canonical_request))
        )
    }
}

/// Shows whose claim it is, and nothing that could be used again.
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl From<AuthRejection> for ApiError {
    fn from(rejection: AuthRejection) -> Self {
        match rejection {
            AuthRejection::Missing => Self::MissingAuthenticationToken,
            AuthRejection::Incomplete(why) => Self::IncompleteSignature(why),
            AuthRejection::Invalid(why) => Self::InvalidSignature(why),
        }
    }
}

/// The one value of a header that must not be there twice: two readers might not read the same.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, AuthRejection> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(incomplete(format!(
            "The request has more than one '{name}' header."
        )));
    }
    let text = value.to_str();
    text.map(Some)
        .map_err(|_| incomplete(format!("The '{name}' header is not text.")))
}

fn check_time(signed_at: &str, now: Timestamp) -> Result<(), AuthRejection> {
    let time = amz_date(signed_at).ok_or_else(|| {
        incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{signed_at}'. See \
             http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })?;
    let skew = SignedDuration::from_mins(MAX_SKEW_MINUTES);
    let text = |at: Timestamp| at.strftime(AMZ_DATE).to_string();
    let (earliest, latest) = (
        now.saturating_sub(skew).unwrap_or(now),
        now.saturating_add(skew).unwrap_or(now),
    );
    if time < earliest {
        Err(invalid(format!(
            "Signature expired: {signed_at} is now earlier than {} ({} - {MAX_SKEW_MINUTES} min.)",
            text(earliest),
            text(now)
        )))
    } else if time > latest {
        Err(invalid(format!(
            "Signature not yet current: {signed_at} is still later than {} ({} + \
             {MAX_SKEW_MINUTES} min.)",
            text(latest),
            text(now)
        )))
    } else {
        Ok(())
    }
}

const AMZ_DATE: &str = "%Y%m%dT%H%M%SZ";

/// A time in ISO 8601's basic format: no other spelling of it is signed.
fn amz_date(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime(AMZ_DATE, text).ok()?;
    let time = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (time.strftime(AMZ_DATE).to_string() == text).then_some(time)
}

/// `host` says where the request was meant to go, and `x-amz-*` what is asked for.
fn check_signed_headers(
    request: &SignedRequest<'_>,
    authorization: &Authorization,
) -> Result<(), AuthRejection> {
    let signed = &authorization.signed_headers;
    // Each once, or one header would be copied as often as it is named.
    if !signed.is_sorted_by(|one, next| one < next) {
        return Err(invalid(
            "'SignedHeaders' in the AWS Authorization must be in order, each of them once.",
        ));
    }
    let is_signed = |name: &str| signed.iter().any(|signed| signed == name);
    if !is_signed("host") {
        return Err(invalid(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ));
    }
    for name in request.headers.keys().map(header::HeaderName::as_str) {
        if name.starts_with("x-amz-") && !is_signed(name) {
            return Err(invalid(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )));
        }
    }
    Ok(())
}

/// Where a client says what its body's hash is, it is the hash of what arrived: no word such as
/// UNSIGNED-PAYLOAD stands for it.
fn check_body_hash(request: &SignedRequest<'_>, body_hash: &str) -> Result<(), AuthRejection> {
    const NAME: &str = "x-amz-content-sha256";
    match single(request.headers, NAME)? {
        Some(given) if given != body_hash => Err(invalid(format!(
            "The '{NAME}' header is not the SHA-256 of the body that arrived."
        ))),
        Some(_) | None => Ok(()),
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    // HMAC takes the hash in place of a key that is longer than its block.
    let hashed;
    let key = if key.len() > block.len() {
        hashed = Sha256::digest(key);
        hashed.as_slice()
    } else {
        key
    };
    block[..key.len()].copy_from_slice(key);
    let mac = <Hmac<Sha256> as KeyInit>::new(&block).chain_update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|it| char::from(DIGITS[usize::from(it)]));
    bytes.iter().flat_map(digits).collect()
}

fn incomplete(why: impl Into<String>) -> AuthRejection {
    AuthRejection::Incomplete(why.into())
}

fn invalid(why: impl Into<String>) -> AuthRejection {
    AuthRejection::Invalid(why.into())
}
