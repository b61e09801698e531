//! What callers may ask of a cluster: which properties and which fields of a pod. The cluster's
//! administrator widens it; what `render` prints of a plain spark-submit line knows no policy.
//!
//! A breach is told by the name of its property or field, never by a value.

mod fields;
mod paths;
mod properties;
mod values;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use super::pod_template::{self, Role, TemplateError};

pub use fields::is_never_allowed;
pub use paths::is_host_path_pattern;

/// One cluster's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Reserved properties that callers may set all the same; `*` stands for any text.
    pub allow_properties: Vec<String>,
    /// Fields of templates that are allowed beyond the usual ones, such as `spec.hostNetwork` or
    /// `container.securityContext.privileged`, with all below them.
    pub allow_fields: Vec<String>,
    /// Paths of nodes that pods may mount, with all below them; `*` stands for any text without a
    /// slash.
    pub host_paths: Vec<String>,
    /// Priority classes that pods may have; `*` stands for any text.
    pub priority_classes: Vec<String>,
    /// Runtime classes that pods may have; `*` stands for any text.
    pub runtime_classes: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_properties: Vec::new(),
            allow_fields: Vec::new(),
            host_paths: ["/mnt", "/data*", "/local*"].map(str::to_owned).to_vec(),
            priority_classes: Vec::new(),
            runtime_classes: Vec::new(),
        }
    }
}

/// What the policy refuses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Breach {
    #[error("Property {0} is not allowed.")]
    Property(String),
    #[error("Property {key} is not allowed: {why}.")]
    Value { key: String, why: &'static str },
    #[error("{role} pod template validation failed. Field {path} is not allowed: {why}.")]
    Field {
        role: Role,
        path: String,
        why: &'static str,
    },
    #[error("{role} pod template validation failed: {error}.")]
    Template { role: Role, error: TemplateError },
}

/// What a driver's pod has from elsewhere than its template, checked there.
#[derive(Clone, Debug, Default)]
pub struct Granted<'a> {
    pub service_account: Option<&'a str>,
    pub host_paths: Vec<&'a str>,
}

impl Policy {
    /// Checks properties of a caller's, templates among them.
    pub fn check_properties(&self, given: &BTreeMap<String, String>) -> Result<(), Breach> {
        for (key, value) in given {
            properties::check(self, key, value)?;
        }
        for role in [Role::Driver, Role::Executor] {
            if let Some(text) = given.get(&pod_template::inline_property(role)) {
                self.check_text(role, text)?;
            }
        }
        Ok(())
    }

    /// Checks a template's text.
    pub fn check_text(&self, role: Role, text: &str) -> Result<(), Breach> {
        let template =
            pod_template::parse(text).map_err(|error| Breach::Template { role, error })?;
        self.check_template(role, &template)
    }

    /// Checks a template before anything is merged into it.
    pub fn check_template(&self, role: Role, template: &Pod) -> Result<(), Breach> {
        let pod = json(template);
        let refuse = |(path, why)| Err(Breach::Field { role, path, why });
        if let Some(found) = fields::check(self, &pod, &Granted::default()) {
            return refuse(found);
        }
        match values::reserved_name(&pod) {
            Some(found) => refuse(found),
            None => Ok(()),
        }
    }

    /// Checks a driver's pod with everything merged into it.
    pub fn check_driver(&self, pod: &Pod, granted: &Granted<'_>) -> Result<(), Breach> {
        let pod = json(pod);
        match fields::check(self, &pod, granted).or_else(|| values::second_driver(&pod)) {
            Some((path, why)) => Err(Breach::Field {
                role: Role::Driver,
                path,
                why,
            }),
            None => Ok(()),
        }
    }
}

/// Properties that the cluster sets whatever a run says, so that leave to give them has no effect.
pub use properties::is_overridden;

/// Whether `text` matches a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(start) => rest = &rest[start + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn matches_any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

/// A pod is always a JSON object.
fn json(pod: &Pod) -> Value {
    serde_json::to_value(pod).unwrap_or_default()
}

#[cfg(test)]
mod tests;
