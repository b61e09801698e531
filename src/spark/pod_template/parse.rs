//! From a template's text to a pod. What a text can cost is bounded before it is read: its size, its
//! depth, and what its aliases stand for.

use k8s_openapi::api::core::v1::Pod;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_saphyr::{Error, Options};

/// The longest template; an executor's is carried along by its driver's pod.
pub const MAX_BYTES: usize = 128 * 1024;

/// Why a text is no pod template. None holds any of the text, which may be another's secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TemplateError {
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLong,
    #[error("it is not one YAML document with a Pod in it{}", at(.line))]
    NotYaml { line: Option<u64> },
    #[error("it has no spec")]
    NoSpec,
    #[error("field {path} is not what a Pod has there{}", at(.line))]
    Field { path: String, line: Option<u64> },
}

/// Reads a template, YAML or JSON. Fields that no Pod has are left out, as Spark's client does.
pub fn parse(text: &str) -> Result<Pod, TemplateError> {
    check_size(text)?;
    let text = document(text);
    // What is no YAML has no fields that an error could name without telling the text.
    serde_saphyr::from_str_with_options::<IgnoredAny>(text, options()).map_err(|error| {
        TemplateError::NotYaml {
            line: error.location().map(|location| location.line()),
        }
    })?;
    let (mut path, mut inner) = (None, None);
    let result = serde_saphyr::with_deserializer_from_str_with_options(
        text,
        options(),
        |deserializer| -> Result<Pod, Error> {
            serde_path_to_error::deserialize(deserializer).map_err(|error| {
                path = Some(known_part(error.path()));
                let error = error.into_inner();
                inner = error.location().map(|location| location.line());
                error
            })
        },
    );
    let pod = result.map_err(|error| {
        let line = inner.or_else(|| error.location().map(|location| location.line()));
        match path {
            Some(path) if !path.is_empty() => TemplateError::Field { path, line },
            Some(_) | None => TemplateError::NotYaml { line },
        }
    })?;
    if pod.spec.is_none() {
        // Spark cannot load it either.
        return Err(TemplateError::NoSpec);
    }
    Ok(pod)
}

/// The text of a template that says, in JSON, what was read of this one: readers of YAML differ, and
/// know fields that others do not. Its namespace is left out: pods are made in their run's.
pub fn as_read(text: &str) -> Result<String, TemplateError> {
    let mut pod = parse(text)?;
    pod.metadata.namespace = None;
    // A pod is always a JSON object.
    let text = serde_json::to_value(&pod).unwrap_or_default().to_string();
    // Aliases stand for more than they are.
    check_size(&text)?;
    Ok(text)
}

/// Fields of the text that `pod`, read from it, does not have: no pod will have them.
pub fn unknown_fields(text: &str, pod: &Pod) -> Vec<String> {
    let given = serde_saphyr::from_str_with_options::<Value>(document(text), options());
    let (Ok(given), Ok(taken)) = (given, serde_json::to_value(pod)) else {
        return Vec::new();
    };
    let mut unknown = Vec::new();
    compare(&given, &taken, &mut String::new(), &mut unknown);
    unknown
}

/// The text without the marks that end its document, after which a reader would look for another.
fn document(text: &str) -> &str {
    let mut text = text.trim_end();
    while let Some(rest) = text
        .strip_suffix("\n---")
        .or_else(|| text.strip_suffix("\n..."))
    {
        text = rest.trim_end();
    }
    text
}

fn check_size(text: &str) -> Result<(), TemplateError> {
    if text.len() > MAX_BYTES {
        return Err(TemplateError::TooLong);
    }
    Ok(())
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_depth: 48,
            max_nodes: 50_000,
            max_events: 100_000,
            max_anchors: 1_000,
            max_aliases: 1_000,
            max_total_scalar_bytes: 2 * MAX_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 50_000,
            max_replay_stack_depth: 16,
        },
        with_snippet: false,
    }
}

/// Fields whose members have names of the text's own.
const MAPS: [&str; 11] = [
    "allocatedResources",
    "annotations",
    "capacity",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "options",
    "overhead",
    "requests",
    "volumeAttributes",
];

/// The path as far as it is made of names of a Pod's fields.
fn known_part(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut known = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => known.push_str(&format!("[{index}]")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                if !known.is_empty() {
                    known.push('.');
                }
                known.push_str(key);
                if MAPS.contains(&key.as_str()) {
                    break;
                }
            }
            Segment::Unknown => break,
        }
    }
    known
}

fn compare(given: &Value, taken: &Value, path: &mut String, unknown: &mut Vec<String>) {
    const MOST: usize = 20;
    match (given, taken) {
        (Value::Object(given), Value::Object(taken)) => {
            for (key, value) in given {
                let before = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                match taken.get(key) {
                    Some(taken) => compare(value, taken, path, unknown),
                    None if value.is_null() || unknown.len() >= MOST => {}
                    None => unknown.push(path.clone()),
                }
                path.truncate(before);
            }
        }
        (Value::Array(given), Value::Array(taken)) => {
            for (index, (given, taken)) in given.iter().zip(taken).enumerate() {
                let before = path.len();
                path.push_str(&format!("[{index}]"));
                compare(given, taken, path, unknown);
                path.truncate(before);
            }
        }
        _ => {}
    }
}

fn at(line: &Option<u64>) -> String {
    match line {
        Some(line) if *line > 0 => format!(" (line {line})"),
        Some(_) | None => String::new(),
    }
}
