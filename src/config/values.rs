//! Forms of single settings.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::InvalidConfig;
use crate::domain::ids::AccountId;
use crate::spark::layout::LayoutSetting;

/// An address to listen on: a host and port, such as `127.0.0.1:9400`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Listen(pub SocketAddr);

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is never printed.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

pub(super) fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccountId, D::Error> {
    let text = String::deserialize(deserializer)?;
    AccountId::parse(text.as_str())
        .map_err(|_| de::Error::custom(format!("{text} is not an account: 12 digits")))
}

pub(super) fn accounts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<AccountId>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct One(#[serde(deserialize_with = "account")] AccountId);

    let accounts = Option::<Vec<One>>::deserialize(deserializer)?;
    Ok(accounts.map(|list| list.into_iter().map(|one| one.0).collect()))
}

pub(super) fn layout<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<LayoutSetting, D::Error> {
    let text = String::deserialize(deserializer)?;
    LayoutSetting::parse(&text)
        .ok_or_else(|| de::Error::custom(format!("{text} is not auto, compact or classic")))
}

/// A text such as `15m`, or whole seconds.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let duration = duration_or_none(deserializer)?;
    if duration.is_zero() {
        return Err(de::Error::custom("a duration must be longer than nothing"));
    }
    Ok(duration)
}

/// The same, where there need not be one.
pub(super) fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

/// The same, and 0 for none.
pub(super) fn duration_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration such as \"30s\" or \"15m\", or a number of seconds")
        }

        fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Duration, E> {
            Ok(Duration::from_secs(seconds))
        }

        fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
            u64::try_from(seconds)
                .map(Duration::from_secs)
                .map_err(|_| E::invalid_value(de::Unexpected::Signed(seconds), &self))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            read_duration(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Visitor)
}

/// Reads a duration that the command line gives.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidConfig> {
    read_duration(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| {
            InvalidConfig(format!(
                "\"{text}\" is not a duration such as \"30m\", \"12h\" or \"90d\""
            ))
        })
}

fn read_duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let span: jiff::Span = text.parse().ok()?;
    let days_are_24_hours = jiff::SpanRelativeTo::days_are_24_hours();
    Duration::try_from(span.to_duration(days_are_24_hours).ok()?).ok()
}

/// `${XDG_DATA_HOME}/firesteel`, else `~/.local/share/firesteel`.
pub(super) fn default_data_dir(
    variable: impl Fn(&str) -> Option<std::ffi::OsString>,
) -> Option<PathBuf> {
    let data_home = variable("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = variable("HOME").map(PathBuf::from);
    data_home
        .or_else(|| home.map(|home| home.join(".local/share")))
        .map(|path| path.join("firesteel"))
}
