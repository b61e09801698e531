//! The canonical form of a request: two requests that mean the same have the same one, and two
//! that do not, do not.

use axum::http::Uri;
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode, utf8_percent_encode,
};

use super::{AuthRejection, SignedRequest, incomplete, invalid};

/// What stands for itself; everything else is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The canonical requests that a signature may have been made for: signers sort the query by its
/// encoded form or, the SDKs for Go and Rust among them, by what it means. Either way it is the
/// same set of pairs.
pub(super) fn requests(
    request: &SignedRequest<'_>,
    signed_headers: &[String],
    body_hash: &str,
) -> Result<Vec<Vec<u8>>, AuthRejection> {
    let headers = headers(request, signed_headers)?;
    let mut requests: Vec<_> = queries(request.uri.query().unwrap_or_default())
        .into_iter()
        .map(|query| {
            let mut canonical = format!(
                "{}\n{}\n{query}\n",
                request.method,
                path(request.uri.path())
            )
            .into_bytes();
            canonical.extend_from_slice(&headers);
            canonical.push(b'\n');
            canonical.extend_from_slice(signed_headers.join(";").as_bytes());
            canonical.push(b'\n');
            canonical.extend_from_slice(body_hash.as_bytes());
            canonical
        })
        .collect();
    requests.dedup();
    Ok(requests)
}

/// Whether the query holds parts of a signature.
pub(super) fn has_signature(uri: &Uri) -> bool {
    let is_of_signature =
        |(name, _): &(Vec<u8>, Vec<u8>)| name.to_ascii_lowercase().starts_with(b"x-amz-");
    pairs(uri.query().unwrap_or_default())
        .iter()
        .any(is_of_signature)
}

/// The path without what leads nowhere (`.`, `..`, empty parts), encoded once more than it arrived.
fn path(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_directory = matches!(last, "" | "." | "..") && !parts.is_empty();
    let slash = if is_directory { "/" } else { "" };
    let path = format!("/{}{slash}", parts.join("/"));
    utf8_percent_encode(&path, RESERVED_IN_PATH).to_string()
}

fn queries(query: &str) -> [String; 2] {
    let encoded = |pairs: &[(Vec<u8>, Vec<u8>)]| {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| {
                let name = percent_encode(name, RESERVED).to_string();
                (name, percent_encode(value, RESERVED).to_string())
            })
            .collect::<Vec<_>>()
    };
    let joined = |pairs: Vec<(String, String)>| {
        let pairs: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    };
    let mut pairs = pairs(query);
    let mut by_encoded_form = encoded(&pairs);
    by_encoded_form.sort();
    pairs.sort();
    [joined(by_encoded_form), joined(encoded(&pairs))]
}

/// The query's pairs as bytes: what is no UTF-8 stays what it is, so that no two queries are one.
fn pairs(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let decode = |text: &str| {
        let text: Vec<u8> = text
            .bytes()
            .map(|byte| if byte == b'+' { b' ' } else { byte })
            .collect();
        percent_decode(&text).collect()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// `name:value` lines of the signed headers. A header that is signed and did not arrive was taken
/// away on the way.
fn headers(
    request: &SignedRequest<'_>,
    signed_headers: &[String],
) -> Result<Vec<u8>, AuthRejection> {
    let mut lines = Vec::new();
    for name in signed_headers {
        lines.extend_from_slice(name.as_bytes());
        lines.push(b':');
        if name == "host" {
            lines.extend_from_slice(host(request)?);
        } else {
            let mut values = request.headers.get_all(name.as_str()).iter().peekable();
            if values.peek().is_none() {
                return Err(invalid(format!(
                    "'{name}' is a 'SignedHeader' in the AWS Authorization and is not in the \
                     request."
                )));
            }
            let values: Vec<_> = values.map(|value| folded(value.as_bytes())).collect();
            lines.extend_from_slice(&values.join(&b','));
        }
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The host that the client meant: a request line that names one (an absolute URI) and the Host
/// header must agree.
fn host<'a>(request: &SignedRequest<'a>) -> Result<&'a [u8], AuthRejection> {
    let in_header = super::single(request.headers, "host")?;
    let in_line = request.uri.authority().map(|authority| authority.as_str());
    match (in_header, in_line) {
        (Some(host), None) | (None, Some(host)) => Ok(host.as_bytes()),
        (Some(host), Some(also)) if host == also => Ok(host.as_bytes()),
        (Some(_), Some(_)) => Err(incomplete("The request names two hosts.")),
        (None, None) => Err(incomplete("The request names no host.")),
    }
}

/// Without spaces at its ends, and with one space where there are several.
fn folded(value: &[u8]) -> Vec<u8> {
    let words: Vec<_> = value
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .collect();
    words.join(&b' ')
}
