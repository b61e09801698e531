//! Access keys: how a caller proves who it is. What a caller holds is drawn here and shown once;
//! afterwards there is a sealed secret to verify signatures with, and hashes of tokens.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::ids::{AccessKeyId, AccountId, UserName};

/// What bearer tokens begin with, so that whoever finds one knows what it is.
const BEARER: &str = "firesteel_";

/// The bytes of a secret: 40 characters, the length of AWS's.
const SECRET_BYTES: usize = 30;
/// The bytes of a token's secret part.
const TOKEN_BYTES: usize = 32;

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    pub id: AccessKeyId,
    pub account: AccountId,
    /// The user that its caller is.
    pub name: UserName,
    /// The policy document in IAM's JSON; without one, its caller may do everything in the account.
    pub policy: Option<String>,
    pub proof: Proof,
    pub created_at: Timestamp,
    /// Never used again from then on.
    pub revoked_at: Option<Timestamp>,
}

/// What a caller's proof is verified with.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// Signatures with a secret, which is sealed.
    Permanent { sealed_secret: Vec<u8> },
    /// Signatures with a secret, of requests that carry the session token.
    Temporary {
        sealed_secret: Vec<u8>,
        session_token: TokenHash,
        expires_at: Timestamp,
    },
    /// The token itself.
    Bearer {
        token: TokenHash,
        expires_at: Option<Timestamp>,
    },
}

/// The SHA-256 of a token. A token holds 256 random bits, so it needs no slower hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// What the holder of a new key gets, and nobody sees again.
#[derive(Clone)]
pub enum Credentials {
    Permanent {
        secret: String,
    },
    Temporary {
        secret: String,
        session_token: String,
        expires_at: Timestamp,
    },
    Bearer {
        token: String,
        expires_at: Option<Timestamp>,
    },
}

impl AccessKey {
    /// Whether it may still prove something: it is neither revoked nor over.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.proof.expires_at().is_none_or(|end| now < end)
    }
}

impl Proof {
    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Permanent { .. } => "PERMANENT",
            Self::Temporary { .. } => "TEMPORARY",
            Self::Bearer { .. } => "BEARER",
        }
    }

    /// When it stops to prove anything.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Permanent { .. } => None,
            Self::Temporary { expires_at, .. } => Some(*expires_at),
            Self::Bearer { expires_at, .. } => *expires_at,
        }
    }

    pub fn sealed_secret(&self) -> Option<&[u8]> {
        match self {
            Self::Permanent { sealed_secret } | Self::Temporary { sealed_secret, .. } => {
                Some(sealed_secret)
            }
            Self::Bearer { .. } => None,
        }
    }
}

impl TokenHash {
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Whether this is the hash of `token`; takes as long whatever the answer is.
    pub fn matches(&self, token: &str) -> bool {
        self.0.ct_eq(&Self::of(token).0).into()
    }
}

impl Credentials {
    /// Draws a permanent key.
    pub fn permanent() -> (AccessKeyId, Self) {
        let secret = random_secret();
        (AccessKeyId::random("AKIA"), Self::Permanent { secret })
    }

    /// Draws a key for a session, which ends.
    pub fn temporary(expires_at: Timestamp) -> (AccessKeyId, Self) {
        let credentials = Self::Temporary {
            secret: random_secret(),
            session_token: STANDARD.encode(rand::random::<[u8; 48]>()),
            expires_at,
        };
        (AccessKeyId::random("ASIA"), credentials)
    }

    /// Draws a bearer token, which holds its key's id.
    pub fn bearer(expires_at: Option<Timestamp>) -> (AccessKeyId, Self) {
        let id = AccessKeyId::random("ABIA");
        let random = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>());
        let token = format!("{BEARER}{id}_{random}");
        (id, Self::Bearer { token, expires_at })
    }

    /// What is kept of them, with the secret as `seal` seals it.
    pub fn proof(&self, seal: impl FnOnce(&[u8]) -> Vec<u8>) -> Proof {
        match self {
            Self::Permanent { secret } => Proof::Permanent {
                sealed_secret: seal(secret.as_bytes()),
            },
            Self::Temporary {
                secret,
                session_token,
                expires_at,
            } => Proof::Temporary {
                sealed_secret: seal(secret.as_bytes()),
                session_token: TokenHash::of(session_token),
                expires_at: *expires_at,
            },
            Self::Bearer { token, expires_at } => Proof::Bearer {
                token: TokenHash::of(token),
                expires_at: *expires_at,
            },
        }
    }
}

/// The id of the key that a bearer token says it is.
pub fn bearer_id(token: &str) -> Option<AccessKeyId> {
    let (id, _) = token.strip_prefix(BEARER)?.split_once('_')?;
    AccessKeyId::parse(id).ok()
}

/// Shows no secret, sealed or not.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(***)", self.kind())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

fn random_secret() -> String {
    STANDARD.encode(rand::random::<[u8; SECRET_BYTES]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_awss_form() {
        let later = Timestamp::UNIX_EPOCH;
        for (beginning, (id, credentials)) in [
            ("AKIA", Credentials::permanent()),
            ("ASIA", Credentials::temporary(later)),
            ("ABIA", Credentials::bearer(None)),
        ] {
            assert!(id.as_str().starts_with(beginning));
            assert_eq!(AccessKeyId::parse(id.as_str()).unwrap(), id);
            match &credentials {
                Credentials::Permanent { secret } | Credentials::Temporary { secret, .. } => {
                    assert_eq!(secret.len(), 40);
                }
                Credentials::Bearer { token, .. } => assert_eq!(bearer_id(token), Some(id)),
            }
            let shown = format!("{credentials:?} {:?}", credentials.proof(<[u8]>::to_vec));
            assert!(shown.ends_with("(***)"), "{shown}");
        }
    }

    #[test]
    fn a_hash_matches_its_token_alone() {
        let (_, credentials) = Credentials::bearer(None);
        let Credentials::Bearer { token, .. } = credentials else {
            unreachable!("a bearer token was drawn")
        };
        let hash = TokenHash::of(&token);
        assert!(hash.matches(&token));
        for other in ["", &token[1..], &format!("{token}x")] {
            assert!(!hash.matches(other), "{other}");
        }
    }

    #[test]
    fn what_is_no_bearer_token_names_no_key() {
        for token in [
            "",
            "firesteel_",
            "firesteel_ABIA_x",
            "firesteel_ABIAAAAAAAAAAAAAAAAA",
            "firesteel_ABIAAAAAAAAAAAAAAAA0_x",
            "ABIAAAAAAAAAAAAAAAAA_x",
        ] {
            assert_eq!(bearer_id(token), None, "{token}");
        }
    }
}
