//! S3 with Firesteel's own credentials, hence only below what the administrator opens to an account.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{ClientConfigKey, HttpClient, HttpConnector};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStoreExt as _, RetryConfig};
use reqwest::Certificate;
use reqwest::redirect::Policy;

use super::{FetchError, FetcherError, Limits, certificates};
use crate::domain::ids::AccountId;

/// How S3 is reached.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Such as `http://127.0.0.1:8333`; `None` means AWS's own of the region.
    pub endpoint: Option<String>,
    pub region: String,
    /// Whether the bucket is a part of the host's name, not of the path.
    pub virtual_hosted_style: bool,
    pub access: Access,
}

/// Who Firesteel is to S3.
#[derive(Clone, Default)]
pub enum Access {
    /// Nobody: nothing is read. The instance's own identity is never asked for.
    #[default]
    None,
    Key {
        id: String,
        secret: String,
        session_token: Option<String>,
    },
    /// A role taken with the token in a file, as in a pod with IAM roles for service accounts.
    WebIdentity {
        token_file: String,
        role_arn: String,
        session_name: Option<String>,
    },
    /// The credentials that a container is offered at this path of its host's service.
    ContainerPath { path: String },
    /// The credentials that a pod is offered at this URL (EKS Pod Identity).
    ContainerUrl { url: String, token_file: String },
}

/// Only the kind is printed.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Key { .. } => "Key(***)",
            Self::WebIdentity { .. } => "WebIdentity",
            Self::ContainerPath { .. } => "ContainerPath",
            Self::ContainerUrl { .. } => "ContainerUrl",
        })
    }
}

impl Access {
    /// What AWS's usual environment variables say.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let (Some(id), Some(secret)) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
            let session_token = set("AWS_SESSION_TOKEN");
            return Self::Key {
                id,
                secret,
                session_token,
            };
        }
        if let (Some(token_file), Some(role_arn)) =
            (set("AWS_WEB_IDENTITY_TOKEN_FILE"), set("AWS_ROLE_ARN"))
        {
            let session_name = set("AWS_ROLE_SESSION_NAME");
            return Self::WebIdentity {
                token_file,
                role_arn,
                session_name,
            };
        }
        if let Some(path) = set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            return Self::ContainerPath { path };
        }
        if let (Some(url), Some(token_file)) = (
            set("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        ) {
            return Self::ContainerUrl { url, token_file };
        }
        Self::None
    }

    fn configure(&self, builder: AmazonS3Builder) -> Result<AmazonS3Builder, FetchError> {
        let some = |key: AmazonS3ConfigKey, value: &str| (key, value.to_owned());
        let keys = match self {
            Self::None => return Err(FetchError::NoCredentials),
            Self::Key {
                id,
                secret,
                session_token,
            } => {
                let mut keys = vec![
                    some(AmazonS3ConfigKey::AccessKeyId, id),
                    some(AmazonS3ConfigKey::SecretAccessKey, secret),
                ];
                keys.extend(
                    session_token
                        .iter()
                        .map(|t| some(AmazonS3ConfigKey::Token, t)),
                );
                keys
            }
            Self::WebIdentity {
                token_file,
                role_arn,
                session_name,
            } => {
                let mut keys = vec![
                    some(AmazonS3ConfigKey::WebIdentityTokenFile, token_file),
                    some(AmazonS3ConfigKey::RoleArn, role_arn),
                ];
                let name = session_name.as_deref().unwrap_or("firesteel");
                keys.push(some(AmazonS3ConfigKey::RoleSessionName, name));
                keys
            }
            Self::ContainerPath { path } => vec![some(
                AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
                path,
            )],
            Self::ContainerUrl { url, token_file } => vec![
                some(AmazonS3ConfigKey::ContainerCredentialsFullUri, url),
                some(
                    AmazonS3ConfigKey::ContainerAuthorizationTokenFile,
                    token_file,
                ),
            ],
        };
        let configured = keys.into_iter().fold(builder, |builder, (key, value)| {
            builder.with_config(key, value)
        });
        Ok(configured)
    }
}

/// A place in S3 and all that is below it, by whole segments of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    bucket: String,
    /// Empty opens the whole bucket.
    segments: Vec<String>,
}

/// A text is not `s3://bucket` or `s3://bucket/folder`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PrefixError(&'static str);

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (bucket, key) = split(text).map_err(PrefixError)?;
        let key = key.strip_suffix('/').unwrap_or(key);
        let segments = if key.is_empty() {
            Vec::new()
        } else {
            segments(key).map_err(PrefixError)?
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            segments: segments.into_iter().map(str::to_owned).collect(),
        })
    }
}

impl Prefix {
    fn holds(&self, bucket: &str, segments: &[&str]) -> bool {
        self.bucket == bucket
            && segments.len() >= self.segments.len()
            && self.segments.iter().zip(segments).all(|(a, b)| a == b)
    }
}

/// Bucket and key, which may be empty, of `s3://` or `s3a://`.
fn split(uri: &str) -> Result<(&str, &str), &'static str> {
    let place = uri
        .strip_prefix("s3://")
        .or_else(|| uri.strip_prefix("s3a://"))
        .ok_or("it does not begin with s3:// or s3a://")?;
    let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let well_formed = (3..=63).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|byte| is_name(byte) || matches!(byte, b'-' | b'.'))
        && bucket.bytes().next().is_some_and(is_name)
        && bucket.bytes().last().is_some_and(is_name)
        && !bucket.contains("..");
    if well_formed {
        Ok((bucket, key))
    } else {
        Err("it names no bucket")
    }
}

/// The segments of a key, none of which anybody on the way could take for something else.
fn segments(key: &str) -> Result<Vec<&str>, &'static str> {
    let segments: Vec<_> = key.split('/').collect();
    if segments.iter().any(|segment| segment.is_empty()) {
        return Err("its key has an empty segment");
    }
    if segments
        .iter()
        .any(|segment| matches!(*segment, "." | ".."))
    {
        return Err("its key has a segment . or ..");
    }
    let ambiguous = |c: char| c.is_control() || matches!(c, '%' | '\\' | '?' | '#');
    if key.contains(ambiguous) {
        return Err("its key holds one of % \\ ? # or a control character");
    }
    Ok(segments)
}

pub(super) struct Client {
    prefixes: BTreeMap<AccountId, Vec<Prefix>>,
    settings: Settings,
    options: ClientOptions,
    direct: Direct,
    limits: Limits,
    /// One for each bucket: it keeps the credentials that it was given for a while.
    stores: Mutex<HashMap<String, Arc<AmazonS3>>>,
}

impl Client {
    pub fn new(
        prefixes: BTreeMap<AccountId, Vec<Prefix>>,
        settings: Settings,
        ca: Option<&[u8]>,
        limits: Limits,
    ) -> Result<Self, FetcherError> {
        let allows_http = settings
            .endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"));
        Ok(Self {
            prefixes,
            settings,
            options: ClientOptions::new().with_allow_http(allows_http),
            direct: Direct {
                certificates: certificates(ca)?,
                timeout: limits.timeout,
            },
            limits,
            stores: Mutex::default(),
        })
    }

    pub async fn get(&self, account: &AccountId, uri: &str) -> Result<Vec<u8>, FetchError> {
        let (bucket, key) = split(uri).map_err(FetchError::Uri)?;
        let segments = segments(key).map_err(FetchError::Uri)?;
        let prefixes = self.prefixes.get(account).map_or(&[][..], Vec::as_slice);
        if prefixes.is_empty() {
            return Err(FetchError::NoPrefixes(account.clone()));
        }
        if !prefixes
            .iter()
            .any(|prefix| prefix.holds(bucket, &segments))
        {
            return Err(FetchError::OutsidePrefixes(account.clone()));
        }
        let path = Path::parse(key).map_err(|_| FetchError::Uri("its key is not one of S3"))?;
        let store = self.store(bucket)?;
        let object = store.get(&path).await.map_err(|error| refusal(&error))?;
        let most = self.limits.max_bytes;
        if object.meta.size > most as u64 {
            return Err(FetchError::TooLarge(most));
        }
        let mut text = Vec::new();
        let mut chunks = object.into_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| refusal(&error))?;
            if text.len() + chunk.len() > most {
                return Err(FetchError::TooLarge(most));
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }

    fn store(&self, bucket: &str) -> Result<Arc<AmazonS3>, FetchError> {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(bucket) {
            return Ok(Arc::clone(store));
        }
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&self.settings.region)
            .with_virtual_hosted_style_request(self.settings.virtual_hosted_style)
            .with_client_options(self.options.clone())
            .with_http_connector(self.direct.clone())
            .with_retry(RetryConfig {
                max_retries: 1,
                retry_timeout: self.limits.timeout,
                ..RetryConfig::default()
            });
        if let Some(endpoint) = &self.settings.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = self.settings.access.configure(builder)?.build();
        let store = Arc::new(store.map_err(|error| refusal(&error))?);
        stores.insert(bucket.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}

/// Speaks to S3, and to those who give credentials for it, themselves: through no proxy of the
/// environment's, and nowhere else that a server names.
#[derive(Clone, Debug)]
struct Direct {
    certificates: Vec<Certificate>,
    timeout: Duration,
}

impl HttpConnector for Direct {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // Credentials of a container are offered without TLS.
        let allows_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = reqwest::Client::builder()
            .user_agent(concat!("firesteel/", env!("CARGO_PKG_VERSION")))
            .https_only(allows_http.as_deref() != Some("true"))
            .no_proxy()
            .redirect(Policy::none())
            .timeout(self.timeout)
            .tls_certs_merge(self.certificates.clone())
            .build()
            .map_err(|error| object_store::Error::Generic {
                store: "S3",
                source: Box::new(error),
            })?;
        Ok(HttpClient::new(client))
    }
}

fn refusal(error: &object_store::Error) -> FetchError {
    use object_store::Error::{NotFound, PermissionDenied, Unauthenticated};
    if matches!(error, NotFound { .. }) {
        return FetchError::Missing;
    }
    if matches!(error, PermissionDenied { .. } | Unauthenticated { .. }) {
        return FetchError::Denied;
    }
    // Its words are the service's, and the administrator's matter, not the caller's.
    tracing::warn!(%error, "S3 did not give a template");
    FetchError::Unreachable("S3 fails, or is not configured as it should be")
}

#[cfg(test)]
mod tests;
