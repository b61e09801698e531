//! What the database keeps sealed: a dump of it gives nothing away without the master key, and a
//! sealed value opens only where it was put.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const VERSION: u8 = 1;
const KEY_LENGTH: usize = 32;
const ID_LENGTH: usize = 8;

/// The master keys: the first seals, all of them open, so that a key can be replaced.
#[derive(Clone)]
pub struct MasterKeys(Arc<Vec<MasterKey>>);

struct MasterKey {
    id: [u8; ID_LENGTH],
    key: RandomizedNonceKey,
}

/// The text holds no master keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a master key is 32 random bytes in base64, such as `openssl rand -base64 32` prints; the \
     first of several, each on its line, is the one in use"
)]
pub struct InvalidMasterKey;

/// A sealed value was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("it was sealed with a master key that is not among the configured ones")]
    OtherKey,
    #[error("it is damaged, or belongs elsewhere")]
    Damaged,
}

/// Nothing is ever printed of a key.
impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKeys(***)")
    }
}

impl MasterKeys {
    /// Reads keys in base64, separated by white space.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        let keys: Vec<_> = text
            .split_ascii_whitespace()
            .map(MasterKey::parse)
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(InvalidMasterKey);
        }
        Ok(Self(Arc::new(keys)))
    }

    /// A new key as text for `parse`.
    pub fn random() -> String {
        STANDARD.encode(rand::random::<[u8; KEY_LENGTH]>())
    }

    /// Seals `plain` for its place, such as a table, column and row: nothing opens it elsewhere.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let current = &self.0[0];
        let mut text = plain.to_vec();
        let nonce = current
            .key
            .seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut text)
            .expect("AES-GCM seals whatever is shorter than 64 GiB");
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&current.id);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        sealed
    }

    /// Gives back what was sealed for this place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (id, rest) = parts(sealed).ok_or(OpenError::Damaged)?;
        let key = self.0.iter().find(|key| key.id == id);
        let key = key.ok_or(OpenError::OtherKey)?;
        let (nonce, text) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(OpenError::Damaged)?;
        let mut text = text.to_vec();
        let plain = key.key.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(place.as_bytes()),
            &mut text,
        );
        Ok(plain.map_err(|_| OpenError::Damaged)?.to_vec())
    }

    /// Whether the key in use sealed this.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        parts(sealed).is_some_and(|(id, _)| id == self.0[0].id)
    }
}

impl MasterKey {
    fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidMasterKey)?;
        let bytes: [u8; KEY_LENGTH] = bytes.try_into().map_err(|_| InvalidMasterKey)?;
        let mut id = [0; ID_LENGTH];
        id.copy_from_slice(&Sha256::digest(bytes)[..ID_LENGTH]);
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| InvalidMasterKey)?;
        Ok(Self { id, key })
    }
}

fn parts(sealed: &[u8]) -> Option<([u8; ID_LENGTH], &[u8])> {
    let rest = sealed.strip_prefix(&[VERSION])?;
    let (id, rest) = rest.split_first_chunk::<ID_LENGTH>()?;
    Some((*id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> MasterKeys {
        MasterKeys::parse(&texts.join("\n")).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_with_its_key_alone() {
        let (old, new) = (MasterKeys::random(), MasterKeys::random());
        let sealed = keys(&[&old]).seal("access_key/A", b"secret");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(
            keys(&[&old]).open("access_key/A", &sealed).unwrap(),
            b"secret"
        );
        assert_eq!(
            keys(&[&old]).open("access_key/B", &sealed),
            Err(OpenError::Damaged)
        );
        assert_eq!(
            keys(&[&new]).open("access_key/A", &sealed),
            Err(OpenError::OtherKey)
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(
                keys(&[&old]).open("access_key/A", &changed).is_err(),
                "byte {at}"
            );
            assert!(keys(&[&old]).open("access_key/A", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn a_key_is_replaced_by_one_before_it() {
        let (old, new) = (MasterKeys::random(), MasterKeys::random());
        let sealed = keys(&[&old]).seal("x", b"secret");
        let both = keys(&[&new, &old]);
        assert_eq!(both.open("x", &sealed).unwrap(), b"secret");
        assert!(!both.is_current(&sealed));
        let anew = both.seal("x", b"secret");
        assert!(both.is_current(&anew));
        assert_eq!(keys(&[&new]).open("x", &anew).unwrap(), b"secret");
    }

    #[test]
    fn only_32_bytes_are_a_key() {
        for text in ["", " \n", "hello", "aGVsbG8=", "AAAA AAAA"] {
            assert_eq!(
                MasterKeys::parse(text).unwrap_err(),
                InvalidMasterKey,
                "{text:?}"
            );
        }
    }
}
