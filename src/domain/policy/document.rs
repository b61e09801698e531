//! A document is read whole: what is not understood, or could never match, refuses it, and the
//! refusal names its place.

use super::json::Json;
use super::pattern::{ArnPattern, Pattern};
use super::{Condition, Effect, InvalidPolicy, Key, ResourcePattern, Statement, Test};

/// As many characters as a managed policy of IAM may have, white space not counted.
const MAX_LENGTH: usize = 6_144;
/// With white space.
const MAX_BYTES: usize = 65_536;
const SERVICE: &str = "emr-containers";
/// Both mean the same here: they differ in policy variables alone, which are refused.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// What an action can name.
const OPERATIONS: [&str; 25] = [
    "CancelJobRun",
    "CreateJobTemplate",
    "CreateManagedEndpoint",
    "CreateSecurityConfiguration",
    "CreateVirtualCluster",
    "DeleteJobTemplate",
    "DeleteManagedEndpoint",
    "DeleteSecurityConfiguration",
    "DeleteVirtualCluster",
    "DescribeJobRun",
    "DescribeJobTemplate",
    "DescribeManagedEndpoint",
    "DescribeSecurityConfiguration",
    "DescribeVirtualCluster",
    "GetManagedEndpointSessionCredentials",
    "ListJobRuns",
    "ListJobTemplates",
    "ListManagedEndpoints",
    "ListSecurityConfigurations",
    "ListTagsForResource",
    "ListVirtualClusters",
    "StartJobRun",
    "TagResource",
    "UntagResource",
    "UpdateVirtualCluster",
];

/// The statements of a document.
pub(super) fn read(document: &str) -> Result<Vec<Statement>, InvalidPolicy> {
    let length = document.chars().filter(|c| !c.is_whitespace()).count();
    if length > MAX_LENGTH || document.len() > MAX_BYTES {
        return refuse(
            "The policy",
            format!("is longer than {MAX_LENGTH} characters"),
        );
    }
    let json = serde_json::from_str(document)
        .map_err(|error| InvalidPolicy(format!("The policy is not readable JSON: {error}.")))?;
    let Json::Object(members) = json else {
        return refuse("The policy", "is not a JSON object");
    };
    let mut statements = None;
    for (name, value) in &members {
        match (name.as_str(), value) {
            ("Version", Json::Text(version)) if VERSIONS.contains(&version.as_str()) => {}
            ("Version", _) => return refuse("Version", format!("is not {}", VERSIONS[0])),
            ("Id", Json::Text(_)) => {}
            ("Id", _) => return refuse("Id", "is not a text"),
            ("Statement", Json::List(list)) => statements = Some(list.as_slice()),
            ("Statement", one) => statements = Some(std::slice::from_ref(one)),
            _ => return refuse(&format!("Element {name:?}"), "is not evaluated"),
        }
    }
    let statements = statements.unwrap_or_default();
    if statements.is_empty() {
        return refuse("The policy", "has no Statement");
    }
    let mut sids = Vec::new();
    let numbered = statements.iter().enumerate();
    numbered
        .map(|(index, json)| {
            let sid = sid(json);
            let place = sid.map_or_else(
                || format!("Statement {}", index + 1),
                |sid| format!("Statement {} ({sid:?})", index + 1),
            );
            if sid.is_some() && sids.contains(&sid) {
                return refuse(&place, "has the Sid of another");
            }
            sids.push(sid);
            statement(json, &place)
        })
        .collect()
}

fn sid(statement: &Json) -> Option<&str> {
    let Json::Object(members) = statement else {
        return None;
    };
    members.iter().find_map(|(name, value)| match value {
        Json::Text(sid) if name == "Sid" => Some(sid.as_str()),
        Json::Text(_) | Json::List(_) | Json::Object(_) | Json::Other => None,
    })
}

fn statement(json: &Json, place: &str) -> Result<Statement, InvalidPolicy> {
    let Json::Object(members) = json else {
        return refuse(place, "is not a JSON object");
    };
    let (mut effect, mut actions, mut resources) = (None, None, None);
    let mut conditions = Vec::new();
    for (name, value) in members {
        let place = format!("{place}: {name}");
        match name.as_str() {
            "Sid" if matches!(value, Json::Text(_)) => {}
            "Sid" => return refuse(&place, "is not a text"),
            "Effect" => effect = Some(self::effect(value, &place)?),
            "Action" => actions = Some(each(value, &place, action)?),
            "Resource" => resources = Some(each(value, &place, resource)?),
            "Condition" => conditions = self::conditions(value, &place)?,
            _ => return refuse(&place, "is not evaluated"),
        }
    }
    match (effect, actions, resources) {
        (Some(effect), Some(actions), Some(resources)) => Ok(Statement {
            effect,
            actions,
            resources,
            conditions,
        }),
        (None, _, _) => refuse(place, "has no Effect"),
        (_, None, _) => refuse(place, "has no Action"),
        (_, _, None) => refuse(place, "has no Resource"),
    }
}

fn effect(value: &Json, place: &str) -> Result<Effect, InvalidPolicy> {
    match value {
        Json::Text(text) if text == "Allow" => Ok(Effect::Allow),
        Json::Text(text) if text == "Deny" => Ok(Effect::Deny),
        Json::Text(_) | Json::List(_) | Json::Object(_) | Json::Other => {
            refuse(place, "is neither Allow nor Deny")
        }
    }
}

fn action(text: &str, place: &str) -> Result<Pattern, InvalidPolicy> {
    if text == "*" {
        return Ok(Pattern::new("*"));
    }
    let Some((service, operation)) = text.split_once(':') else {
        return refuse(place, format!("{text:?} is not \"*\" and names no service"));
    };
    if !service.eq_ignore_ascii_case(SERVICE) {
        return refuse(
            place,
            format!("{text:?} is not evaluated: it is an action of another service"),
        );
    }
    let pattern = Pattern::new(&operation.to_lowercase());
    let mut operations = OPERATIONS.iter();
    if operations.any(|operation| pattern.matches(&operation.to_lowercase())) {
        Ok(pattern)
    } else {
        refuse(place, format!("{text:?} is no operation"))
    }
}

fn resource(text: &str, place: &str) -> Result<ResourcePattern, InvalidPolicy> {
    if text == "*" {
        return Ok(ResourcePattern::Any);
    }
    // IAM, too, fills an incomplete name up.
    let mut parts = ["*"; 6];
    for (part, given) in parts.iter_mut().zip(text.splitn(6, ':')) {
        *part = given;
    }
    let [arn, _, service, region, account, path] = parts;
    if arn != "arn" {
        return refuse(place, format!("{text:?} is neither \"*\" nor an ARN"));
    }
    if service != SERVICE {
        return refuse(
            place,
            format!("{text:?} is not evaluated: it is not of service {SERVICE}"),
        );
    }
    let only = |text: &str, others: &str| {
        text.chars()
            .all(|c| c.is_ascii_digit() || others.contains(c))
    };
    let region_can_match = !region.is_empty() && !region.contains(['/', ':']);
    let account_can_match = !account.is_empty() && only(account, "*?");
    let path = job_template_path(path);
    if !(region_can_match && account_can_match && path.starts_with(['/', '*', '?'])) {
        return refuse(
            place,
            format!(
                "{text:?} names nothing: it is not of the form \
                 arn:aws:{SERVICE}:REGION:ACCOUNT:/virtualclusters/ID"
            ),
        );
    }
    Ok(ResourcePattern::Arn(ArnPattern::new([
        arn, parts[1], service, region, account, &path,
    ])))
}

fn conditions(value: &Json, place: &str) -> Result<Vec<Condition>, InvalidPolicy> {
    let mut conditions = Vec::new();
    for (operator, keys) in members(value, place)? {
        let place = format!("{place}: {operator}");
        let read = match operator.as_str() {
            "StringEquals" => equals,
            "StringLike" => like,
            "ArnEquals" | "ArnLike" => arn,
            _ => return refuse(&place, "is an operator that is not evaluated"),
        };
        for (name, values) in members(keys, &place)? {
            let place = format!("{place}: {name}");
            let key = key(name, &place)?;
            let tests = each(values, &place, |text, place| {
                let text = match key {
                    Key::JobTemplateArn => job_template_arn(text),
                    Key::ExecutionRoleArn => role_arn(text, place)?,
                    Key::RequestTag(_) | Key::ResourceTag(_) => text.to_owned(),
                };
                read(&text, place)
            })?;
            conditions.push(Condition { key, tests });
        }
    }
    Ok(conditions)
}

/// Keys are the same in capitals, those of tags included.
fn key(name: &str, place: &str) -> Result<Key, InvalidPolicy> {
    let name = name.to_lowercase();
    match name.as_str() {
        "emr-containers:executionrolearn" => return Ok(Key::ExecutionRoleArn),
        "emr-containers:jobtemplatearn" => return Ok(Key::JobTemplateArn),
        _ => {}
    }
    let tag = |prefix: &str| {
        let tag = name.strip_prefix(prefix);
        tag.filter(|tag| !tag.is_empty()).map(str::to_owned)
    };
    if let Some(tag) = tag("aws:requesttag/") {
        Ok(Key::RequestTag(tag))
    } else if let Some(tag) = tag("aws:resourcetag/") {
        Ok(Key::ResourceTag(tag))
    } else {
        refuse(place, "is a condition key that is not evaluated")
    }
}

type Read = Result<Test, InvalidPolicy>;

fn equals(text: &str, _: &str) -> Read {
    Ok(Test::Equals(text.to_owned()))
}

fn like(text: &str, _: &str) -> Read {
    Ok(Test::Like(Pattern::new(text)))
}

fn arn(text: &str, place: &str) -> Read {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, service, region, account, path] => {
            let parts = ["arn", partition, service, region, account, path];
            Ok(Test::Arn(ArnPattern::new(parts)))
        }
        _ => refuse(place, format!("{text:?} is not an ARN of six parts")),
    }
}

/// The service's own guide writes `jobtemplate/ID` where the names of its templates have
/// `/jobtemplates/ID`.
fn job_template_path(path: &str) -> String {
    match path.strip_prefix("jobtemplate/") {
        Some(id) => format!("/jobtemplates/{id}"),
        None => path.to_owned(),
    }
}

fn job_template_arn(text: &str) -> String {
    match text.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", .., path] if path.starts_with("jobtemplate/") => {
            let head = &text[..text.len() - path.len()];
            format!("{head}{}", job_template_path(path))
        }
        _ => text.to_owned(),
    }
}

/// A request's role without an account gets the caller's before it is compared.
fn role_arn(text: &str, place: &str) -> Result<String, InvalidPolicy> {
    match text.split(':').nth(4) {
        Some("") => refuse(
            place,
            format!("{text:?} names no account, and every role that is compared with it does"),
        ),
        Some(_) | None => Ok(text.to_owned()),
    }
}

/// One text, or several.
fn each<T>(
    value: &Json,
    place: &str,
    read: impl Fn(&str, &str) -> Result<T, InvalidPolicy>,
) -> Result<Vec<T>, InvalidPolicy> {
    let values = match value {
        Json::List(values) => values.as_slice(),
        Json::Text(_) | Json::Object(_) | Json::Other => std::slice::from_ref(value),
    };
    if values.is_empty() {
        return refuse(place, "is an empty list");
    }
    let texts = values.iter().map(|value| match value {
        Json::Text(text) if text.contains("${") => refuse(
            place,
            format!("{text:?} holds a policy variable, which is not evaluated"),
        ),
        Json::Text(text) => read(text, place),
        Json::List(_) | Json::Object(_) | Json::Other => refuse(place, "holds what is not a text"),
    });
    texts.collect()
}

fn members<'a>(value: &'a Json, place: &str) -> Result<&'a [(String, Json)], InvalidPolicy> {
    match value {
        Json::Object(members) if !members.is_empty() => Ok(members),
        Json::Text(_) | Json::List(_) | Json::Object(_) | Json::Other => {
            refuse(place, "is not a JSON object with members")
        }
    }
}

fn refuse<T>(place: &str, why: impl AsRef<str>) -> Result<T, InvalidPolicy> {
    Err(InvalidPolicy(format!("{place} {}.", why.as_ref())))
}
