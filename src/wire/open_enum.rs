//! An enum of the API is open: a value that this version does not know is kept, never refused here.

/// Declares an open enum with its wire values, its JSON form and its OpenAPI schema.
macro_rules! open_enum {
    ($(#[$attr:meta])* $name:ident { $($variant:ident = $value:literal),+ $(,)? }) => {
        $(#[$attr])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $(#[doc = concat!("`", $value, "`")] $variant,)+
            /// A value that this version does not know.
            Unknown(String),
        }

        impl $name {
            /// The known values, in the model's order.
            pub const VALUES: &'static [&'static str] = &[$($value),+];

            /// The value as it travels.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)+
                    Self::Unknown(value) => value,
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)+
                    unknown => Self::Unknown(unknown.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::VALUES.iter().copied()))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    open_enum!(Colour { Red = "RED", DeepBlue = "DEEP_BLUE" });

    #[test]
    fn an_unknown_value_survives_the_round_trip() {
        for (text, value) in [
            ("\"RED\"", Colour::Red),
            ("\"DEEP_BLUE\"", Colour::DeepBlue),
            ("\"red\"", Colour::Unknown("red".into())),
        ] {
            assert_eq!(serde_json::from_str::<Colour>(text).unwrap(), value);
            assert_eq!(serde_json::to_string(&value).unwrap(), text);
        }
        assert_eq!(Colour::VALUES, ["RED", "DEEP_BLUE"]);
    }
}
