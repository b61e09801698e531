//! Identifiers: once one of these types exists, its text has the service's form.

use std::fmt;

use jiff::Timestamp;
use rand::Rng as _;

const BASE32HEX: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const RANDOM_LENGTH: usize = 25;

/// The text does not have the form of the identifier it was meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed {0}")]
pub struct InvalidId(&'static str);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks the form of `text`.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(InvalidId($what)) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// An AWS account: 12 digits.
    AccountId,
    "account id",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);

text_id!(
    /// A target cluster's name in the configuration, `containerProvider.id` on the wire.
    ClusterId,
    "cluster id",
    |text| {
        let mut bytes = text.bytes();
        text.len() <= 100
            && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    }
);

text_id!(
    /// A virtual cluster: 25 characters of base36, as the service draws them.
    VirtualClusterId,
    "virtual cluster id",
    is_random_base36
);

text_id!(
    /// A job template: the form of the service's is not published, so it is a virtual cluster's.
    JobTemplateId,
    "job template id",
    is_random_base36
);

text_id!(
    /// A security configuration: the form of the service's is not published, so it is a virtual
    /// cluster's.
    SecurityConfigurationId,
    "security configuration id",
    is_random_base36
);

text_id!(
    /// A job run: 19 characters of base32hex which sort by time of creation: the value is
    /// `epoch milliseconds << 16 | 16 random bits`.
    JobRunId,
    "job run id",
    |text| text.len() == 19 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
);

text_id!(
    /// An access key in AWS's form: four letters that tell its kind, and 16 characters of base32.
    AccessKeyId,
    "access key id",
    |text| text.len() == 20
        && matches!(text.get(..4), Some("AKIA" | "ASIA" | "ABIA"))
        && text.bytes().skip(4).all(|b| BASE32.contains(&b))
);

text_id!(
    /// A user's name, as IAM allows one: 1 to 64 letters, digits and `_+=,.@-`.
    UserName,
    "user name",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
);

impl AccessKeyId {
    /// Draws a new id with one of the known beginnings.
    pub(super) fn random(beginning: &'static str) -> Self {
        let mut rng = rand::rng();
        let rest = (0..16).map(|_| char::from(BASE32[rng.random_range(0..BASE32.len())]));
        Self(beginning.chars().chain(rest).collect())
    }

    /// Where the secret of this key is sealed for.
    pub fn sealing_place(&self) -> String {
        format!("access_key/{self}")
    }
}

impl VirtualClusterId {
    /// Draws a new id.
    pub fn random() -> Self {
        Self(random_base36())
    }
}

impl JobTemplateId {
    /// Draws a new id.
    pub fn random() -> Self {
        Self(random_base36())
    }
}

impl SecurityConfigurationId {
    /// Draws a new id.
    pub fn random() -> Self {
        Self(random_base36())
    }
}

impl JobRunId {
    /// Draws an id for a run accepted at `now`. Two runs of one millisecond collide once in 65,536
    /// draws, which the store notices and answers by drawing again.
    pub fn random(now: Timestamp) -> Self {
        Self::from_parts(now, rand::random())
    }

    /// The first of the ids for runs accepted at `now`: runs accepted earlier have lesser ones.
    pub fn first_of(now: Timestamp) -> Self {
        Self::from_parts(now, 0)
    }

    fn from_parts(now: Timestamp, random: u16) -> Self {
        let millis = u128::try_from(now.as_millisecond()).unwrap_or(0);
        let mut value = (millis << 16) | u128::from(random);
        let mut text = [b'0'; 19];
        for digit in text.iter_mut().rev() {
            *digit = BASE32HEX[(value & 31) as usize];
            value >>= 5;
        }
        Self(text.iter().map(|&b| char::from(b)).collect())
    }
}

/// 129 random bits.
fn random_base36() -> String {
    let mut rng = rand::rng();
    (0..RANDOM_LENGTH)
        .map(|_| char::from(BASE36[rng.random_range(0..BASE36.len())]))
        .collect()
}

fn is_random_base36(text: &str) -> bool {
    text.len() == RANDOM_LENGTH && text.bytes().all(|b| BASE36.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_run_ids_carry_their_time_of_creation_as_the_service_does() {
        let value = |text: &str| {
            text.bytes().fold(0u128, |value, byte| {
                let digit = BASE32HEX.iter().position(|&b| b == byte).unwrap();
                (value << 5) | digit as u128
            })
        };
        for (id, millis) in [
            ("000000035ee16lm6uri", 1_742_918_495_075),
            ("000000037b4uegnu8q5", 1_775_515_181_439),
        ] {
            assert_eq!(value(id) >> 16, millis as u128);
            let time = Timestamp::from_millisecond(millis).unwrap();
            let random = (value(id) & 0xffff) as u16;
            assert_eq!(JobRunId::from_parts(time, random).as_str(), id);
        }
    }

    #[test]
    fn job_run_ids_sort_by_time() {
        let at = |ms| JobRunId::from_parts(Timestamp::from_millisecond(ms).unwrap(), 0xffff);
        assert!(at(1_700_000_000_000) < at(1_700_000_000_001));
    }

    #[test]
    fn drawn_ids_have_the_form_they_are_checked_for() {
        assert!(VirtualClusterId::parse(VirtualClusterId::random().as_str()).is_ok());
        assert!(JobRunId::parse(JobRunId::random(Timestamp::now()).as_str()).is_ok());
    }

    #[test]
    fn malformed_ids_are_refused() {
        assert!(JobRunId::parse("short").is_err());
        assert!(JobRunId::parse("000000035EE16LM6URI").is_err());
        assert!(VirtualClusterId::parse("UPPER").is_err());
        assert!(AccountId::parse("12345678901x").is_err());
        assert!(ClusterId::parse("-dash").is_err());
        assert!(ClusterId::parse("prod_1-a").is_ok());
    }
}
