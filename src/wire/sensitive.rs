//! A secret is never printed: only code that names `expose` gets at it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A value that travels on the wire but never reaches a log or an error.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The hidden value, for its use and never for printing.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Takes the hidden value out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_and_json_shows() {
        let secret = Sensitive::new("s3cr3t".to_owned());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"s3cr3t\"");
        assert_eq!(
            serde_json::from_str::<Sensitive<String>>("\"s3cr3t\"").unwrap(),
            secret
        );
    }
}
