//! How often an account may ask.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, de};

/// The limits of one replica.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottlingConfig {
    pub enabled: bool,
    /// Of all operations together.
    pub all: Limit,
    /// Of each operation that `operations` does not name.
    pub others: Limit,
    /// By names such as `start_job_run`.
    #[serde(default)]
    pub operations: BTreeMap<String, Limit>,
}

/// A bucket of tokens, one for each request.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// What a full bucket holds.
    pub burst: NonZeroU32,
    /// How many tokens come back each second, more than none.
    #[serde(deserialize_with = "rate")]
    pub rate: f64,
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    // Less would be a token in eleven days, more than one each nanosecond.
    const SENSIBLE: std::ops::RangeInclusive<f64> = 1e-6..=1e9;
    let rate = f64::deserialize(deserializer)?;
    if SENSIBLE.contains(&rate) {
        Ok(rate)
    } else {
        Err(de::Error::custom(format!(
            "{rate} is no rate: a number of requests each second, from 0.000001"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_lets_something_through() {
        let limit = |burst, rate| {
            let settings = serde_json::json!({"burst": burst, "rate": rate});
            serde_json::from_value::<Limit>(settings)
        };
        assert!(limit(1, 0.5).is_ok());
        for (burst, rate) in [(0, 1.0), (1, 0.0), (1, -1.0), (1, 1e300)] {
            assert!(limit(burst, rate).is_err(), "{burst} {rate}");
        }
    }
}
