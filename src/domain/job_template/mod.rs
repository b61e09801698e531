//! Job templates: what runs have in common, with parameters for what they have not. Only here is it
//! known in which texts of a template a placeholder may stand.

pub mod placeholders;
mod walk;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use walk::{Language, Place};

use super::configuration::Configuration;
use super::ids::{AccountId, JobTemplateId};
use super::job_run::JobDriver;
use walk::Walk;

/// The values that a caller gives, by the parameters' names.
pub type Given = BTreeMap<String, String>;

/// A template as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobTemplate {
    pub id: JobTemplateId,
    pub account: AccountId,
    pub name: String,
    pub data: KeptData,
    pub kms_key_arn: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub created_by: String,
    pub created_at: Timestamp,
}

/// A template to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJobTemplate {
    pub id: JobTemplateId,
    pub name: String,
    pub client_token: String,
    pub data: KeptData,
    pub kms_key_arn: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// What a template holds, as the database has it.
#[derive(Clone, PartialEq, Eq)]
pub enum KeptData {
    Open(Box<JobTemplateData>),
    /// Sealed for `sealing_place`: the JSON of a `JobTemplateData`.
    Sealed(Vec<u8>),
}

impl fmt::Debug for KeptData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open(_) => "Open(***)",
            Self::Sealed(_) => "Sealed(***)",
        })
    }
}

/// The place that a template's data is sealed for.
pub fn sealing_place(id: &JobTemplateId) -> String {
    format!("job_template/{id}")
}

/// What a template holds. Any text of it may hold placeholders.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTemplateData {
    pub execution_role_arn: String,
    pub release_label: String,
    pub driver: JobDriver,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<TemplateOverrides>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_tags: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<BTreeMap<String, Parameter>>,
}

/// A template holds what a run holds: nothing of it is printed.
impl fmt::Debug for JobTemplateData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobTemplateData(***)")
    }
}

/// `configurationOverrides` of a template, which the API wants less of than of a run's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateOverrides {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_configuration: Option<Vec<Configuration>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<TemplateMonitoring>,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateMonitoring {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_app_ui: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch: Option<TemplateCloudWatch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<TemplateS3Logs>,
}

impl fmt::Debug for TemplateMonitoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TemplateMonitoring(***)")
    }
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateCloudWatch {
    pub log_group_name: Option<String>,
    pub log_stream_name_prefix: Option<String>,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateS3Logs {
    pub log_uri: Option<String>,
}

/// One entry of `parameterConfiguration`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Without one, it is a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ParameterKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    String,
    Number,
}

/// Which parts of a template a run replaces by its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    pub execution_role_arn: bool,
    pub release_label: bool,
    pub driver: bool,
    pub application_configuration: bool,
    pub monitoring: bool,
}

impl Replaced {
    pub fn anything(self) -> bool {
        self != Self::default()
    }
}

/// What a template gives a run: `None` where the run replaces it or the template has nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RunParts {
    pub execution_role_arn: Option<String>,
    pub release_label: Option<String>,
    pub driver: Option<JobDriver>,
    pub overrides: Option<TemplateOverrides>,
    pub tags: BTreeMap<String, String>,
}

impl fmt::Debug for RunParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunParts(***)")
    }
}

impl Parameter {
    /// Whether a value, which is kept as it is written, is of the parameter's type.
    pub fn accepts(&self, value: &str) -> bool {
        match self.kind {
            None | Some(ParameterKind::String) => true,
            Some(ParameterKind::Number) => is_number(value),
        }
    }
}

impl JobTemplateData {
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.as_ref()?.get(name)
    }

    /// What a placeholder stands for: nothing if the parameter is not declared or has no value.
    pub fn value<'a>(&'a self, given: &'a Given, name: &str) -> Option<&'a str> {
        let parameter = self.parameter(name)?;
        let value = given.get(name).or(parameter.default_value.as_ref());
        value.map(String::as_str)
    }

    /// Goes through every text in which a placeholder may stand, but for the `replaced` parts, and
    /// puts together what `visit` makes of them. The members of which two keys became one are
    /// given back too: one entry of each is lost.
    pub fn map_texts(
        &self,
        replaced: Replaced,
        visit: &mut dyn FnMut(&Place<'_>, &str) -> String,
    ) -> (RunParts, Vec<String>) {
        Walk::new(visit).run(self, replaced)
    }

    /// How many bytes a text has once its placeholders, which have these names, are filled.
    pub fn filled_bytes<'n>(
        &self,
        given: &Given,
        text: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> usize {
        let names = names.into_iter();
        names.fold(text.len(), |bytes, name| match self.value(given, name) {
            Some(value) => bytes
                .saturating_sub(name.len() + "${}".len())
                .saturating_add(value.len()),
            None => bytes,
        })
    }

    /// The role and the tags of a run, whatever else is wrong with its parameters: these say
    /// whether a caller may start it.
    pub fn role_and_tags(&self, given: &Given) -> (String, BTreeMap<String, String>) {
        // No run has a longer role or tag, and a small request could ask for very long ones.
        const MOST_BYTES: usize = 16 << 10;
        let fill = |text: &str| {
            if self.filled_bytes(given, text, placeholders::names(text)) > MOST_BYTES {
                return text.to_owned();
            }
            placeholders::fill(text, |name| self.value(given, name))
        };
        let tags = self.job_tags.iter().flatten();
        let tags = tags.map(|(key, value)| (fill(key), fill(value)));
        (fill(&self.execution_role_arn), tags.collect())
    }
}

/// A decimal number, with or without a sign, a fraction and an exponent.
fn is_number(text: &str) -> bool {
    let of_a_number =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().all(of_a_number) && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests;
