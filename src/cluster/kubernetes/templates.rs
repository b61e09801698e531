//! The texts of the templates that a plan names: each with what its run's account may reach, and
//! ConfigMaps of the virtual cluster's namespace alone.

use std::fmt;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Resource as _;
use kube::api::GetParams;
use kube::core::Request as Paths;
use reqwest::Url;

use super::client::{Client, Failure};
use super::refusal;
use crate::cluster::{ClusterError, DriverRef};
use crate::domain::ids::AccountId;
use crate::domain::job_run::decide::Refusal;
use crate::fetch::{FetchError, Fetcher};
use crate::spark::driver_pod::Texts;
use crate::spark::pod_template;
use crate::spark::{TemplateSource, Templates};

/// Where templates are looked for.
pub(super) struct Sources<'a> {
    pub fetcher: &'a Fetcher,
    pub client: &'a Client,
    pub account: &'a AccountId,
    pub driver: &'a DriverRef,
}

/// What of the `texts` of `templates` no pod will have.
pub(super) fn notes(templates: &Templates, texts: &Texts) -> Vec<String> {
    let given =
        |source: &Option<TemplateSource>, text: &Option<String>| source.clone().zip(text.clone());
    let driver = given(&templates.driver, &texts.driver_template);
    let executor = given(&templates.executor, &texts.executor_template);
    let both = if driver == executor {
        vec![(Whose::Both, driver)]
    } else {
        vec![(Whose::Driver, driver), (Whose::Executor, executor)]
    };
    both.into_iter()
        .filter_map(|(whose, given)| {
            let (source, text) = given?;
            note(whose, &source, &text)
        })
        .collect()
}

fn note(whose: Whose, source: &TemplateSource, text: &str) -> Option<String> {
    let pod = pod_template::parse(text).ok()?;
    let unknown = pod_template::unknown_fields(text, &pod);
    if unknown.is_empty() {
        return None;
    }
    let ignored = match source {
        TemplateSource::Inline(_) | TemplateSource::ConfigMap { .. } => {
            format!("{} (no field of a Pod)", unknown.join(", "))
        }
        // Whoever names a text elsewhere need not be one who may read it.
        TemplateSource::S3 { .. } | TemplateSource::Https(_) => {
            format!("{} that no Pod has", counted(unknown.len()))
        }
    };
    let place = Place(source);
    Some(format!("{whose} pod template {place}: ignored {ignored}."))
}

fn counted(fields: usize) -> String {
    match fields {
        1 => "a field".to_owned(),
        _ => format!("{fields} fields"),
    }
}

impl Sources<'_> {
    /// The texts of `templates`; one that both pods start from is read once.
    pub async fn texts(&self, templates: &Templates) -> Result<Texts, Refusal> {
        let (driver, executor) = if templates.driver == templates.executor {
            let text = self.text(Whose::Both, templates.driver.as_ref()).await?;
            (text.clone(), text)
        } else {
            tokio::try_join!(
                self.text(Whose::Driver, templates.driver.as_ref()),
                self.text(Whose::Executor, templates.executor.as_ref()),
            )?
        };
        Ok(Texts {
            driver_template: driver,
            executor_template: executor,
            ..Texts::default()
        })
    }

    async fn text(
        &self,
        whose: Whose,
        source: Option<&TemplateSource>,
    ) -> Result<Option<String>, Refusal> {
        let Some(source) = source else {
            return Ok(None);
        };
        let told = |error: FetchError| {
            let why = format!("{whose} pod template {}: {error}.", Place(source));
            if error.may_pass() {
                Refusal::Unprepared(why)
            } else {
                Refusal::Plan(why)
            }
        };
        let text = match source {
            TemplateSource::Inline(text) => text.clone(),
            TemplateSource::S3 { uri, .. } => {
                self.fetcher.s3(self.account, uri).await.map_err(told)?
            }
            TemplateSource::Https(url) => {
                self.fetcher.https(self.account, url).await.map_err(told)?
            }
            TemplateSource::ConfigMap { name, key } => {
                let refused = |why: &str| {
                    Refusal::Plan(format!("{whose} pod template {}: {why}.", Place(source)))
                };
                let text = self.of_config_map(name, key, refused).await?;
                if text.len() > self.fetcher.max_bytes() {
                    return Err(told(FetchError::TooLarge(self.fetcher.max_bytes())));
                }
                text
            }
        };
        Ok(Some(text))
    }

    async fn of_config_map(
        &self,
        name: &str,
        key: &str,
        refused: impl Fn(&str) -> Refusal,
    ) -> Result<String, Refusal> {
        // It becomes a part of a path.
        if !is_object_name(name) {
            return Err(refused("its name is not that of a ConfigMap"));
        }
        let namespace = &self.driver.namespace;
        let request =
            Paths::new(ConfigMap::url_path(&(), Some(namespace))).get(name, &GetParams::default());
        let map = self
            .client
            .call::<ConfigMap>(request, self.client.deadline());
        let mut map = match map.await {
            Ok(map) => map,
            Err(Failure::Rejected(no)) if no.says_absent("configmaps", name) => {
                return Err(refused(&format!(
                    "namespace {namespace} has no such ConfigMap"
                )));
            }
            Err(failure) => return Err(self.of_failure(failure)),
        };
        let text = map.data.as_mut().and_then(|data| data.remove(key));
        let is_binary = map.binary_data.is_some_and(|data| data.contains_key(key));
        match text {
            Some(text) => Ok(text),
            None if is_binary => Err(refused("the ConfigMap's key holds no text (binaryData)")),
            None => Err(refused("the ConfigMap has no such key")),
        }
    }

    /// What an API server's failure means is no matter of the template.
    fn of_failure(&self, failure: Failure) -> Refusal {
        let unreachable = |error| Refusal::Unreachable {
            since: self.client.silent_since(Timestamp::now()),
            error,
        };
        match refusal::of_request(failure) {
            ClusterError::Unreachable(error) => unreachable(error),
            ClusterError::Throttled { .. } => {
                Refusal::Unprepared("The cluster asks for patience.".to_owned())
            }
            ClusterError::Forbidden(why) => Refusal::Forbidden(why),
            ClusterError::Refused(why) => Refusal::Invalid(why),
        }
    }
}

#[derive(Clone, Copy)]
enum Whose {
    Driver,
    Executor,
    Both,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Driver => "Driver",
            Self::Executor => "Executor",
            Self::Both => "Driver and executor",
        })
    }
}

/// A source as it is told. The query of a URL may be a secret, and so may what stands before its
/// host.
struct Place<'a>(&'a TemplateSource);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            TemplateSource::Inline(_) => f.write_str("in its property"),
            // Hadoop once took keys before the bucket, and keys may hold what has to be escaped.
            TemplateSource::S3 { uri, .. } if uri.contains(['@', '?', '#']) => f.write_str("in S3"),
            TemplateSource::S3 { uri, .. } => f.write_str(uri),
            TemplateSource::Https(url) => match Url::parse(url) {
                Ok(url) => {
                    let host = url.host_str().unwrap_or_default();
                    write!(f, "https://{host}{}", url.path())
                }
                Err(_) => f.write_str("at an https:// URL"),
            },
            TemplateSource::ConfigMap { name, key } => write!(f, "configmap:{name}/{key}"),
        }
    }
}

fn is_object_name(name: &str) -> bool {
    let segment = |part: &str| {
        let bytes = part.as_bytes();
        let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        bytes.first().is_some_and(alphanumeric)
            && bytes.last().is_some_and(alphanumeric)
            && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(segment)
}
