//! The Rust types: one per structure, union and enum of the model.

use std::fmt::Write as _;

use super::{
    model::{Location, Member, Model, Shape, Type},
    names::{field, raw, serde_camel, variant},
};

/// Every structure, union and enum but the errors, which `src/wire/error.rs` has.
pub fn all(model: &Model, out: &mut String) {
    for (name, shape) in &model.shapes.0 {
        if shape.is_enum() {
            open_enum(name, shape, out);
        } else if shape.union {
            union(model, name, shape, out);
        } else if shape.is_structure() {
            structure(model, name, shape, out);
        }
    }
}

fn open_enum(name: &str, shape: &Shape, out: &mut String) {
    let _ = write!(
        out,
        "open_enum!(\n    /// The enum `{name}`.\n    {name} {{\n"
    );
    for value in &shape.values {
        let _ = writeln!(out, "        {} = {value:?},", variant(value));
    }
    out.push_str("    }\n);\n\n");
}

fn union(model: &Model, name: &str, shape: &Shape, out: &mut String) {
    let _ = write!(
        out,
        "/// The union `{name}`: exactly one of its members.\n\
         #[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]\n\
         #[serde(rename_all = \"camelCase\")]\n\
         pub enum {name} {{\n"
    );
    for (member_name, member) in &shape.members.0 {
        assert_eq!(
            serde_camel(member_name),
            *member_name,
            "this union needs a rename"
        );
        let ty = rust_type(model, &member.shape);
        let sensitive = model.shape(&member.shape).sensitive;
        let schema = if sensitive { "#[schema(inline)] " } else { "" };
        let _ = writeln!(out, "{}({schema}{ty}),", variant(member_name));
    }
    out.push_str("}\n\n");
}

fn structure(model: &Model, name: &str, shape: &Shape, out: &mut String) {
    let served = model
        .operations
        .0
        .iter()
        .find(|(_, operation)| operation.input.shape == name);
    match served {
        Some((operation, details)) => {
            let (method, uri) = (&details.http.method, &details.http.request_uri);
            let _ = writeln!(out, "/// The request of `{operation}`: `{method} {uri}`.");
        }
        None => {
            let _ = writeln!(out, "/// The structure `{name}`.");
        }
    }
    let default = if shape.required.is_empty() {
        "Default, "
    } else {
        ""
    };
    let _ = write!(
        out,
        "#[derive(Clone, Debug, {default}Deserialize, Eq, PartialEq, Serialize, ToSchema)]\n\
         #[serde(rename_all = \"camelCase\")]\n\
         pub struct {name} {{\n"
    );
    for (member_name, member) in &shape.members.0 {
        let required = shape.required.contains(member_name);
        one_field(model, name, member_name, member, required, out);
    }
    out.push_str("}\n\n");
}

fn one_field(
    model: &Model,
    owner: &str,
    name: &str,
    member: &Member,
    required: bool,
    out: &mut String,
) {
    if let Some(location) = member.location {
        let place = match location {
            Location::Uri => "path",
            Location::QueryString => "query",
        };
        let wire_name = member.location_name.as_deref().unwrap_or(name);
        let _ = writeln!(out, "/// In the {place}, as `{wire_name}`.");
    }
    if serde_camel(name) != name {
        let _ = writeln!(out, "#[serde(rename = {name:?})]");
    }
    let ty = rust_type(model, &member.shape);
    let ty = if required {
        ty
    } else {
        out.push_str("#[serde(skip_serializing_if = \"Option::is_none\")]\n");
        format!("Option<{ty}>")
    };
    let schema = schema_attributes(model, owner, member, required);
    if !schema.is_empty() {
        let _ = writeln!(out, "#[schema({})]", schema.join(", "));
    }
    let _ = writeln!(out, "pub {}: {ty},", field(name));
}

fn schema_attributes(model: &Model, owner: &str, member: &Member, required: bool) -> Vec<String> {
    // Path and query are no part of the body's schema; `OPERATIONS` tells of them.
    if member.location.is_some() {
        return vec!["ignore".to_owned()];
    }
    let shape = model.shape(&member.shape);
    let mut attributes = Vec::new();
    if open_type(model, &member.shape) != rust_type(model, &member.shape) {
        let open = open_type(model, &member.shape);
        let open = if required {
            open
        } else {
            format!("Option<{open}>")
        };
        attributes.push(format!("value_type = {open}"));
    }
    let mut bound = |key: &str, value: Option<i64>| {
        if let Some(value) = value {
            attributes.push(format!("{key} = {value}"));
        }
    };
    match shape.kind {
        Type::String if !shape.is_enum() => {
            bound("min_length", shape.min);
            bound("max_length", shape.max);
            if let Some(pattern) = &shape.pattern {
                attributes.push(format!("pattern = {}", raw(pattern)));
            }
        }
        Type::Integer => {
            bound("minimum", shape.min);
            bound("maximum", shape.max);
        }
        Type::List => {
            bound("min_items", shape.min);
            bound("max_items", shape.max);
        }
        Type::String | Type::Map | Type::Structure | Type::Boolean | Type::Timestamp => {}
    }
    if model
        .reachable(std::iter::once(member.shape.as_str()))
        .contains(owner)
    {
        attributes.push("no_recursion".to_owned());
    }
    attributes
}

/// The type of a member, secrets wrapped.
fn rust_type(model: &Model, name: &str) -> String {
    let open = plain_type(model, name, rust_type);
    if model.shape(name).sensitive {
        format!("Sensitive<{open}>")
    } else {
        open
    }
}

/// The type of a member as its JSON shows it.
fn open_type(model: &Model, name: &str) -> String {
    match model.shape(name).kind {
        Type::Timestamp => "jiff::Timestamp".to_owned(),
        Type::String | Type::Integer | Type::Boolean | Type::List | Type::Map | Type::Structure => {
            plain_type(model, name, open_type)
        }
    }
}

fn plain_type(model: &Model, name: &str, inner: fn(&Model, &str) -> String) -> String {
    let shape = model.shape(name);
    let element = |member: &Option<Box<Member>>| {
        inner(
            model,
            &member.as_ref().expect("a collection has elements").shape,
        )
    };
    match shape.kind {
        Type::String if shape.is_enum() => name.to_owned(),
        Type::String => "String".to_owned(),
        Type::Integer => "i32".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Timestamp => "Timestamp".to_owned(),
        Type::List => format!("Vec<{}>", element(&shape.member)),
        Type::Map => format!("BTreeMap<String, {}>", element(&shape.value)),
        Type::Structure => name.to_owned(),
    }
}
