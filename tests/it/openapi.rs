//! The description of the API: it is the committed one, and says everything that the model says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use firesteel::wire::{
    Bounds, Kind, Location, MODELED_ERRORS, Member, OPERATIONS, Operation, SHAPES, Shape,
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::TestApp;

#[test]
fn the_committed_description_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/emr-containers.json");
    let mut current = firesteel::http::specification().to_pretty_json().unwrap();
    current.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "openapi/emr-containers.json is not current: run `UPDATE=1 cargo test --test it openapi`"
    );
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_referred_to() {
    let description = description();
    let mut found = BTreeSet::new();
    visit(&description, &mut |value| {
        found.extend(value.get("$ref").and_then(Value::as_str).map(str::to_owned));
    });
    for reference in &found {
        let place = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(place).is_some(), "{reference}");
    }
    for kind in ["schemas", "responses"] {
        for name in description["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(found.contains(&reference), "nothing refers to {reference}");
        }
    }
}

/// Nothing else is described but what is Firesteel's own, and no parameter twice.
#[test]
fn every_operation_of_the_model_is_described_with_parameters_bodies_and_errors() {
    let description = description();
    let mut seen = 0;
    for operation in OPERATIONS {
        let described = described(&description, operation);
        seen += 1;
        assert_eq!(described["operationId"], operation.name);
        assert!(described["summary"].is_string(), "{}", operation.name);
        check_parameters(operation, described);
        check_request_body(operation, described);
        check_responses(&description, operation, described);
    }
    let paths = description["paths"].as_object().unwrap();
    let all: usize = paths
        .values()
        .map(|item| item.as_object().unwrap().len())
        .sum();
    let own: Vec<_> = paths
        .iter()
        .filter(|(path, _)| path.starts_with("/firesteel/"))
        .flat_map(|(_, item)| item.as_object().unwrap().values())
        .collect();
    assert_eq!(
        all,
        seen + own.len(),
        "something is described that is neither the model's nor below /firesteel/"
    );
    let names: Vec<_> = own.iter().map(|own| &own["operationId"]).collect();
    assert_eq!(
        names,
        [
            "GetVirtualClusterStory",
            "GetJobRunStory",
            "ListJobRunEvents"
        ]
    );
    for own in own {
        assert_eq!(own["tags"], json!(["Firesteel"]));
        assert!(own["responses"]["403"].is_object());
        assert!(own["responses"]["200"]["headers"]["x-amzn-RequestId"].is_object());
    }
}

#[test]
fn every_schema_has_the_constraints_of_its_shape() {
    let description = description();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for shape in SHAPES {
        match (&shape.kind, schemas.get(shape.name)) {
            (Kind::Choice(_) | Kind::Structure(_) | Kind::Union(_), Some(schema)) => {
                check_named(shape, schema);
            }
            // A request all of whose members are parameters has no body.
            (Kind::Structure(members), None) => {
                let in_body = |member: &Member| member.location == Location::Body;
                assert!(!members.iter().any(in_body), "{} is missing", shape.name);
            }
            (Kind::Choice(_) | Kind::Union(_), None) => panic!("{} is missing", shape.name),
            (
                Kind::Text { .. }
                | Kind::Integer(_)
                | Kind::Boolean
                | Kind::Timestamp
                | Kind::List { .. }
                | Kind::Map { .. },
                schema,
            ) => assert!(schema.is_none(), "{} needs no name", shape.name),
        }
    }
}

#[test]
fn every_pattern_is_anchored_and_no_type_is_nullable() {
    let mut patterns = 0;
    visit(&description(), &mut |value| {
        if let Some(pattern) = value.get("pattern").and_then(Value::as_str) {
            assert!(
                pattern.starts_with('^') && pattern.ends_with('$'),
                "{pattern}"
            );
            assert!(!pattern.contains(r"\x{"), "{pattern}");
            patterns += 1;
        }
        let types = value.get("type").and_then(Value::as_array);
        assert!(types.is_none(), "{value}");
    });
    assert!(patterns > 50);
}

#[sqlx::test]
async fn the_documentation_needs_no_authentication_and_nothing_from_elsewhere(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let get = async |path: &str| {
        let url = format!("{}{path}", app.client.base);
        app.client.http.get(url).send().await.unwrap()
    };
    let served = get("/openapi.json").await;
    assert_eq!(served.status(), 200);
    assert_eq!(served.headers()["content-type"], "application/json");
    let served: Value = served.json().await.unwrap();
    assert!(served == description());

    let redirected = get("/docs").await;
    assert!(redirected.url().path() == "/docs/");
    let page = get("/docs/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("http"), "{policy}");
    let page = page.text().await.unwrap();
    let assets: Vec<_> = page
        .split(['"', '\''])
        .filter(|text| {
            [".js", ".css", ".png"]
                .iter()
                .any(|end| text.ends_with(end))
        })
        .map(|asset| asset.trim_start_matches("./"))
        .collect();
    assert!(assets.len() >= 4, "{assets:?}");
    for asset in &assets {
        assert!(!asset.contains("//"), "{asset} is elsewhere");
        let found = get(&format!("/docs/{asset}")).await;
        assert_eq!(found.status(), 200, "{asset}");
        let kind = found.headers()["content-type"].to_str().unwrap();
        let known = ["javascript", "css", "png"]
            .iter()
            .any(|known| kind.contains(known));
        assert!(known, "{asset} is {kind}");
    }
    let start = get("/docs/swagger-initializer.js")
        .await
        .text()
        .await
        .unwrap();
    assert!(start.contains("\"/openapi.json\""), "{start}");
    assert_eq!(get("/docs/nothing.js").await.status(), 404);
}

#[sqlx::test]
async fn the_documentation_is_behind_the_check_of_the_host_and_can_be_off(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    for path in ["/docs/", "/openapi.json"] {
        let request = app.client.request(reqwest::Method::GET, path);
        let request = request.header("host", "evil.example");
        app.client
            .send(request)
            .await
            .refused_with(403, "AccessDeniedException", "another host");
    }
    let app = TestApp::with(pool, &[("API__DOCS", "false")]).await;
    for path in ["/docs", "/docs/", "/openapi.json"] {
        let reply = app.client.get(path).await;
        reply.refused(
            404,
            "UnknownOperationException",
            "No operation has this path.",
        );
    }
}

#[sqlx::test]
async fn the_documentation_is_there_for_who_has_no_key_yet(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
    for (path, status) in [
        ("/docs/", 200),
        ("/openapi.json", 200),
        ("/virtualclusters", 403),
    ] {
        let request = app.client.http.get(format!("{}{path}", app.client.base));
        assert_eq!(request.send().await.unwrap().status(), status, "{path}");
    }
}

fn check_parameters(operation: &Operation, described: &Value) {
    let mut names = BTreeSet::new();
    let parameters = described["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for parameter in &parameters {
        let place = parameter["in"].as_str().unwrap();
        let name = parameter["name"].as_str().unwrap();
        assert!(
            names.insert((place, name)),
            "{}: {name} twice",
            operation.name
        );
    }
    let mut expected = BTreeSet::new();
    for member in operation.members() {
        let place = match member.location {
            Location::Path => "path",
            Location::Query => "query",
            Location::Body => continue,
        };
        expected.insert((place, member.wire_name));
        let parameter = parameters
            .iter()
            .find(|it| it["name"] == member.wire_name && it["in"] == place)
            .unwrap();
        assert_eq!(parameter["required"], member.required, "{}", member.name);
        let mut schema = parameter["schema"].clone();
        if member.name == "maxResults" {
            assert_eq!(
                schema.as_object_mut().unwrap().remove("minimum"),
                Some(json!(1))
            );
        }
        check(member.shape, &schema);
    }
    assert_eq!(names, expected, "{}", operation.name);
    let labels = operation.uri.matches('{').count();
    assert_eq!(
        names.iter().filter(|(place, _)| *place == "path").count(),
        labels
    );
}

fn check_request_body(operation: &Operation, described: &Value) {
    let mut in_body = operation
        .members()
        .iter()
        .filter(|it| it.location == Location::Body);
    let body = &described["requestBody"];
    if in_body.clone().next().is_none() {
        assert!(body.is_null(), "{}", operation.name);
        return;
    }
    assert_eq!(body["required"], in_body.any(|member| member.required));
    check(
        operation.input,
        &body["content"]["application/json"]["schema"],
    );
}

fn check_responses(description: &Value, operation: &Operation, described: &Value) {
    let responses = described["responses"].as_object().unwrap();
    let statuses: Vec<_> = responses.keys().map(String::as_str).collect();
    for status in ["200", "400", "403", "413", "415", "500", "503"] {
        assert!(statuses.contains(&status), "{}: {status}", operation.name);
    }
    let success = &responses["200"]["content"]["application/json"]["schema"];
    check(operation.output, success);
    let mut errors = BTreeMap::new();
    for (status, response) in responses.iter().filter(|(status, _)| *status != "200") {
        let response = followed(description, response);
        assert!(response["headers"]["x-amzn-RequestId"].is_object());
        let named = &response["headers"]["x-amzn-ErrorType"]["schema"]["enum"];
        let examples = response["content"]["application/json"]["examples"]
            .as_object()
            .unwrap();
        for (code, example) in examples {
            assert_eq!(example["value"]["__type"], code.as_str());
            assert!(named.as_array().unwrap().contains(&json!(code)), "{code}");
            errors.insert(code.as_str(), status.parse::<u16>().unwrap());
        }
    }
    for code in operation.errors {
        let status = MODELED_ERRORS
            .iter()
            .find(|(name, _)| name == code)
            .unwrap()
            .1;
        assert_eq!(
            errors.get(code),
            Some(&status),
            "{}: {code}",
            operation.name
        );
    }
    for code in [
        "SerializationException",
        "ThrottlingException",
        "AccessDeniedException",
    ] {
        assert!(errors.contains_key(code), "{}: {code}", operation.name);
    }
}

fn check_named(shape: &'static Shape, schema: &Value) {
    match &shape.kind {
        Kind::Choice(values) => assert_eq!(schema["enum"], json!(values)),
        Kind::Structure(members) => {
            let body = members.iter().filter(|it| it.location == Location::Body);
            let required = body.clone().filter(|member| member.required);
            check_members(shape, body, required, schema);
        }
        Kind::Union(members) => {
            let choices = schema["oneOf"].as_array().unwrap();
            assert_eq!(choices.len(), members.len(), "{}", shape.name);
            for (member, choice) in members.iter().zip(choices) {
                let only = std::slice::from_ref(member);
                check_members(shape, only.iter(), only.iter(), choice);
            }
        }
        Kind::Text { .. }
        | Kind::Integer(_)
        | Kind::Boolean
        | Kind::Timestamp
        | Kind::List { .. }
        | Kind::Map { .. } => panic!("{} needs no name", shape.name),
    }
}

fn check_members(
    shape: &Shape,
    body: impl Iterator<Item = &'static Member> + Clone,
    required: impl Iterator<Item = &'static Member>,
    schema: &Value,
) {
    let names: BTreeSet<_> = body.clone().map(|member| member.name).collect();
    let properties = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let found: BTreeSet<_> = properties.keys().map(String::as_str).collect();
    assert_eq!(found, names, "{}", shape.name);
    let required: BTreeSet<_> = required.map(|member| member.name).collect();
    let found = schema["required"].as_array().cloned().unwrap_or_default();
    let found: BTreeSet<_> = found.iter().filter_map(Value::as_str).collect();
    assert_eq!(found, required, "{}", shape.name);
    for member in body {
        check(member.shape, &properties[member.name]);
    }
}

fn check(shape: &'static Shape, schema: &Value) {
    let limits = |bounds: &Bounds, least: &str, most: &str| {
        assert_eq!(
            schema.get(least).and_then(Value::as_i64),
            bounds.min,
            "{}",
            shape.name
        );
        assert_eq!(
            schema.get(most).and_then(Value::as_i64),
            bounds.max,
            "{}",
            shape.name
        );
    };
    let kind = match &shape.kind {
        Kind::Text { length, .. } => {
            limits(length, "minLength", "maxLength");
            assert!(schema["pattern"].is_string(), "{}", shape.name);
            "string"
        }
        Kind::Integer(bounds) => {
            limits(bounds, "minimum", "maximum");
            assert_eq!(schema["format"], "int32");
            "integer"
        }
        Kind::Boolean => "boolean",
        Kind::Timestamp => {
            assert_eq!(schema["format"], "date-time");
            "string"
        }
        Kind::List { member, length } => {
            limits(length, "minItems", "maxItems");
            check(member, &schema["items"]);
            "array"
        }
        Kind::Map { key, value, length } => {
            limits(length, "minProperties", "maxProperties");
            check(key, &schema["propertyNames"]);
            check(value, &schema["additionalProperties"]);
            "object"
        }
        Kind::Choice(_) | Kind::Structure(_) | Kind::Union(_) => {
            let reference = format!("#/components/schemas/{}", shape.name);
            assert_eq!(schema["$ref"], reference.as_str());
            return;
        }
    };
    assert_eq!(schema["type"], kind, "{}", shape.name);
}

fn described<'a>(description: &'a Value, operation: &Operation) -> &'a Value {
    let method = operation.method.as_str().to_ascii_lowercase();
    let described = description["paths"]
        .get(operation.uri)
        .and_then(|item| item.get(method));
    described.unwrap_or_else(|| panic!("{} is not described", operation.name))
}

fn followed<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => description.pointer(&reference[1..]).unwrap(),
        None => value,
    }
}

fn visit(value: &Value, look: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            look(value);
            members.values().for_each(|value| visit(value, look));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn description() -> Value {
    serde_json::to_value(firesteel::http::specification()).unwrap()
}
