//! Pod templates: where they come from, and what of one a Spark pod starts from. A template is read
//! as Spark's Kubernetes client reads it; no error holds any of its text but the names of fields.

mod parse;
mod source;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub use parse::{MAX_BYTES, TemplateError, as_read, parse, unknown_fields};
pub use source::{SourceError, TemplateSource, Templates, inline_property, take};

/// Whose pod a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Driver,
    Executor,
}

impl Role {
    /// As it stands in the names of properties.
    pub fn word(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Executor => "executor",
        }
    }
}

/// As it stands at the beginning of a sentence.
impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Driver => "Driver",
            Self::Executor => "Executor",
        })
    }
}

/// What a pod starts from, the Spark container apart from its others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    pub metadata: ObjectMeta,
    pub spec: PodSpec,
    pub container: Container,
}

/// Takes the Spark container out of a template: the only one of that name, else the first, else an
/// empty one.
pub fn start(template: Pod, container_name: Option<&str>) -> Start {
    let mut spec = template.spec.unwrap_or_default();
    let named: Vec<usize> = spec
        .containers
        .iter()
        .enumerate()
        .filter(|(_, container)| Some(container.name.as_str()) == container_name)
        .map(|(index, _)| index)
        .collect();
    let index = match named[..] {
        [only] => only,
        _ => 0,
    };
    let container = if spec.containers.is_empty() {
        Container::default()
    } else {
        spec.containers.remove(index)
    };
    Start {
        metadata: template.metadata,
        spec,
        container,
    }
}

#[cfg(test)]
mod tests;
