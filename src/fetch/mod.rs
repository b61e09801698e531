//! Texts from elsewhere, fetched for a caller but not with more than the caller may reach: below an
//! account's prefixes from S3, and from public addresses alone over HTTPS.
//!
//! What is fetched is never told, in no error and no log, nor is the query of a URL.

mod address;
mod error;
mod https;
mod resolve;
mod s3;
mod slow;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::timeout;

use self::address::Guard;
pub use self::address::is_public;
pub use self::error::FetchError;
pub use self::resolve::{Resolve, SystemResolver};
pub use self::s3::{Access as S3Access, Prefix, Settings as S3Settings};
use self::slow::SlowFetches;
use crate::domain::ids::AccountId;

/// What may be fetched, and how.
#[derive(Clone)]
pub struct Settings {
    /// What each account may read of S3 with Firesteel's credentials.
    pub prefixes: BTreeMap<AccountId, Vec<Prefix>>,
    pub s3: S3Settings,
    /// Networks that are reached over HTTPS although they are not public.
    pub https_allow: Vec<IpNet>,
    /// The ports that are spoken to over HTTPS.
    pub https_ports: Vec<u16>,
    /// Certificates in PEM that are trusted beside the platform's.
    pub ca: Option<Vec<u8>>,
    /// The longest text, in bytes.
    pub max_bytes: usize,
    /// The longest time for one text.
    pub timeout: Duration,
}

/// Nothing of S3, and the public Internet over HTTPS.
impl Default for Settings {
    fn default() -> Self {
        Self {
            prefixes: BTreeMap::new(),
            s3: S3Settings::default(),
            https_allow: Vec::new(),
            https_ports: vec![443],
            ca: None,
            max_bytes: 128 * 1024,
            timeout: Duration::from_secs(5),
        }
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FetcherError {
    #[error("the CA file holds no certificate in PEM")]
    Ca,
}

/// Fetches texts. One serves the whole process.
pub struct Fetcher {
    s3: s3::Client,
    https: https::Client,
    guard: Arc<Guard>,
    slow: SlowFetches,
    limits: Limits,
}

#[derive(Clone, Copy)]
struct Limits {
    max_bytes: usize,
    timeout: Duration,
}

impl Fetcher {
    pub fn new(settings: Settings, resolver: Arc<dyn Resolve>) -> Result<Self, FetcherError> {
        let limits = Limits {
            max_bytes: settings.max_bytes,
            timeout: settings.timeout,
        };
        let guard = Arc::new(Guard::new(settings.https_allow, resolver));
        let ca = settings.ca.as_deref();
        Ok(Self {
            s3: s3::Client::new(settings.prefixes, settings.s3, ca, limits)?,
            https: https::Client::new(Arc::clone(&guard), settings.https_ports, ca, limits)?,
            guard,
            slow: SlowFetches::default(),
            limits,
        })
    }

    /// Keeps HTTPS away from an API server, whose address may be public. `host` is a name or an
    /// address.
    pub fn keep_away_from(&self, host: &str) {
        self.guard.keep_away_from(host);
    }

    /// The longest time that a fetch takes.
    pub fn timeout(&self) -> Duration {
        self.limits.timeout
    }

    /// The longest text that is taken, in bytes.
    pub fn max_bytes(&self) -> usize {
        self.limits.max_bytes
    }

    /// Reads `s3://bucket/key` (or `s3a://`) with Firesteel's own credentials, if it lies below a
    /// prefix of `account`.
    pub async fn s3(&self, account: &AccountId, uri: &str) -> Result<String, FetchError> {
        self.bounded(account, self.s3.get(account, uri)).await
    }

    /// Reads `https://...` for `account`, with no credentials at all.
    pub async fn https(&self, account: &AccountId, url: &str) -> Result<String, FetchError> {
        self.bounded(account, self.https.get(url)).await
    }

    /// Ends a fetch in time, and at once where an account's slow fetches are too many already.
    async fn bounded(
        &self,
        account: &AccountId,
        fetch: impl Future<Output = Result<Vec<u8>, FetchError>>,
    ) -> Result<String, FetchError> {
        let fetch = self.slow.watched(account, fetch);
        let bytes = timeout(self.limits.timeout, fetch)
            .await
            .map_err(|_| FetchError::Timeout(self.limits.timeout))??;
        String::from_utf8(bytes).map_err(|_| FetchError::NotText)
    }
}

/// The certificates of a CA file.
fn certificates(ca: Option<&[u8]>) -> Result<Vec<reqwest::Certificate>, FetcherError> {
    let Some(pem) = ca else {
        return Ok(Vec::new());
    };
    match reqwest::Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(FetcherError::Ca),
    }
}

#[cfg(test)]
mod tests;
