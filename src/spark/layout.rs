//! The shapes that a driver's objects can have, and who chooses among them.

/// The shape of a driver's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The pod alone: files ride in its annotations, and the driver advertises its pod's address.
    Compact,
    /// Pod, Service and ConfigMaps, as spark-submit makes them.
    Classic,
}

/// Who chooses the layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LayoutSetting {
    /// Firesteel: compact wherever that does not hurt.
    #[default]
    Auto,
    Compact,
    Classic,
}

impl LayoutSetting {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Compact, Self::Classic];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Compact => "compact",
            Self::Classic => "classic",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|setting| setting.as_str() == text)
    }
}
