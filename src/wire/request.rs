//! A request is put together from path, query and body, checked once, and is valid from then on.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};

use super::{
    json,
    parts::{PathParams, QueryPairs},
    shape::{Kind, Location, Operation, Shape},
    validate::{Rejection, Shaped, Unreadable, Values, check},
};

/// A request of the API. A value that `from_parts` gave keeps every constraint of the model.
pub trait Request: Shaped + DeserializeOwned + Serialize {
    /// What a success answers.
    type Response: Serialize;

    /// The operation that it asks for.
    const OPERATION: &'static Operation;

    /// Reads and checks a request.
    ///
    /// Every breach of a constraint is in the one rejection. A body is only looked at if the
    /// operation has members there; members in it that belong elsewhere are unknown.
    fn from_parts(path: &PathParams, query: &QueryPairs, body: &[u8]) -> Result<Self, Rejection> {
        let whole = gather(Self::OPERATION, path, query, body)?;
        checked(Value::Object(whole), Values::Shown)
    }

    /// Checks a request that was put together already, such as one with a template's parts in it.
    /// No value is in the rejection: each may be a parameter's.
    fn from_value(whole: Value) -> Result<Self, Rejection> {
        checked(whole, Values::Hidden)
    }
}

fn checked<R: Request>(mut whole: Value, values: Values) -> Result<R, Rejection> {
    check(R::OPERATION.input, &mut whole, values)?;
    Ok(json::typed(whole)?)
}

fn gather(
    operation: &Operation,
    path: &PathParams,
    query: &QueryPairs,
    body: &[u8],
) -> Result<Map<String, Value>, Unreadable> {
    let members = operation.members();
    let in_body = |name: &String| {
        members
            .iter()
            .any(|member| member.name == name && member.location == Location::Body)
    };
    let mut whole = Map::new();
    if members
        .iter()
        .any(|member| member.location == Location::Body)
    {
        whole = json::object(body)?;
        whole.retain(|name, _| in_body(name));
    }
    for member in members {
        let value = match member.location {
            Location::Path => path.get(member.wire_name).map(Value::from),
            Location::Query => from_query(member.shape, member.wire_name, query)?,
            Location::Body => None,
        };
        if let Some(value) = value {
            whole.insert(member.name.to_owned(), value);
        }
    }
    Ok(whole)
}

fn from_query(shape: &Shape, name: &str, query: &QueryPairs) -> Result<Option<Value>, Unreadable> {
    let mut values = query.all(name).peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    if let Kind::List { member, .. } = shape.kind {
        let items: Result<Vec<_>, _> = values.map(|text| from_text(member, name, text)).collect();
        return items.map(|items| Some(Value::Array(items)));
    }
    // A repeated key counts once, as in AWS's own readers.
    values
        .next()
        .map(|text| from_text(shape, name, text))
        .transpose()
}

fn from_text(shape: &Shape, name: &str, text: &str) -> Result<Value, Unreadable> {
    let mistyped = |expected| Unreadable::Mistyped {
        path: name.to_owned(),
        found: "STRING_VALUE",
        expected,
    };
    match shape.kind {
        Kind::Integer(_) => match text.parse::<i32>() {
            Ok(number) => Ok(Value::Number(Number::from(number))),
            Err(_) => Err(mistyped("an Integer")),
        },
        Kind::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(mistyped("a Boolean")),
        },
        Kind::Text { .. }
        | Kind::Choice(_)
        | Kind::Timestamp
        | Kind::List { .. }
        | Kind::Map { .. }
        | Kind::Structure(_)
        | Kind::Union(_) => Ok(Value::from(text)),
    }
}
