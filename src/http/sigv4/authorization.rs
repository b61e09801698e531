//! The Authorization header is read as a whole or not at all, and what it lacks is named.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::{AuthRejection, Scope, incomplete, invalid};

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// `<algorithm> Credential=<key>/<scope>, SignedHeaders=<names>, Signature=<hex>`
pub(super) struct Authorization {
    pub algorithm: String,
    credential: String,
    /// Date, region, service and terminator, where the credential has five parts.
    pub scope: Vec<String>,
    /// As written: lower case and in order, or the signature does not match.
    pub signed_headers: Vec<String>,
    pub signature: String,
}

/// Reads the header, and which of `date` (the headers that may tell it) was signed.
pub(super) fn parse<'a>(
    header: &str,
    date: Option<&'a str>,
) -> Result<(Authorization, &'a str), AuthRejection> {
    let (algorithm, rest) = header.split_once(' ').unwrap_or((header, ""));
    // What another scheme carries has no pairs, and may be a secret: nothing of it is repeated.
    let parameters = if algorithm.starts_with("AWS4-") {
        parameters(rest, header)?
    } else {
        BTreeMap::new()
    };
    let get = |name: &str| parameters.get(name).copied();
    let (credential, signature, signed_headers) =
        (get("Credential"), get("Signature"), get("SignedHeaders"));
    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (credential, signature, signed_headers, date)
    else {
        let mut missing: Vec<String> = [
            ("Credential", credential),
            ("Signature", signature),
            ("SignedHeaders", signed_headers),
        ]
        .iter()
        .filter(|(_, value)| value.is_none())
        .map(|(name, _)| format!("Authorization header requires '{name}' parameter."))
        .collect();
        if date.is_none() {
            missing.push(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                 header."
                    .to_owned(),
            );
        }
        return Err(incomplete(format!(
            "{} (Hashed with SHA-256 and encoded with Base64) Authorization={}",
            missing.join(" "),
            hash(header)
        )));
    };
    Ok((
        Authorization {
            algorithm: algorithm.to_owned(),
            credential: credential.to_owned(),
            scope: credential.split('/').skip(1).map(str::to_owned).collect(),
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature: signature.to_owned(),
        },
        date,
    ))
}

impl Authorization {
    /// Whose key it is, if the credential is for `scope` and the day of `signed_at`.
    pub(super) fn access_key_id(
        &self,
        scope: &Scope<'_>,
        signed_at: &str,
    ) -> Result<&str, AuthRejection> {
        let parts: Vec<_> = self.credential.split('/').collect();
        let [key, date, region, service, terminator] = parts[..] else {
            // A credential of more parts often is a secret in a key's place: it is not repeated.
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term.",
            ));
        };
        let mut wrong = Vec::new();
        if region != scope.region {
            wrong.push(format!(
                "Credential should be scoped to a valid region, not '{region}'."
            ));
        }
        if service != scope.service {
            wrong.push(format!(
                "Credential should be scoped to correct service: '{}'.",
                scope.service
            ));
        }
        if terminator != TERMINATOR {
            wrong.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not \
                 '{terminator}'."
            ));
        }
        let day = signed_at.split_once('T').map_or(signed_at, |(day, _)| day);
        if date != day {
            wrong.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{date}' != '{day}', from '{signed_at}'."
            ));
        }
        if wrong.is_empty() {
            Ok(key)
        } else {
            Err(invalid(wrong.join(" ")))
        }
    }
}

/// The parameters, each once: of two of a name, another reader might take the other.
fn parameters<'a>(
    text: &'a str,
    header: &str,
) -> Result<BTreeMap<&'a str, &'a str>, AuthRejection> {
    let mut parameters = BTreeMap::new();
    for part in text.split(',').map(str::trim) {
        let pair = part
            .split_once('=')
            .filter(|(_, value)| !value.is_empty() && !value.contains(' '));
        let Some((name, value)) = pair else {
            if part.is_empty() || part.ends_with('=') {
                continue;
            }
            return Err(incomplete(format!(
                "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with \
                 SHA-256 and encoded with Base64): '{}'.",
                hash(header)
            )));
        };
        if parameters.insert(name, value).is_some() {
            return Err(incomplete(format!(
                "Authorization header has more than one '{name}' parameter."
            )));
        }
    }
    Ok(parameters)
}

fn hash(header: &str) -> String {
    STANDARD.encode(Sha256::digest(header.as_bytes()))
}
