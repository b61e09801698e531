//! What the real spark-submit sends, against what is rendered for the same command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::ids::Ids;
use super::submit::{Request, objects};
use super::*;
use crate::spark::properties;

/// One submission to spark-submit, and what it sent.
#[derive(Deserialize)]
struct Case {
    arguments: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    refused: bool,
    #[serde(default)]
    ids: Ids,
    pod: Option<Value>,
    service: Option<Value>,
    /// Without the file `spark.properties`, which is in `properties`.
    configmap: Option<Value>,
    #[serde(default)]
    extra: Vec<Value>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

/// Cases that no control plane can be equal in, with the reason.
const INAPPLICABLE: [(&str, &str); 0] = [];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden")
}

/// The recordings' inputs lie elsewhere here.
fn moved(path: &str) -> PathBuf {
    let inputs = path.strip_prefix("/inputs/");
    inputs.map_or_else(|| path.into(), |name| folder().join("inputs").join(name))
}

fn render(version: &str, case: &Case) -> anyhow::Result<Value> {
    let folder = |variable| case.environment.get(variable).map(|path| moved(path));
    let conf_dir = folder("SPARK_CONF_DIR");
    let hadoop_conf_dir = folder("HADOOP_CONF_DIR");
    let request = Request {
        words: &case.arguments,
        spark_version: version,
        layout: Layout::Classic,
        namespace: None,
        conf_dir: conf_dir.as_deref(),
        hadoop_conf_dir: hadoop_conf_dir.as_deref(),
        environment: case.environment.clone(),
        user: "root",
        ids: &case.ids,
    };
    let objects = objects(&request, &|path| Ok(std::fs::read(moved(path))?))?;
    Ok(Rendered::of(&objects)?.into_value())
}

/// The values that are chance's: the UUIDs of folders, and the numbers of claims.
fn without_chance(value: &mut Value) {
    let patterns = [
        (
            r"(/var/data/spark|spark-upload)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            "$1-UUID",
        ),
        (r"-driver-pvc-[0-9]+", "-driver-pvc-N"),
    ]
    .map(|(pattern, with)| (regex::Regex::new(pattern).unwrap(), with));
    let mut text = value.to_string();
    for (pattern, with) in &patterns {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    *value = serde_json::from_str(&text).unwrap();
}

/// Sorts what has an order that Spark leaves to chance.
fn without_order(pod: &mut Value, case: &Case) {
    let given = |prefix: &str| {
        let starts = |word: &&String| word.starts_with(prefix);
        case.arguments.iter().filter(starts).count()
    };
    let sort = |list: &mut Value| {
        let list = list.as_array_mut().unwrap();
        list.sort_by_key(|item| item["name"].as_str().unwrap_or_default().to_owned());
    };
    let is_shuffled = given("spark.kubernetes.driver.volumes.") > 0
        && case
            .arguments
            .iter()
            .any(|word| word.contains("mount.path"));
    let volumes = case
        .arguments
        .iter()
        .filter(|word| word.contains(".mount.path="))
        .count();
    for container in pod["spec"]["containers"].as_array_mut().unwrap() {
        sort_local_dirs(container);
        if given("spark.kubernetes.driverEnv.") > 4 {
            sort(&mut container["env"]);
        }
        if is_shuffled && volumes >= 5 {
            sort(&mut container["volumeMounts"]);
        }
    }
    if is_shuffled && volumes >= 5 {
        sort(&mut pod["spec"]["volumes"]);
    }
}

/// Spark shuffles the local directories, and numbers their volumes as they then stand.
fn sort_local_dirs(container: &mut Value) {
    for variable in container["env"].as_array_mut().into_iter().flatten() {
        if variable["name"] == "SPARK_LOCAL_DIRS" {
            let value = variable["value"].as_str().unwrap();
            let mut directories: Vec<_> = value.split(',').collect();
            directories.sort_unstable();
            variable["value"] = directories.join(",").into();
        }
    }
    let mounts = container["volumeMounts"]
        .as_array_mut()
        .into_iter()
        .flatten();
    let mut local: Vec<_> = mounts
        .filter(|mount| {
            mount["name"]
                .as_str()
                .unwrap()
                .starts_with("spark-local-dir-")
        })
        .collect();
    let mut paths: Vec<_> = local
        .iter()
        .map(|mount| mount["mountPath"].to_string())
        .collect();
    paths.sort_unstable();
    for (mount, path) in local.iter_mut().zip(paths) {
        mount["mountPath"] = path.into();
    }
}

/// Empty objects are no difference to Kubernetes, but to the compare rule: none is taken away.
fn difference(path: &str, expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
            keys.into_iter().find_map(|key| {
                let none = &Value::Null;
                let (left, right) = (
                    left.get(key).unwrap_or(none),
                    right.get(key).unwrap_or(none),
                );
                difference(&format!("{path}.{key}"), left, right)
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(index, (left, right))| {
                difference(&format!("{path}[{index}]"), left, right)
            }),
        (left, right) => (left != right).then(|| {
            let shown = |value: &Value| value.to_string().chars().take(200).collect::<String>();
            format!("{path}: expected {}, found {}", shown(left), shown(right))
        }),
    }
}

/// How the case differs from what was recorded, if it does.
fn compare(version: &str, case: &Case) -> Option<String> {
    let rendered = render(version, case);
    if case.refused {
        return rendered.is_ok().then(|| "it was not refused".to_owned());
    }
    let mut found = match rendered {
        Ok(found) => found,
        Err(error) => return Some(format!("it was refused: {error:#}")),
    };
    let data = found["configmap"]["data"].as_object_mut();
    let text = data.and_then(|data| data.remove("spark.properties"));
    let properties =
        properties::from_text(text.as_ref().and_then(Value::as_str).unwrap_or_default());
    found["properties"] = json!(properties);
    let mut expected = json!({
        "pod": case.pod,
        "service": case.service,
        "configmap": case.configmap,
        "properties": case.properties,
    });
    if !case.extra.is_empty() {
        expected["extra"] = json!(case.extra);
    }
    for value in [&mut expected, &mut found] {
        without_chance(value);
        without_order(&mut value["pod"], case);
    }
    difference("", &expected, &found)
}

#[test]
fn what_is_rendered_is_what_spark_submit_sends() {
    let mut cases = 0;
    let mut failures = Vec::new();
    for file in std::fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let version = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let of_version: BTreeMap<String, Case> = serde_json::from_str(&text).unwrap();
        for (name, case) in &of_version {
            if INAPPLICABLE
                .iter()
                .any(|(inapplicable, _)| inapplicable == name)
            {
                continue;
            }
            cases += 1;
            if let Some(difference) = compare(version, case) {
                failures.push(format!("{version} {name}: {difference}"));
            }
        }
    }
    assert!(cases > 0, "there are no recordings");
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} of {cases} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
