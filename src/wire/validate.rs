//! A value is checked against its shape before it becomes a type: all breaches are reported at once.
//!
//! A value of the wrong kind ends the check at once, since it cannot be read at all.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    breach::{Constraint, Shown, ValidationErrors},
    shape::{Bounds, Kind, Member, Shape},
    timestamp::Timestamp,
};

/// A type that has a shape in the model.
pub trait Shaped {
    /// What the model demands of its values.
    const SHAPE: &'static Shape;
}

/// Why a request does not become a value of its type.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// It cannot be read.
    #[error(transparent)]
    Serialization(#[from] Unreadable),
    /// It breaks constraints.
    #[error(transparent)]
    Validation(#[from] ValidationErrors),
}

/// Why a request cannot be read; names places and never values.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The body is not JSON.
    #[error("The request body is not valid JSON at line {line} column {column}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: usize,
    },
    /// The body is JSON of another kind.
    #[error("The request body is not a JSON object")]
    NotAnObject,
    /// A member has a value of the wrong kind.
    #[error("{found} can not be converted to {expected} at '{path}'")]
    Mistyped {
        /// The path of the member.
        path: String,
        /// The kind of value found.
        found: &'static str,
        /// The kind of value that belongs there.
        expected: &'static str,
    },
    /// A member does not fit its type.
    #[error("The value at '{path}' can not be read")]
    Member {
        /// The path of the member.
        path: String,
    },
}

/// Checks a value that was not read from a request.
pub fn validate<T: Shaped + Serialize>(value: &T) -> Result<(), Rejection> {
    let unreadable = |_| Unreadable::Member {
        path: String::new(),
    };
    check(
        T::SHAPE,
        &mut serde_json::to_value(value).map_err(unreadable)?,
        Values::Shown,
    )
}

/// Whether a rejection shows the values that are not sensitive by their shapes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Values {
    Shown,
    Hidden,
}

/// Checks a value and takes out what is null or unknown to the model.
pub(super) fn check(
    shape: &'static Shape,
    value: &mut Value,
    values: Values,
) -> Result<(), Rejection> {
    let mut check = Check {
        path: String::new(),
        errors: ValidationErrors::default(),
    };
    check.value(shape, value, values == Values::Hidden)?;
    if check.errors.count() == 0 {
        Ok(())
    } else {
        Err(check.errors.into())
    }
}

struct Check {
    path: String,
    errors: ValidationErrors,
}

impl Check {
    fn value(
        &mut self,
        shape: &'static Shape,
        value: &mut Value,
        hidden: bool,
    ) -> Result<(), Unreadable> {
        let hidden = hidden || shape.sensitive;
        match (&shape.kind, value) {
            (Kind::Structure(members), Value::Object(map)) => self.members(members, map, hidden),
            (Kind::Union(members), Value::Object(map)) => {
                self.members(members, map, hidden)?;
                if map.len() != 1 {
                    self.breach(Shown::Hidden, Constraint::ExactlyOne(members));
                }
                Ok(())
            }
            (Kind::List { member, length }, Value::Array(items)) => {
                let shown = shown_list(items, hidden || member.sensitive);
                self.length(items.len(), *length, &shown);
                self.items(member, items, shown, hidden)
            }
            (Kind::Map { key, value, length }, Value::Object(map)) => {
                self.length(map.len(), *length, &Shown::Hidden);
                self.entries(key, value, map, hidden)
            }
            (
                Kind::Text { .. }
                | Kind::Choice(_)
                | Kind::Integer(_)
                | Kind::Boolean
                | Kind::Timestamp
                | Kind::List { .. }
                | Kind::Map { .. }
                | Kind::Structure(_)
                | Kind::Union(_),
                value,
            ) => self.scalar(shape, value, hidden),
        }
    }

    fn members(
        &mut self,
        members: &'static [Member],
        map: &mut Map<String, Value>,
        hidden: bool,
    ) -> Result<(), Unreadable> {
        map.retain(|name, value| {
            !value.is_null() && members.iter().any(|member| member.name == name)
        });
        for member in members {
            let outer = self.enter(member.name);
            match map.get_mut(member.name) {
                Some(value) => self.value(member.shape, value, hidden)?,
                None if member.required => self.breach(Shown::Null, Constraint::NotNull),
                None => {}
            }
            self.path.truncate(outer);
        }
        Ok(())
    }

    fn items(
        &mut self,
        member: &'static Shape,
        items: &mut [Value],
        shown: Shown,
        hidden: bool,
    ) -> Result<(), Unreadable> {
        let mut breached = false;
        for (index, item) in items.iter_mut().enumerate() {
            let outer = self.enter(index + 1);
            self.enter("member");
            breached |= self.element(member, item, hidden)?;
            self.path.truncate(outer);
        }
        if breached {
            self.breach(shown, Constraint::Elements(member));
        }
        Ok(())
    }

    fn entries(
        &mut self,
        key: &'static Shape,
        value: &'static Shape,
        map: &mut Map<String, Value>,
        hidden: bool,
    ) -> Result<(), Unreadable> {
        let holds = |key_text: &String| Constraint::of(key).iter().all(|c| c.holds(key_text));
        if !map.keys().all(holds) {
            self.breach(Shown::Hidden, Constraint::Keys(key));
        }
        if !map.keys().all(|name| Constraint::NoNul.holds(name)) {
            self.breach(Shown::Hidden, Constraint::NoNul);
        }
        let mut breached = false;
        for (name, item) in map.iter_mut() {
            let outer = if hidden {
                self.path.len()
            } else {
                self.enter(name)
            };
            self.enter("member");
            breached |= self.element(value, item, hidden)?;
            self.path.truncate(outer);
        }
        if breached {
            self.breach(Shown::Hidden, Constraint::Values(value));
        }
        Ok(())
    }

    /// Checks what stands in a list or map. A breach by a simple value is AWS's breach of the whole
    /// collection, so it is only answered here.
    fn element(
        &mut self,
        shape: &'static Shape,
        value: &mut Value,
        hidden: bool,
    ) -> Result<bool, Unreadable> {
        if value.is_null() {
            return Ok(true);
        }
        if shape.kind.is_scalar() {
            let text = self.read(shape, value)?;
            return Ok(!Constraint::of(shape)
                .iter()
                .all(|constraint| constraint.holds(&text)));
        }
        self.value(shape, value, hidden)?;
        Ok(false)
    }

    fn scalar(
        &mut self,
        shape: &'static Shape,
        value: &Value,
        hidden: bool,
    ) -> Result<(), Unreadable> {
        let text = self.read(shape, value)?;
        for constraint in Constraint::of(shape) {
            if !constraint.holds(&text) {
                let shown = if hidden {
                    Shown::Hidden
                } else {
                    Shown::text(&text)
                };
                self.breach(shown, constraint);
            }
        }
        Ok(())
    }

    /// The text of a simple value of the right kind.
    fn read(&mut self, shape: &Shape, value: &Value) -> Result<String, Unreadable> {
        let text = match (&shape.kind, value) {
            (Kind::Text { .. } | Kind::Choice(_), Value::String(text)) => Some(text.clone()),
            (Kind::Boolean, Value::Bool(value)) => Some(value.to_string()),
            (Kind::Integer(_), Value::Number(number)) => number
                .as_i64()
                .filter(|n| i32::try_from(*n).is_ok())
                .map(|n| n.to_string()),
            (Kind::Timestamp, Value::String(text)) => {
                text.parse::<Timestamp>().ok().map(|at| at.to_string())
            }
            (Kind::Timestamp, Value::Number(number)) => number
                .as_f64()
                .and_then(|seconds| Timestamp::from_epoch_seconds(seconds).ok())
                .map(|at| at.to_string()),
            (
                Kind::Text { .. }
                | Kind::Choice(_)
                | Kind::Integer(_)
                | Kind::Boolean
                | Kind::Timestamp
                | Kind::List { .. }
                | Kind::Map { .. }
                | Kind::Structure(_)
                | Kind::Union(_),
                _,
            ) => None,
        };
        let text = text.ok_or_else(|| Unreadable::Mistyped {
            path: self.path.chars().take(256).collect(),
            found: kind_of(value),
            expected: shape.kind.expected(),
        })?;
        if !Constraint::NoNul.holds(&text) {
            self.breach(Shown::Hidden, Constraint::NoNul);
        }
        Ok(text)
    }

    fn length(&mut self, length: usize, bounds: Bounds, shown: &Shown) {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        if let Some(max) = bounds.max.filter(|max| length > *max) {
            self.breach(shown.clone(), Constraint::MaxLength(max));
        }
        if let Some(min) = bounds.min.filter(|min| length < *min) {
            self.breach(shown.clone(), Constraint::MinLength(min));
        }
    }

    fn breach(&mut self, shown: Shown, constraint: Constraint) {
        self.errors.push(&self.path, shown, constraint);
    }

    /// Goes one step down and gives back how long the path was.
    fn enter(&mut self, step: impl fmt::Display) -> usize {
        let outer = self.path.len();
        let dot = if outer == 0 { "" } else { "." };
        self.path.push_str(&format!("{dot}{step}"));
        outer
    }
}

impl Constraint {
    /// Whether a simple value keeps the constraint, given its text.
    fn holds(&self, text: &str) -> bool {
        let length = || i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let value = || text.parse::<i64>().ok();
        match self {
            Self::MaxLength(max) => length() <= *max,
            Self::MinLength(min) => length() >= *min,
            Self::MaxValue(max) => value().is_some_and(|value| value <= *max),
            Self::MinValue(min) => value().is_some_and(|value| value >= *min),
            Self::NoNul => !text.contains('\0'),
            Self::Pattern(pattern) => pattern.matches(text),
            Self::OneOf(values) => values.contains(&text),
            // These concern what is absent or composite.
            Self::NotNull
            | Self::ExactlyOne(_)
            | Self::Elements(_)
            | Self::Keys(_)
            | Self::Values(_) => true,
        }
    }
}

impl Kind {
    const fn is_scalar(&self) -> bool {
        match self {
            Self::Text { .. }
            | Self::Choice(_)
            | Self::Integer(_)
            | Self::Boolean
            | Self::Timestamp => true,
            Self::List { .. } | Self::Map { .. } | Self::Structure(_) | Self::Union(_) => false,
        }
    }

    const fn expected(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Choice(_) => "a String",
            Self::Integer(_) => "an Integer",
            Self::Boolean => "a Boolean",
            Self::Timestamp => "a Timestamp",
            Self::List { .. } => "a List",
            Self::Map { .. } => "a Map",
            Self::Structure(_) | Self::Union(_) => "a Structure",
        }
    }
}

fn shown_list(items: &[Value], hidden: bool) -> Shown {
    let simple = items
        .iter()
        .all(|item| !item.is_array() && !item.is_object());
    if hidden || !simple {
        return Shown::Hidden;
    }
    struct List<'a>(&'a [Value]);
    impl fmt::Display for List<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("[")?;
            for (index, item) in self.0.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                match item.as_str() {
                    Some(text) => f.write_str(text)?,
                    None => write!(f, "{item}")?,
                }
            }
            f.write_str("]")
        }
    }
    Shown::text(List(items))
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(_) => "BOOLEAN_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "LIST_VALUE",
        Value::Object(_) => "STRUCTURE_VALUE",
    }
}
