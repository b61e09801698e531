//! Release labels: each names one Spark version, by the table that the service documents and by
//! what an installation adds to it. A label that neither knows is refused, not guessed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

/// A label that no run can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    #[error("Release {0} doesn't exist.")]
    Unknown(String),
    /// A release of the service, but of a Spark whose driver is built otherwise.
    #[error(
        "Release {label} is not supported: it has Spark {spark}, and the oldest Spark that \
         Firesteel runs is 3.3 (emr-6.8.0)."
    )]
    TooOld { label: String, spark: String },
}

/// What an installation says of a label, or of all labels of a release.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// A whole label (`emr-7.12.0-java11-latest`, `spark-4.3.0`), or one of the service's form
    /// without its build (`emr-7.12.0-java11`) or without variant and build (`emr-7.12.0`).
    pub label: String,
    /// Such as `3.5.9`. `None` leaves what is known.
    pub spark: Option<String>,
    /// `{spark_version}` stands for the Spark version.
    pub image: Option<String>,
    pub properties: BTreeMap<String, String>,
}

/// Values of properties may be secrets: only names are printed.
impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Release")
            .field("label", &self.label)
            .field("spark", &self.spark)
            .field("image", &self.image)
            .field("properties", &self.properties.keys())
            .finish()
    }
}

/// Why an installation's releases make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRelease {
    #[error("{0:?} is not a label: letters, digits and . - _ /, at most 64")]
    Label(String),
    #[error("{0} stands there twice")]
    Twice(String),
    #[error("{0} needs a Spark version: no release has this name")]
    NoSpark(String),
    #[error("{label} has Spark {spark}; it takes a version from 3.3.0 on")]
    Spark { label: String, spark: String },
}

/// What a label means.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// Such as `3.5.6`.
    pub spark_version: String,
    /// What its runs start with; the image is among them where the release has one.
    pub properties: BTreeMap<String, String>,
}

/// The service's releases, and what an installation puts over them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Releases(Vec<BTreeMap<String, Release>>);

impl Releases {
    /// Each layer goes over those before it.
    pub fn new(layers: impl IntoIterator<Item = Vec<Release>>) -> Result<Self, InvalidRelease> {
        let mut releases = Self::default();
        for layer in layers {
            let mut by_label = BTreeMap::new();
            for release in layer {
                releases.check(&release)?;
                let label = release.label.clone();
                if by_label.insert(label.clone(), release).is_some() {
                    return Err(InvalidRelease::Twice(label));
                }
            }
            releases.0.push(by_label);
        }
        Ok(releases)
    }

    /// What `label` means, if Firesteel runs it.
    pub fn find(&self, label: &str) -> Result<Found, ReleaseError> {
        let spark_version = self
            .spark_of(label)
            .ok_or_else(|| ReleaseError::Unknown(label.to_owned()))?;
        if !is_served(spark_version) {
            return Err(ReleaseError::TooOld {
                label: label.to_owned(),
                spark: spark_version.to_owned(),
            });
        }
        let mut properties = BTreeMap::new();
        for release in self.of(label) {
            if let Some(image) = &release.image {
                let image = image.replace("{spark_version}", spark_version);
                properties.insert(IMAGE.to_owned(), image);
            }
            properties.extend(release.properties.clone());
        }
        Ok(Found {
            spark_version: spark_version.to_owned(),
            properties,
        })
    }

    fn spark_of<'a>(&'a self, label: &str) -> Option<&'a str> {
        let of_label = self.of(label);
        let mut configured = of_label.iter().rev();
        configured
            .find_map(|release| release.spark.as_deref())
            .or_else(|| built_in(label))
    }

    /// What is said of a label, from the general to the particular.
    fn of(&self, label: &str) -> Vec<&Release> {
        let mut names = Vec::new();
        if let Some(parts) = Parts::of(label) {
            names.extend([parts.release, parts.variant]);
        }
        names.push(label);
        names.dedup();
        self.0
            .iter()
            .flat_map(|layer| names.iter().filter_map(|name| layer.get(*name)))
            .collect()
    }

    fn check(&self, release: &Release) -> Result<(), InvalidRelease> {
        let label = &release.label;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_/".contains(&b);
        if label.is_empty() || label.len() > 64 || !label.bytes().all(allowed) {
            return Err(InvalidRelease::Label(label.clone()));
        }
        match &release.spark {
            Some(spark) if !(is_version(spark) && is_served(spark)) => Err(InvalidRelease::Spark {
                label: label.clone(),
                spark: spark.clone(),
            }),
            // Any build stands for those that the label leaves open.
            None if self.spark_of(label).is_none()
                && self.spark_of(&format!("{label}-latest")).is_none() =>
            {
                Err(InvalidRelease::NoSpark(label.clone()))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The Spark version of one of the service's labels, if Firesteel runs it.
pub fn spark_version(label: &str) -> Option<&'static str> {
    built_in(label).filter(|spark| is_served(spark))
}

/// `3.5` of `3.5.6`.
pub fn spark_line(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(line, _)| line)
}

const IMAGE: &str = "spark.kubernetes.container.image";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuiltIn {
    variants: Vec<String>,
    spark: BTreeMap<String, String>,
}

static BUILT_IN: LazyLock<BuiltIn> = LazyLock::new(|| {
    toml::from_str(include_str!("releases.toml")).expect("releases.toml has its form")
});

fn built_in(label: &str) -> Option<&'static str> {
    let release = Parts::of(label)?.release;
    BUILT_IN.spark.get(release).map(String::as_str)
}

/// A label of the service's form.
struct Parts<'a> {
    /// `emr-7.12.0`.
    release: &'a str,
    /// `emr-7.12.0-java11`; the release itself where there is no variant.
    variant: &'a str,
}

impl<'a> Parts<'a> {
    /// `None` where a label does not end with a build, or has words that mean nothing here.
    fn of(label: &'a str) -> Option<Self> {
        let (variant, build) = label.rsplit_once('-')?;
        let mut end = 0;
        let version = variant.split('-').find_map(|word| {
            end += word.len() + 1;
            is_version(word).then_some(end - 1)
        })?;
        let (release, words) = variant.split_at(version);
        let mut words = words.split('-').skip(1);
        let known = |word: &str| BUILT_IN.variants.iter().any(|variant| variant == word);
        (is_build(build) && words.all(known)).then_some(Self { release, variant })
    }
}

/// Three numbers.
fn is_version(text: &str) -> bool {
    let is_number = |part: &str| {
        !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit())
    };
    text.split('.').count() == 3 && text.split('.').all(is_number)
}

fn is_build(word: &str) -> bool {
    word == "latest" || (word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit()))
}

fn is_served(spark: &str) -> bool {
    let mut numbers = spark.split('.').map(|part| part.parse().unwrap_or(0_u32));
    (numbers.next(), numbers.next()) >= (Some(3), Some(3))
}

#[cfg(test)]
mod tests;
