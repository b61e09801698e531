//! The model as botocore ships it, in its own order. A key that is not known here fails the reading,
//! so that a new kind of constraint is noticed.

use std::{collections::BTreeSet, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

/// The whole model.
#[derive(Deserialize)]
pub struct Model {
    pub operations: Ordered<Operation>,
    pub shapes: Ordered<Shape>,
}

impl Model {
    pub fn from_json(json: &[u8]) -> Self {
        serde_json::from_slice(json).expect("the model has the known form")
    }

    pub fn shape(&self, name: &str) -> &Shape {
        let found = self.shapes.0.iter().find(|(known, _)| known == name);
        &found
            .unwrap_or_else(|| panic!("the model has no shape {name}"))
            .1
    }

    /// The names of all shapes that the given ones lead to, themselves included.
    pub fn reachable<'a>(&'a self, roots: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = roots.collect();
        while let Some(name) = open.pop() {
            if found.insert(name) {
                open.extend(self.shape(name).references());
            }
        }
        found
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "some keys are only named so that others are refused"
)]
pub struct Operation {
    pub name: IgnoredAny,
    pub http: Http,
    pub input: Reference,
    pub output: Reference,
    #[serde(default)]
    pub errors: Vec<Reference>,
    #[serde(default)]
    documentation: Option<IgnoredAny>,
    #[serde(default)]
    idempotent: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Http {
    pub method: String,
    pub request_uri: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "some keys are only named so that others are refused"
)]
pub struct Reference {
    pub shape: String,
    #[serde(default)]
    documentation: Option<IgnoredAny>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "some keys are only named so that others are refused"
)]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: Type,
    #[serde(default)]
    pub members: Ordered<Member>,
    #[serde(default)]
    pub required: Vec<String>,
    pub member: Option<Box<Member>>,
    pub key: Option<Box<Member>>,
    pub value: Option<Box<Member>>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub pattern: Option<String>,
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub union: bool,
    #[serde(default)]
    pub exception: bool,
    pub error: Option<ErrorTrait>,
    timestamp_format: Option<TimestampFormat>,
    #[serde(rename = "box")]
    boxed: Option<IgnoredAny>,
    documentation: Option<IgnoredAny>,
}

impl Shape {
    fn references(&self) -> impl Iterator<Item = &str> {
        let elements = [&self.member, &self.key, &self.value];
        let members = self.members.0.iter().map(|(_, member)| member);
        members
            .chain(elements.into_iter().flatten().map(AsRef::as_ref))
            .map(|member| member.shape.as_str())
    }

    pub fn is_structure(&self) -> bool {
        self.kind == Type::Structure && !self.union && !self.exception
    }

    pub fn is_enum(&self) -> bool {
        !self.values.is_empty()
    }
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub enum Type {
    Structure,
    List,
    Map,
    String,
    Integer,
    Boolean,
    Timestamp,
}

/// The only form of a timestamp that the wire code writes.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TimestampFormat {
    Iso8601,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ErrorTrait {
    pub http_status_code: u16,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "some keys are only named so that others are refused"
)]
pub struct Member {
    pub shape: String,
    pub location: Option<Location>,
    pub location_name: Option<String>,
    idempotency_token: Option<IgnoredAny>,
    deprecated: Option<IgnoredAny>,
    deprecated_message: Option<IgnoredAny>,
    #[serde(rename = "box")]
    boxed: Option<IgnoredAny>,
    documentation: Option<IgnoredAny>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    Uri,
    QueryString,
}

/// A JSON object whose order is kept.
#[derive(Clone)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }

        deserializer.deserialize_map(Pairs(PhantomData))
    }
}
