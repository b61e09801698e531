//! Who may do what: a policy is evaluated as IAM evaluates one, and what it holds that is not
//! evaluated here is refused when it is read, never ignored.

mod document;
mod json;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::pattern::{ArnPattern, Pattern};

/// The resource of an operation that is done to none in particular.
pub const ANY: &str = "*";

/// What a caller asks to do: one operation, done to one resource.
#[derive(Clone, Debug, Default)]
pub struct Access<'a> {
    /// Such as `StartJobRun`; the action is `emr-containers:StartJobRun`.
    pub operation: &'a str,
    /// An ARN, or `ANY`.
    pub resource: String,
    /// `aws:ResourceTag/*`
    pub resource_tags: Option<&'a BTreeMap<String, String>>,
    /// `aws:RequestTag/*`
    pub request_tags: Option<&'a BTreeMap<String, String>>,
    /// `emr-containers:ExecutionRoleArn`; it names an account.
    pub execution_role_arn: Option<&'a str>,
    /// `emr-containers:JobTemplateArn`
    pub job_template_arn: Option<&'a str>,
}

/// Who is refused what, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "User: {caller} is not authorized to perform: emr-containers:{operation} on resource: {resource} {reason}"
)]
pub struct Denied {
    pub caller: String,
    pub operation: String,
    pub resource: String,
    pub reason: String,
}

/// A policy document, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// A policy document holds what is not evaluated; the text names it and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPolicy(pub String);

/// What a policy says of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// A statement denies it.
    ExplicitlyDenied,
    /// No statement allows it.
    NotAllowed,
}

impl Policy {
    /// Reads a document in IAM's JSON.
    pub fn parse(document: &str) -> Result<Self, InvalidPolicy> {
        document::read(document).map(|statements| Self { statements })
    }

    /// A denial outweighs whatever else allows; what nothing allows is not allowed.
    pub fn decide(&self, access: &Access<'_>) -> Decision {
        let says = |effect| {
            let mut statements = self.statements.iter();
            statements.any(|statement| statement.effect == effect && statement.matches(access))
        };
        if says(Effect::Deny) {
            Decision::ExplicitlyDenied
        } else if says(Effect::Allow) {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    effect: Effect,
    /// Of the operations' names in lower case.
    actions: Vec<Pattern>,
    resources: Vec<ResourcePattern>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ResourcePattern {
    Any,
    Arn(ArnPattern),
}

/// One key, and what its value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    key: Key,
    tests: Vec<Test>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    ExecutionRoleArn,
    JobTemplateArn,
    /// The tag's key in lower case.
    RequestTag(String),
    /// The tag's key in lower case.
    ResourceTag(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Equals(String),
    Like(Pattern),
    Arn(ArnPattern),
}

impl Statement {
    fn matches(&self, access: &Access<'_>) -> bool {
        let operation = access.operation.to_lowercase();
        let (mut actions, mut resources) = (self.actions.iter(), self.resources.iter());
        actions.any(|action| action.matches(&operation))
            && resources.any(|resource| resource.matches(&access.resource))
            && self
                .conditions
                .iter()
                .all(|condition| condition.matches(access, self.effect))
    }
}

impl ResourcePattern {
    fn matches(&self, resource: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Arn(pattern) => pattern.matches(resource),
        }
    }
}

impl Condition {
    /// A key that is not there does not match. Tags whose keys differ in case alone are one key of
    /// several values: a statement that allows must hold for each, one that denies for any.
    fn matches(&self, access: &Access<'_>, effect: Effect) -> bool {
        let values = self.key.values(access);
        let passes = |value: &&str| self.tests.iter().any(|test| test.passes(value));
        match effect {
            Effect::Allow => !values.is_empty() && values.iter().all(passes),
            Effect::Deny => values.iter().any(passes),
        }
    }
}

impl Key {
    fn values<'a>(&self, access: &Access<'a>) -> Vec<&'a str> {
        match self {
            Self::ExecutionRoleArn => access.execution_role_arn.into_iter().collect(),
            Self::JobTemplateArn => access.job_template_arn.into_iter().collect(),
            Self::RequestTag(key) => tagged(access.request_tags, key),
            Self::ResourceTag(key) => tagged(access.resource_tags, key),
        }
    }
}

impl Test {
    fn passes(&self, value: &str) -> bool {
        match self {
            Self::Equals(text) => text == value,
            Self::Like(pattern) => pattern.matches(value),
            Self::Arn(pattern) => pattern.matches(value),
        }
    }
}

fn tagged<'a>(tags: Option<&'a BTreeMap<String, String>>, key: &str) -> Vec<&'a str> {
    tags.into_iter()
        .flatten()
        .filter(|(name, _)| name.to_lowercase() == key)
        .map(|(_, value)| value.as_str())
        .collect()
}
