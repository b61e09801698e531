//! Where a run's templates come from: its properties say it.

use std::collections::BTreeMap;
use std::fmt;

use super::Role;

/// The templates of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates {
    pub driver: Option<TemplateSource>,
    pub executor: Option<TemplateSource>,
    /// Whether the cluster's configuration names it rather than the run: no policy applies.
    pub driver_is_trusted: bool,
    pub executor_is_trusted: bool,
}

/// Where the text of a template is.
#[derive(Clone, PartialEq, Eq)]
pub enum TemplateSource {
    /// The text itself.
    Inline(String),
    S3 {
        /// As it was given: `s3://bucket/key` or `s3a://bucket/key`.
        uri: String,
        bucket: String,
        key: String,
    },
    /// A URL, which may hold a secret in its query.
    Https(String),
    /// Of the virtual cluster's namespace.
    ConfigMap { name: String, key: String },
}

/// Why properties name no template. No value is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error(
        "Property {0} must be an s3:// or s3a:// URI, an https:// URL, or \
         configmap:NAME/KEY for a ConfigMap of the virtual cluster's namespace."
    )]
    Unknown(String),
    #[error("Properties {0} and {1} are both set; a pod has one template.")]
    Both(String, String),
}

/// Texts may hold secrets, and so may what stands before a host or bucket, and a query.
impl fmt::Debug for TemplateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("Inline"),
            Self::S3 { .. } => f.write_str("S3"),
            Self::Https(_) => f.write_str("Https"),
            Self::ConfigMap { name, key } => {
                f.debug_tuple("ConfigMap").field(name).field(key).finish()
            }
        }
    }
}

/// The property whose value is a template's text.
pub fn inline_property(role: Role) -> String {
    format!("spark.firesteel.{}.podTemplate", role.word())
}

/// The property that says where a template is; Spark's own.
pub fn file_property(role: Role) -> String {
    format!("spark.kubernetes.{}.podTemplateFile", role.word())
}

/// The template that `properties` name for pods of this role.
pub fn source(
    properties: &BTreeMap<String, String>,
    role: Role,
) -> Result<Option<TemplateSource>, SourceError> {
    let (inline, file) = (inline_property(role), file_property(role));
    match (properties.get(&inline), properties.get(&file)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(SourceError::Both(file, inline)),
        (Some(text), None) => Ok(Some(TemplateSource::Inline(text.clone()))),
        (None, Some(place)) => match parse(place.trim()) {
            Some(source) => Ok(Some(source)),
            None => Err(SourceError::Unknown(file)),
        },
    }
}

/// The templates of a run, those of `configured` where `given` names none. Takes what only
/// Firesteel understands out of both.
pub fn take(
    configured: &mut BTreeMap<String, String>,
    given: &mut BTreeMap<String, String>,
) -> Result<Templates, SourceError> {
    let mut take = |role| -> Result<_, SourceError> {
        let own = source(given, role)?;
        let of_configuration = source(configured, role)?;
        given.remove(&inline_property(role));
        configured.remove(&inline_property(role));
        Ok(match own {
            Some(own) => {
                configured.remove(&file_property(role));
                (Some(own), false)
            }
            None => (of_configuration, true),
        })
    };
    let (driver, driver_is_trusted) = take(Role::Driver)?;
    let (executor, executor_is_trusted) = take(Role::Executor)?;
    Ok(Templates {
        driver_is_trusted: driver_is_trusted && driver.is_some(),
        executor_is_trusted: executor_is_trusted && executor.is_some(),
        driver,
        executor,
    })
}

fn parse(place: &str) -> Option<TemplateSource> {
    if let Some(rest) = place
        .strip_prefix("s3://")
        .or_else(|| place.strip_prefix("s3a://"))
    {
        let (bucket, key) = rest.split_once('/')?;
        return (!bucket.is_empty() && !key.is_empty()).then(|| TemplateSource::S3 {
            uri: place.to_owned(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        });
    }
    if let Some(rest) = place.strip_prefix("https://") {
        let host = rest.split(['/', '?', '#']).next()?;
        return (!host.is_empty()).then(|| TemplateSource::Https(place.to_owned()));
    }
    let (name, key) = place.strip_prefix("configmap:")?.split_once('/')?;
    (is_object_name(name) && is_data_key(key)).then(|| TemplateSource::ConfigMap {
        name: name.to_owned(),
        key: key.to_owned(),
    })
}

fn is_object_name(name: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    bytes.len() <= 253
        && bytes.first().copied().is_some_and(alphanumeric)
        && bytes.last().copied().is_some_and(alphanumeric)
        && bytes
            .iter()
            .all(|byte| alphanumeric(*byte) || matches!(byte, b'-' | b'.'))
}

fn is_data_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 253
        && !matches!(key, "." | "..")
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
