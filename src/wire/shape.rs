//! A shape says, as data, what the API model demands of a value; it decides nothing itself.

use std::sync::OnceLock;

use axum::http::Method;
use regex::Regex;

/// One operation of the API: its route, what it takes and what it may answer.
#[derive(Debug)]
pub struct Operation {
    /// AWS's name, also the IAM action.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The URI template with its labels in braces.
    pub uri: &'static str,
    /// The shape of the request, a structure.
    pub input: &'static Shape,
    /// The shape of the response, a structure.
    pub output: &'static Shape,
    /// The errors that the model lists.
    pub errors: &'static [&'static str],
}

impl Shape {
    /// A shape whose values may be shown.
    pub const fn open(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            sensitive: false,
        }
    }

    /// A shape whose values must never be shown.
    pub const fn sensitive(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            sensitive: true,
        }
    }
}

impl Operation {
    /// The members of the request, wherever they travel.
    pub const fn members(&self) -> &'static [Member] {
        match self.input.kind {
            Kind::Structure(members) | Kind::Union(members) => members,
            Kind::Text { .. }
            | Kind::Choice(_)
            | Kind::Integer(_)
            | Kind::Boolean
            | Kind::Timestamp
            | Kind::List { .. }
            | Kind::Map { .. } => &[],
        }
    }
}

/// A named shape of the model that a request or a response can hold.
#[derive(Debug)]
pub struct Shape {
    /// AWS's name.
    pub name: &'static str,
    /// What kind of value it is, with its constraints.
    pub kind: Kind,
    /// Whether its values must never be shown.
    pub sensitive: bool,
}

/// The kinds of values with their constraints.
#[derive(Debug)]
pub enum Kind {
    /// Free text; its length counts Unicode characters.
    Text {
        length: Bounds,
        pattern: Option<Pattern>,
    },
    /// One of some values.
    Choice(&'static [&'static str]),
    /// A 32-bit integer.
    Integer(Bounds),
    /// True or false.
    Boolean,
    /// A point in time.
    Timestamp,
    /// A list of members of one shape.
    List {
        member: &'static Shape,
        length: Bounds,
    },
    /// A map from text.
    Map {
        key: &'static Shape,
        value: &'static Shape,
        length: Bounds,
    },
    /// Named members.
    Structure(&'static [Member]),
    /// Named members, exactly one of them set.
    Union(&'static [Member]),
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// AWS's name of the member.
    pub name: &'static str,
    /// The name under which it travels, which differs for some in the path.
    pub wire_name: &'static str,
    /// Where it travels.
    pub location: Location,
    /// Whether the request must carry it.
    pub required: bool,
    /// Its shape.
    pub shape: &'static Shape,
}

impl Member {
    /// A member in the path, always required.
    pub const fn path(name: &'static str, label: &'static str, shape: &'static Shape) -> Self {
        Self {
            name,
            wire_name: label,
            location: Location::Path,
            required: true,
            shape,
        }
    }

    /// A member in the query string.
    pub const fn query(name: &'static str, key: &'static str, shape: &'static Shape) -> Self {
        Self {
            name,
            wire_name: key,
            location: Location::Query,
            required: false,
            shape,
        }
    }

    /// A member in the body.
    pub const fn body(name: &'static str, shape: &'static Shape) -> Self {
        Self {
            name,
            wire_name: name,
            location: Location::Body,
            required: false,
            shape,
        }
    }

    /// The same member, required.
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }
}

/// Where a member of a request travels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Location {
    /// As a label of the URI template.
    Path,
    /// In the query string.
    Query,
    /// In the JSON body.
    Body,
}

/// The least and the greatest length or value, both allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// The least, when there is one.
    pub min: Option<i64>,
    /// The greatest, when there is one.
    pub max: Option<i64>,
}

impl Bounds {
    /// From the least to the greatest.
    pub const fn new(min: Option<i64>, max: Option<i64>) -> Self {
        Self { min, max }
    }
}

/// A regular expression of the model, which must match the whole value.
#[derive(Debug)]
pub struct Pattern {
    /// The expression as the model has it, for messages.
    pub source: &'static str,
    regex: &'static str,
    unless: Option<&'static str>,
    compiled: OnceLock<Option<Compiled>>,
}

impl Pattern {
    /// The model's expression, the same for the `regex` crate, and what must not match besides
    /// (the crate has no look-ahead).
    pub const fn new(
        source: &'static str,
        regex: &'static str,
        unless: Option<&'static str>,
    ) -> Self {
        Self {
            source,
            regex,
            unless,
            compiled: OnceLock::new(),
        }
    }

    /// An expression that is the same for the `regex` crate.
    pub const fn plain(source: &'static str) -> Self {
        Self::new(source, source, None)
    }

    /// The expression for the `regex` crate, which must match the whole value.
    pub const fn regex(&self) -> &'static str {
        self.regex
    }

    /// What must not match the whole value besides.
    pub const fn unless(&self) -> Option<&'static str> {
        self.unless
    }

    /// Whether the whole value matches. A dot matches line breaks too.
    pub fn matches(&self, value: &str) -> bool {
        // A test compiles every pattern; should one fail all the same, it lets nothing through.
        self.compiled().is_some_and(|compiled| {
            compiled.regex.is_match(value)
                && !compiled
                    .unless
                    .as_ref()
                    .is_some_and(|unless| unless.is_match(value))
        })
    }

    /// Whether the expressions are ones.
    #[cfg(test)]
    pub(super) fn compiles(&self) -> bool {
        self.compiled().is_some()
    }

    fn compiled(&self) -> Option<&Compiled> {
        let compile = || {
            let unless = match self.unless {
                Some(unless) => Some(anchored(unless).ok()?),
                None => None,
            };
            Some(Compiled {
                regex: anchored(self.regex).ok()?,
                unless,
            })
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

#[derive(Debug)]
struct Compiled {
    regex: Regex,
    unless: Option<Regex>,
}

fn anchored(regex: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!(r"\A(?s:{regex})\z"))
}
