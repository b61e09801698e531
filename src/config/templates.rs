//! Where pod templates may come from.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::values::{self, Secret};
use super::{Config, InvalidConfig};
use crate::domain::ids::AccountId;
use crate::fetch::{Prefix, S3Access, S3Settings, Settings};

/// `[templates]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplatesConfig {
    max_bytes: NonZeroUsize,
    #[serde(deserialize_with = "values::duration")]
    timeout: Duration,
    /// Networks, or single addresses.
    #[serde(default)]
    https_allow: Vec<String>,
    https_ports: Vec<u16>,
    ca_file: Option<PathBuf>,
    /// What of S3 each account may read: `s3://bucket/folder`, by account.
    #[serde(default)]
    template_prefixes: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    s3: S3Config,
}

/// `[templates.s3]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct S3Config {
    endpoint: Option<String>,
    region: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    session_token: Option<Secret>,
    #[serde(default)]
    virtual_hosted_style: bool,
}

impl Config {
    /// What may be fetched, with what AWS's usual variables say where the configuration does not.
    pub fn fetching(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Settings, InvalidConfig> {
        let templates = &self.templates;
        let s3 = &templates.s3;
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let ca = templates.ca_file.as_deref().map(|file| {
            let problem =
                |error| InvalidConfig(format!("templates.ca_file: {}: {error}", file.display()));
            fs::read(file).map_err(problem)
        });
        let endpoint = s3.endpoint.clone();
        let region = s3.region.clone();
        Ok(Settings {
            prefixes: templates.prefixes()?,
            s3: S3Settings {
                endpoint: endpoint
                    .or_else(|| set("AWS_ENDPOINT_URL_S3"))
                    .or_else(|| set("AWS_ENDPOINT_URL")),
                region: region
                    .or_else(|| set("AWS_REGION"))
                    .or_else(|| set("AWS_DEFAULT_REGION"))
                    .unwrap_or_else(|| self.region.clone()),
                virtual_hosted_style: s3.virtual_hosted_style,
                access: s3
                    .access()?
                    .unwrap_or_else(|| S3Access::of_environment(set)),
            },
            https_allow: templates.networks()?,
            https_ports: templates.https_ports.clone(),
            ca: ca.transpose()?,
            max_bytes: templates.max_bytes.get(),
            timeout: templates.timeout,
        })
    }
}

impl TemplatesConfig {
    /// What of it is wrong whatever files and environment hold.
    pub(super) fn check(&self) -> Result<(), InvalidConfig> {
        self.prefixes()?;
        self.networks()?;
        self.s3.access()?;
        match &self.s3.endpoint {
            Some(endpoint) if !is_http(endpoint) => Err(InvalidConfig(format!(
                "templates.s3.endpoint: \"{endpoint}\" is not a URL of http or https"
            ))),
            Some(_) | None => Ok(()),
        }
    }

    fn prefixes(&self) -> Result<BTreeMap<AccountId, Vec<Prefix>>, InvalidConfig> {
        let mut prefixes = BTreeMap::new();
        for (account, texts) in &self.template_prefixes {
            let key = format!("templates.template_prefixes.{account}");
            let account = AccountId::parse(account.as_str())
                .map_err(|_| InvalidConfig(format!("{key}: not an account: 12 digits")))?;
            let of_account: Result<Vec<Prefix>, _> = texts
                .iter()
                .map(|text| {
                    text.parse().map_err(|error| {
                        InvalidConfig(format!(
                            "{key}: \"{text}\" is not s3://bucket or s3://bucket/folder: {error}"
                        ))
                    })
                })
                .collect();
            prefixes.insert(account, of_account?);
        }
        Ok(prefixes)
    }

    fn networks(&self) -> Result<Vec<IpNet>, InvalidConfig> {
        self.https_allow
            .iter()
            .map(|text| {
                text.parse()
                    .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                    .map_err(|_| {
                        InvalidConfig(format!(
                            "templates.https_allow: \"{text}\" is not a network such as 10.1.0.0/16"
                        ))
                    })
            })
            .collect()
    }
}

impl S3Config {
    fn access(&self) -> Result<Option<S3Access>, InvalidConfig> {
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => Ok(Some(S3Access::Key {
                id: id.clone(),
                secret: secret.expose().to_owned(),
                session_token: self
                    .session_token
                    .as_ref()
                    .map(|token| token.expose().to_owned()),
            })),
            (None, None) if self.session_token.is_none() => Ok(None),
            (_, _) => Err(InvalidConfig(
                "templates.s3: access_key_id and secret_access_key go together".to_owned(),
            )),
        }
    }
}

fn is_http(endpoint: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .filter_map(|scheme| endpoint.strip_prefix(scheme))
        .any(|host| !host.is_empty() && !host.contains('@'))
}
