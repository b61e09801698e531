//! How a driver gets its conf folder and its address: as one object, or as spark-submit does it.
//! Compact wherever that hurts nobody; what hurts is a reason, told in the run's story.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Pod;
use regex::Regex;

use super::{BuildError, MAX_ANNOTATION_BYTES, Texts, conf};
use crate::spark::layout::{Layout, LayoutSetting};
use crate::spark::plan::Plan;
use crate::spark::properties;

/// A layout, with the reason where it is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub layout: Layout,
    pub reason: Option<String>,
}

/// Chooses the layout of `plan`, by its own wish before the cluster's `setting`. Refuses a wish
/// for the compact layout that it cannot fulfil.
pub fn choose(plan: &Plan, texts: &Texts, setting: LayoutSetting) -> Result<Choice, BuildError> {
    let classic = |reason| Choice {
        layout: Layout::Classic,
        reason: Some(reason),
    };
    let compact = Choice {
        layout: Layout::Compact,
        reason: None,
    };
    match plan.layout.unwrap_or(setting) {
        LayoutSetting::Classic => Ok(classic("The classic layout was asked for.".to_owned())),
        LayoutSetting::Compact => match impossible(plan, texts) {
            Some(why) => Err(BuildError::NotCompact(why)),
            None => Ok(compact),
        },
        LayoutSetting::Auto => {
            let why = impossible(plan, texts).or_else(|| harmful(plan, texts));
            Ok(why.map_or(compact, |why| {
                classic(format!("The classic layout was chosen: {why}."))
            }))
        }
    }
}

impl Layout {
    /// That of a driver's pod which exists already.
    pub fn of(pod: &Pod) -> Self {
        let volumes = pod
            .spec
            .iter()
            .flat_map(|spec| spec.volumes.iter().flatten());
        let reads_a_map = volumes
            .filter(|volume| volume.name == conf::VOLUME)
            .any(|volume| volume.config_map.is_some());
        if reads_a_map {
            Self::Classic
        } else {
            Self::Compact
        }
    }
}

/// More text than this hurts: each change of a pod's status rewrites all of it and sends it to
/// everybody who watches.
const MUCH_TEXT: usize = 32 * 1024;

const SERVICE: &str = "spark.kubernetes.driver.service.";
/// Says how a Service ends that is not there.
const SERVICE_END: &str = "spark.kubernetes.driver.service.deleteOnTermination";

/// Why one pod cannot carry the plan.
fn impossible(plan: &Plan, texts: &Texts) -> Option<String> {
    let service = plan
        .properties
        .keys()
        .find(|key| key.starts_with(SERVICE) && *key != SERVICE_END);
    if let Some(key) = service {
        return Some(format!("{key} is about the driver's Service"));
    }
    let options = [
        "spark.driver.extraJavaOptions",
        "spark.driver.defaultJavaOptions",
    ];
    let ipv6 = options.into_iter().find(|key| {
        let options = plan.properties.get(*key);
        options.is_some_and(|text| text.contains("-Djava.net.preferIPv6Addresses=true"))
    });
    if let Some(key) = ipv6 {
        // Spark wants brackets around such an address, and the kubelet writes none.
        return Some(format!("{key} prefers IPv6 addresses"));
    }
    let annotations = plan
        .properties
        .iter()
        .filter(|(key, _)| key.starts_with("spark.kubernetes.driver.annotation."))
        .map(|(key, value)| key.len() + value.len());
    let bytes = text_bytes(plan, texts) + annotations.sum::<usize>();
    (bytes > MAX_ANNOTATION_BYTES)
        .then(|| format!("its {bytes} bytes of text are more than a pod's annotations can hold"))
}

/// Why one pod had better not carry the plan.
fn harmful(plan: &Plan, texts: &Texts) -> Option<String> {
    let bytes = text_bytes(plan, texts);
    if bytes > MUCH_TEXT {
        return Some(format!("the files of its conf folder have {bytes} bytes"));
    }
    let has_maps = !texts.hadoop_conf.is_empty() || texts.krb5_conf.is_some();
    if has_maps || texts.keytab.is_some() {
        return Some("it has files of Hadoop or Kerberos".to_owned());
    }
    let map = plan.properties.keys().find(|key| {
        *key == "spark.kubernetes.hadoop.configMapName"
            || key.starts_with("spark.kubernetes.kerberos.")
    });
    if let Some(key) = map {
        return Some(format!("{key} is about files of Hadoop or Kerberos"));
    }
    secret(plan)
}

/// What of the plan would ride in annotations.
fn text_bytes(plan: &Plan, texts: &Texts) -> usize {
    let files = plan.conf_files.values().map(String::len).sum::<usize>();
    let template = texts.executor_template.as_ref().map_or(0, String::len);
    files + template + properties::to_text(&plan.properties).len()
}

const REDACTION: &str = "spark.redaction.regex";

/// Spark's own default for `spark.redaction.regex`.
static SECRET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i)secret|password|token|access[.]?key").ok());

/// Properties with these in their names name a secret and hold none.
const NAMES_OF_SECRETS: [&str; 5] = [
    ".secretKeyRef.",
    ".driver.secrets.",
    ".executor.secrets.",
    ".pullSecrets",
    ".kerberos.tokenSecret.",
];

/// Why the plan may hold a secret, which audit logs and log shippers would copy with the pod's
/// annotations. What Spark would redact counts, less what only sounds like it: the names of
/// classes and of Kubernetes' own secrets.
fn secret(plan: &Plan) -> Option<String> {
    let own = match plan.properties.get(REDACTION).map(|text| Regex::new(text)) {
        None => None,
        Some(Ok(own)) => Some(own),
        Some(Err(_)) => return Some(format!("{REDACTION} is not understood here")),
    };
    let patterns: Vec<&Regex> = SECRET.iter().chain(&own).collect();
    let holds = |key: &str, value: &str| {
        let named = patterns.iter().any(|pattern| pattern.is_match(key))
            && !NAMES_OF_SECRETS.iter().any(|part| key.contains(part))
            && !matches!(value, "" | "true" | "false");
        named || patterns.iter().any(|pattern| assigns(pattern, value))
    };
    let property = plan
        .properties
        .iter()
        .find(|(key, value)| *key != REDACTION && holds(key, value));
    if let Some((key, _)) = property {
        return Some(format!("{key} may hold a secret"));
    }
    let file = plan
        .conf_files
        .iter()
        .find(|(_, text)| patterns.iter().any(|pattern| pattern.is_match(text)));
    file.map(|(name, _)| format!("file {name} of its conf folder may hold a secret"))
}

/// Whether `text` gives a value to something that `pattern` matches, such as
/// `-Dtrust.password=x`, and does not just name it.
fn assigns(pattern: &Regex, text: &str) -> bool {
    pattern.find_iter(text).any(|found| {
        let rest = text[found.end()..].trim_start_matches(|c: char| {
            c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
        });
        rest.strip_prefix(['=', ':'])
            .is_some_and(|value| value.starts_with(|c: char| !c.is_whitespace()))
    })
}

#[cfg(test)]
mod tests;
