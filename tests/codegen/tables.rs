//! The tables: operations with their routes, and shapes with their constraints.

use std::fmt::Write as _;

use super::{
    model::{Location, Member, Model, Shape, Type},
    names::{raw, screaming, variant},
    pattern,
};

/// The operations, the list of them, and the statuses of the modeled errors.
pub fn operations(model: &Model, out: &mut String) {
    out.push_str("/// Every operation of the API.\npub static OPERATIONS: &[&Operation] = &[");
    for (name, _) in &model.operations.0 {
        let _ = write!(out, "&operations::{},", screaming(name));
    }
    out.push_str("];\n\n");

    out.push_str("/// The errors of the model with their HTTP statuses.\n");
    out.push_str("pub const MODELED_ERRORS: &[(&str, u16)] = &[");
    for (name, shape) in &model.shapes.0 {
        if let Some(error) = &shape.error {
            let _ = write!(out, "({name:?}, {}),", error.http_status_code);
        }
    }
    out.push_str("];\n\n");

    out.push_str(
        "/// The operations, each under AWS's name.\npub mod operations {\nuse super::*;\n\n",
    );
    for (name, operation) in &model.operations.0 {
        let errors: Vec<_> = operation.errors.iter().map(|error| &error.shape).collect();
        let _ = write!(
            out,
            "pub static {}: Operation = Operation {{ name: {name:?}, \
             method: Method::{}, uri: {:?}, input: &shapes::{}, output: &shapes::{}, errors: &{errors:?} \
             }};\n\n",
            screaming(name),
            operation.http.method,
            operation.http.request_uri,
            screaming(&operation.input.shape),
            screaming(&operation.output.shape),
        );
    }
    out.push_str("}\n\n");
}

/// The shapes of requests and responses, and the types of requests that have one.
pub fn shapes(model: &Model, out: &mut String) {
    let requests = model.requests();
    let reachable = model.exchanged();
    for (name, shape) in &model.shapes.0 {
        if requests.contains(name.as_str()) && shape.kind == Type::Structure {
            let _ = write!(
                out,
                "impl Shaped for {name} {{ const SHAPE: &'static Shape = &shapes::{}; }}\n\n",
                screaming(name)
            );
        }
    }
    for (name, operation) in &model.operations.0 {
        let _ = write!(
            out,
            "impl Request for {} {{ type Response = {}; \
             const OPERATION: &'static Operation = &operations::{}; }}\n\n",
            operation.input.shape,
            operation.output.shape,
            screaming(name)
        );
    }

    let names: Vec<_> = model
        .shapes
        .0
        .iter()
        .filter(|(name, _)| reachable.contains(name.as_str()))
        .collect();
    out.push_str(
        "/// Every shape that a request or a response can hold.\npub static SHAPES: &[&Shape] = &[",
    );
    for (name, _) in &names {
        let _ = write!(out, "&shapes::{},", screaming(name));
    }
    out.push_str(
        "];\n\n/// The shapes, each under AWS's name.\npub mod shapes {\nuse super::*;\n\n",
    );
    for (name, shape) in names {
        let _ = write!(
            out,
            "pub static {}: Shape = Shape::{}({name:?}, {});\n\n",
            screaming(name),
            if shape.sensitive { "sensitive" } else { "open" },
            kind(name, shape),
        );
    }
    out.push_str("}\n");
}

impl Model {
    /// The shapes that a request can hold.
    pub fn requests(&self) -> std::collections::BTreeSet<&str> {
        self.reachable(
            self.operations
                .0
                .iter()
                .map(|(_, operation)| operation.input.shape.as_str()),
        )
    }

    /// The shapes that a request or a response can hold.
    fn exchanged(&self) -> std::collections::BTreeSet<&str> {
        self.reachable(self.operations.0.iter().flat_map(|(_, operation)| {
            [&operation.input, &operation.output].map(|end| end.shape.as_str())
        }))
    }
}

fn kind(name: &str, shape: &Shape) -> String {
    let bounds = format!("Bounds::new({:?}, {:?})", shape.min, shape.max);
    let element = |member: &Option<Box<Member>>| {
        let member = member.as_ref().expect("a collection has elements");
        format!("&{}", screaming(&member.shape))
    };
    match shape.kind {
        Type::String if shape.is_enum() => format!("Kind::Choice({}::VALUES)", name),
        Type::String => format!(
            "Kind::Text {{ length: {bounds}, pattern: {} }}",
            text(name, shape)
        ),
        Type::Integer => format!("Kind::Integer({bounds})"),
        Type::Boolean => "Kind::Boolean".to_owned(),
        Type::Timestamp => "Kind::Timestamp".to_owned(),
        Type::List => {
            format!(
                "Kind::List {{ member: {}, length: {bounds} }}",
                element(&shape.member)
            )
        }
        Type::Map => format!(
            "Kind::Map {{ key: {}, value: {}, length: {bounds} }}",
            element(&shape.key),
            element(&shape.value)
        ),
        Type::Structure => {
            let which = if shape.union { "Union" } else { "Structure" };
            let members: String = shape
                .members
                .0
                .iter()
                .map(|(name, member)| row(name, member, shape.required.contains(name)))
                .collect();
            format!("Kind::{}(&[{members}])", variant(which))
        }
    }
}

fn text(name: &str, shape: &Shape) -> String {
    let Some(source) = &shape.pattern else {
        return "None".to_owned();
    };
    let (regex, unless) = pattern::for_shape(name, source);
    let unless = unless.map_or("None".to_owned(), |unless| format!("Some({})", raw(unless)));
    if regex == *source && unless == "None" {
        return format!("Some(Pattern::plain({}))", raw(source));
    }
    format!(
        "Some(Pattern::new({}, {}, {unless}))",
        raw(source),
        raw(&regex)
    )
}

fn row(name: &str, member: &Member, required: bool) -> String {
    let shape = screaming(&member.shape);
    let wire_name = member.location_name.as_deref().unwrap_or(name);
    let suffix = if required { ".required()" } else { "" };
    match member.location {
        Some(Location::Uri) => {
            assert!(required, "{name} is in the path and optional");
            format!("Member::path({name:?}, {wire_name:?}, &{shape}),")
        }
        Some(Location::QueryString) => {
            format!("Member::query({name:?}, {wire_name:?}, &{shape}){suffix},")
        }
        None => {
            assert_eq!(name, wire_name, "a body member has two names");
            format!("Member::body({name:?}, &{shape}){suffix},")
        }
    }
}
