//! A next token is opaque, comes from us, and is worth something only for the list that gave it out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::Sha256;

/// The longest token that the API model lets a client send back.
pub const MAX_TOKEN_LENGTH: usize = 1024;

/// The token was not made under this key for this scope, or was changed on the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the next token is not valid")]
pub struct InvalidToken;

/// The payload cannot become a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SealError {
    /// The payload has no JSON form.
    #[error("the payload of a next token has no JSON form")]
    NoJson,
    /// The token would be longer than a client may send back.
    #[error("the payload of a next token is too long")]
    TooLong,
}

/// Makes a token that only `open` with the same key and scope accepts.
///
/// The scope names the list: operation, account and virtual cluster. The payload is
/// authenticated and not encrypted, so it must hold nothing that the caller may not see.
pub fn seal<T: Serialize>(key: &[u8; 32], scope: &str, payload: &T) -> Result<String, SealError> {
    let sealed = Sealed {
        version: VERSION,
        payload,
    };
    let json = serde_json::to_vec(&sealed).map_err(|_| SealError::NoJson)?;
    let mut token = mac(key, scope, &json).finalize().into_bytes().to_vec();
    token.extend_from_slice(&json);
    let text = URL_SAFE_NO_PAD.encode(token);
    if text.len() > MAX_TOKEN_LENGTH {
        Err(SealError::TooLong)
    } else {
        Ok(text)
    }
}

/// Gives back the payload of a token that `seal` made with this key and scope.
pub fn open<T: DeserializeOwned>(
    key: &[u8; 32],
    scope: &str,
    token: &str,
) -> Result<T, InvalidToken> {
    if token.len() > MAX_TOKEN_LENGTH {
        return Err(InvalidToken);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidToken)?;
    let (tag, json) = bytes.split_at_checked(TAG_LENGTH).ok_or(InvalidToken)?;
    // Compares in constant time.
    mac(key, scope, json)
        .verify_slice(tag)
        .map_err(|_| InvalidToken)?;
    let sealed: Sealed<T> = serde_json::from_slice(json).map_err(|_| InvalidToken)?;
    if sealed.version == VERSION {
        Ok(sealed.payload)
    } else {
        Err(InvalidToken)
    }
}

const VERSION: u8 = 1;
const TAG_LENGTH: usize = 32;

#[derive(Deserialize, Serialize)]
struct Sealed<T> {
    #[serde(rename = "v")]
    version: u8,
    #[serde(rename = "p")]
    payload: T,
}

fn mac(key: &[u8; 32], scope: &str, json: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block(key));
    // The length keeps scope and payload apart: no text can move from one into the other.
    mac.update(b"firesteel next token\0");
    mac.update(&(scope.len() as u64).to_be_bytes());
    mac.update(scope.as_bytes());
    mac.update(json);
    mac
}

/// HMAC pads a short key with zeros to one block, so this is the same key without a fallible call.
fn block(key: &[u8; 32]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..key.len()].copy_from_slice(key);
    block
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Position {
        created_at: i64,
        id: String,
    }

    fn position() -> Position {
        Position {
            created_at: 1_767_323_045_000,
            id: "000000037b4uegnu8q5".into(),
        }
    }

    #[test]
    fn opens_only_with_its_key_and_scope() {
        let token = seal(&KEY, "ListJobRuns/123456789012/vc", &position()).unwrap();
        assert!(
            token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_eq!(
            open(&KEY, "ListJobRuns/123456789012/vc", &token),
            Ok(position())
        );
        for scope in [
            "",
            "ListJobRuns/123456789012/vd",
            "ListJobRuns/123456789012/vc{",
        ] {
            assert_eq!(
                open::<Position>(&KEY, scope, &token),
                Err(InvalidToken),
                "{scope}"
            );
        }
        assert_eq!(
            open::<Position>(&[8; 32], "ListJobRuns/123456789012/vc", &token),
            Err(InvalidToken)
        );
    }

    #[test]
    fn refuses_every_changed_byte() {
        let token = seal(&KEY, "scope", &position()).unwrap();
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                open::<Position>(&KEY, "scope", &changed),
                Err(InvalidToken),
                "{at}"
            );
        }
        for cut in 0..token.len() {
            assert_eq!(
                open::<Position>(&KEY, "scope", &token[..cut]),
                Err(InvalidToken),
                "{cut}"
            );
        }
    }

    #[test]
    fn refuses_a_payload_of_another_kind_or_version() {
        let token = seal(&KEY, "scope", &42).unwrap();
        assert_eq!(open::<Position>(&KEY, "scope", &token), Err(InvalidToken));

        let json = br#"{"v":2,"p":42}"#;
        let mut bytes = mac(&KEY, "scope", json).finalize().into_bytes().to_vec();
        bytes.extend_from_slice(json);
        let newer = URL_SAFE_NO_PAD.encode(bytes);
        assert_eq!(open::<u8>(&KEY, "scope", &newer), Err(InvalidToken));
    }

    #[test]
    fn the_longest_token_is_what_a_client_may_send() {
        let fits = seal(&KEY, "scope", &"x".repeat(700)).unwrap();
        assert!(fits.len() <= MAX_TOKEN_LENGTH);
        assert_eq!(
            seal(&KEY, "scope", &"x".repeat(800)),
            Err(SealError::TooLong)
        );
    }

    #[test]
    fn the_padded_block_is_the_same_hmac() {
        let mut by_slice = <Hmac<Sha256> as KeyInit>::new_from_slice(&KEY).unwrap();
        by_slice.update(b"x");
        let mut by_block = <Hmac<Sha256> as KeyInit>::new(&block(&KEY));
        by_block.update(b"x");
        assert_eq!(
            by_slice.finalize().into_bytes(),
            by_block.finalize().into_bytes()
        );
    }

    proptest! {
        #[test]
        fn garbage_is_refused(token in ".{0,1100}") {
            prop_assert_eq!(open::<Position>(&KEY, "scope", &token), Err(InvalidToken));
        }
    }
}
