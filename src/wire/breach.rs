//! A breach of a constraint is told in AWS's words, bounded in length, and never shows a secret.

use std::fmt;

use super::shape::{Kind, Member, Pattern, Shape};

/// One rule of the model.
#[derive(Clone, Copy, Debug)]
pub enum Constraint {
    /// The member is required.
    NotNull,
    /// The greatest length of a text, list or map.
    MaxLength(i64),
    /// The least length of a text, list or map.
    MinLength(i64),
    /// The greatest value.
    MaxValue(i64),
    /// The least value.
    MinValue(i64),
    /// Of every text, though the model does not say it: Postgres keeps no NUL, and no program
    /// takes an argument with one.
    NoNul,
    /// The expression that the whole text must match.
    Pattern(&'static Pattern),
    /// The values of an enum.
    OneOf(&'static [&'static str]),
    /// The members of a union, of which one must be set.
    ExactlyOne(&'static [Member]),
    /// What holds for each element of a list.
    Elements(&'static Shape),
    /// What holds for each key of a map.
    Keys(&'static Shape),
    /// What holds for each value of a map.
    Values(&'static Shape),
}

impl Constraint {
    /// The constraints of a shape that concern the value itself, in the order in which AWS
    /// lists them.
    pub(super) fn of(shape: &'static Shape) -> Vec<Self> {
        let (bounds, last) = match &shape.kind {
            Kind::Text { length, pattern } => (length, pattern.as_ref().map(Self::Pattern)),
            Kind::List { length, .. } | Kind::Map { length, .. } => (length, None),
            Kind::Integer(bounds) => {
                let max = bounds.max.map(Self::MaxValue);
                return max
                    .into_iter()
                    .chain(bounds.min.map(Self::MinValue))
                    .collect();
            }
            Kind::Choice(values) => return vec![Self::OneOf(values)],
            Kind::Union(members) => return vec![Self::ExactlyOne(members)],
            Kind::Boolean | Kind::Timestamp | Kind::Structure(_) => return Vec::new(),
        };
        let max = bounds.max.map(Self::MaxLength);
        let min = bounds.min.map(Self::MinLength);
        max.into_iter().chain(min).chain(last).collect()
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNull => f.write_str("Member must not be null"),
            Self::MaxLength(max) => {
                write!(f, "Member must have length less than or equal to {max}")
            }
            Self::MinLength(min) => {
                write!(f, "Member must have length greater than or equal to {min}")
            }
            Self::MaxValue(max) => write!(f, "Member must have value less than or equal to {max}"),
            Self::MinValue(min) => {
                write!(f, "Member must have value greater than or equal to {min}")
            }
            Self::NoNul => f.write_str("Member must not contain the character U+0000"),
            Self::Pattern(pattern) => {
                write!(
                    f,
                    "Member must satisfy regular expression pattern: {}",
                    pattern.source
                )
            }
            Self::OneOf(values) => {
                write!(
                    f,
                    "Member must satisfy enum value set: [{}]",
                    values.join(", ")
                )
            }
            Self::ExactlyOne(members) => {
                let names: Vec<_> = members.iter().map(|member| member.name).collect();
                write!(f, "Member must have exactly one of: [{}]", names.join(", "))
            }
            Self::Elements(shape) => write!(f, "Member must satisfy constraint: {}", All(shape)),
            Self::Keys(shape) => write!(f, "Map keys must satisfy constraint: {}", All(shape)),
            Self::Values(shape) => write!(f, "Map value must satisfy constraint: {}", All(shape)),
        }
    }
}

/// Every constraint of an element: AWS lists them all, whichever was breached.
struct All(&'static Shape);

impl fmt::Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for constraint in Constraint::of(self.0) {
            write!(f, "{constraint}, ")?;
        }
        write!(f, "{}]", Constraint::NotNull)
    }
}

/// One value that breaks one constraint.
#[derive(Debug)]
pub struct Breach {
    /// The path of the member.
    pub path: String,
    /// The constraint that it breaks.
    pub constraint: Constraint,
    shown: Shown,
}

/// How much of the value a message may show.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    Null,
    Hidden,
    Text(String),
}

impl Shown {
    /// Shows a value up to a bounded length.
    pub(super) fn text(value: impl fmt::Display) -> Self {
        let mut text = Bounded(String::new());
        // An error only says that the bound was reached.
        let _ = fmt::write(&mut text, format_args!("{value}"));
        Self::Text(text.0)
    }
}

/// Every breach of one request; its text is the message of a `ValidationException`.
#[derive(Debug, Default)]
pub struct ValidationErrors {
    count: usize,
    breaches: Vec<Breach>,
}

impl ValidationErrors {
    /// How many there are, also those beyond the bound on what is kept.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The breaches that are told: the first ones.
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    pub(super) fn push(&mut self, path: &str, shown: Shown, constraint: Constraint) {
        self.count += 1;
        if self.breaches.len() < MAX_BREACHES {
            let mut bounded = Bounded(String::new());
            // As above: the bound is no failure.
            let _ = fmt::Write::write_str(&mut bounded, path);
            self.breaches.push(Breach {
                path: bounded.0,
                shown,
                constraint,
            });
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shown {
            Shown::Null => f.write_str("Value null")?,
            Shown::Hidden => f.write_str("Value")?,
            Shown::Text(value) => write!(f, "Value '{value}'")?,
        }
        write!(
            f,
            " at '{}' failed to satisfy constraint: {}",
            self.path, self.constraint
        )
    }
}

impl fmt::Display for ValidationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} validation error{plural} detected: ", self.count)?;
        for (index, breach) in self.breaches.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{breach}")?;
        }
        if self.count > self.breaches.len() {
            f.write_str("; …")
        } else {
            Ok(())
        }
    }
}

impl std::error::Error for ValidationErrors {}

/// A hostile request may break thousands of rules with values of megabytes.
const MAX_BREACHES: usize = 20;
const MAX_SHOWN: usize = 256;

struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_SHOWN.saturating_sub(self.0.chars().count());
        match text.char_indices().nth(room) {
            None => self.0.push_str(text),
            Some((cut, _)) => {
                self.0.push_str(&text[..cut]);
                self.0.push('…');
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_counted_as_aws_does() {
        let mut errors = ValidationErrors::default();
        errors.push("name", Shown::Null, Constraint::NotNull);
        assert_eq!(
            errors.to_string(),
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: \
             Member must not be null"
        );
        errors.push("id", Shown::text("A"), Constraint::MinLength(2));
        assert_eq!(
            errors.to_string(),
            "2 validation errors detected: Value null at 'name' failed to satisfy constraint: \
             Member must not be null; Value 'A' at 'id' failed to satisfy constraint: \
             Member must have length greater than or equal to 2"
        );
    }

    #[test]
    fn the_message_is_bounded() {
        let mut errors = ValidationErrors::default();
        let long = "é".repeat(100_000);
        for _ in 0..1_000 {
            errors.push(&long, Shown::text(&long), Constraint::NotNull);
        }
        let message = errors.to_string();
        assert!(message.starts_with("1000 validation errors detected: Value 'é"));
        assert!(
            message.ends_with("; …") && message.len() < 30_000,
            "{}",
            message.len()
        );
        assert_eq!(errors.count(), 1_000);
    }

    #[test]
    fn the_bound_is_exact() {
        for (length, cut) in [
            (MAX_SHOWN - 1, false),
            (MAX_SHOWN, false),
            (MAX_SHOWN + 1, true),
        ] {
            let Shown::Text(text) = Shown::text("é".repeat(length)) else {
                panic!("no text")
            };
            assert_eq!(text.ends_with('…'), cut, "{length}");
            assert_eq!(
                text.chars().filter(|c| *c == 'é').count(),
                length.min(MAX_SHOWN)
            );
        }
    }
}
