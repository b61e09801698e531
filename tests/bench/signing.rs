//! Signatures of AWS Signature Version 4, each made anew; the key of a day is derived once for it.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::Url;
use sha2::{Digest as _, Sha256};

const REGION: &str = "us-east-1";
const SERVICE: &str = "emr-containers";
const HEADERS: &str = "host;x-amz-date";

pub struct Signer {
    id: String,
    secret: String,
    /// The last day, and its key.
    key: Mutex<(String, [u8; 32])>,
}

/// The headers that make a request its signer's.
pub struct Signature {
    pub authorization: String,
    pub date: String,
}

impl Signer {
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            key: Mutex::default(),
        }
    }

    /// For a request to `host`, whose path needs no encoding.
    pub fn sign(
        &self,
        method: &str,
        host: &str,
        url: &Url,
        body: &[u8],
    ) -> anyhow::Result<Signature> {
        let now = Timestamp::try_from(SystemTime::now())?;
        let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let (day, _) = date.split_at(8);
        let scope = format!("{day}/{REGION}/{SERVICE}/aws4_request");
        // What the URL has is encoded and in the order of its names, as signers want it.
        let canonical = format!(
            "{method}\n{}\n{}\nhost:{host}\nx-amz-date:{date}\n\n{HEADERS}\n{}",
            url.path(),
            url.query().unwrap_or_default(),
            hex(&Sha256::digest(body)),
        );
        let hash = hex(&Sha256::digest(canonical));
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
        let signature = hex(&hmac(&self.key(day), &text));
        let id = &self.id;
        Ok(Signature {
            authorization: format!(
                "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={HEADERS}, \
                 Signature={signature}"
            ),
            date,
        })
    }

    fn key(&self, day: &str) -> [u8; 32] {
        let mut known = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != day {
            let secret = format!("AWS4{}", self.secret);
            let first = hmac(secret.as_bytes(), day);
            let key = [REGION, SERVICE, "aws4_request"]
                .iter()
                .fold(first, |key, part| hmac(&key, part));
            *known = (day.to_owned(), key);
        }
        known.1
    }
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is one");
    mac.chain_update(text).finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|it| char::from(DIGITS[usize::from(it)]));
    bytes.iter().flat_map(digits).collect()
}
