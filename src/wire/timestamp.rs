//! A point in time travels as ISO-8601 in UTC with a `Z`; milliseconds appear only when there are any.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time as the API shows it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(jiff::Timestamp);

/// The text or number is not a point in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a timestamp")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// Reads seconds since 1970, as some clients send them.
    pub fn from_epoch_seconds(seconds: f64) -> Result<Self, InvalidTimestamp> {
        if !seconds.is_finite() {
            return Err(InvalidTimestamp);
        }
        // `as` saturates, and jiff refuses what lies outside its range.
        let millis = (seconds * 1000.0).round() as i64;
        jiff::Timestamp::from_millisecond(millis)
            .map_err(|_| InvalidTimestamp)
            .and_then(Self::after_christ)
    }

    /// The format of AWS has years of four digits, and Postgres not all that come before.
    fn after_christ(at: jiff::Timestamp) -> Result<Self, InvalidTimestamp> {
        const YEAR_1: i64 = -62_135_596_800;
        if at.as_second() < YEAR_1 {
            return Err(InvalidTimestamp);
        }
        Ok(Self(at))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(value: jiff::Timestamp) -> Self {
        Self(value)
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(value: Timestamp) -> Self {
        value.0
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Self::after_christ(at);
        }
        // jiff's range ends a day before its years do, and clients say "for ever" by the last one.
        if let Some(Ok(at)) = text
            .strip_suffix('Z')
            .map(str::parse::<jiff::civil::DateTime>)
            && at.year() == 9999
        {
            return Ok(Self(jiff::Timestamp::MAX));
        }
        let seconds = text.parse::<f64>().map_err(|_| InvalidTimestamp)?;
        Self::from_epoch_seconds(seconds)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = jiff::Timestamp::from_millisecond(self.0.as_millisecond());
        fmt::Display::fmt(&millis.unwrap_or(self.0), f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ISO-8601 timestamp")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
                Timestamp::from_epoch_seconds(seconds).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Timestamp, E> {
                self.visit_f64(seconds as f64)
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Timestamp, E> {
                self.visit_f64(seconds as f64)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_z_and_at_most_milliseconds() {
        for (given, shown) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.678Z"),
            ("2026-01-02T03:04:05.000900Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05Z"),
            ("1767323045", "2026-01-02T03:04:05Z"),
            ("1767323045.5", "2026-01-02T03:04:05.5Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(
                given.parse::<Timestamp>().unwrap().to_string(),
                shown,
                "{given}"
            );
        }
    }

    #[test]
    fn for_ever_is_the_last_there_is() {
        let at: Timestamp = "9999-12-31T23:59:59.999999Z".parse().unwrap();
        assert_eq!(jiff::Timestamp::from(at), jiff::Timestamp::MAX);
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "NaN",
            "inf",
            "1e300",
            "2026-01-02",
            "0000-12-31T23:59:59Z",
            "-009999-01-02T02:00:00Z",
            "-62135596801",
            "9999-12-32T00:00:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }

    #[test]
    fn json_takes_text_and_numbers() {
        for json in ["\"2026-01-02T03:04:05Z\"", "1767323045", "1767323045.0"] {
            let at: Timestamp = serde_json::from_str(json).unwrap();
            assert_eq!(
                serde_json::to_string(&at).unwrap(),
                "\"2026-01-02T03:04:05Z\""
            );
        }
        assert!(serde_json::from_str::<Timestamp>("true").is_err());
    }
}
