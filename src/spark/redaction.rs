//! What a run adds to Spark's redaction goes with its driver: whoever reads the driver's last words
//! has no plan at hand.

use std::collections::BTreeMap;

use super::labels;
use super::plan::Plan;
use crate::domain::redaction::Redaction;

/// The property about names, which Spark gives a default, and the one about any text.
pub const REGEX: &str = "spark.redaction.regex";
pub const STRING_REGEX: &str = "spark.redaction.string.regex";

/// The run's own patterns, in that order, as far as they are set and understood.
pub fn own(plan: &Plan) -> [Option<&str>; 2] {
    [REGEX, STRING_REGEX].map(|key| understood(plan, key))
}

/// Annotations that carry the run's own patterns.
pub(in crate::spark) fn annotations(plan: &Plan) -> BTreeMap<String, String> {
    [labels::REDACTION_REGEX, labels::REDACTION_STRING_REGEX]
        .into_iter()
        .zip(own(plan))
        .filter_map(|(annotation, pattern)| Some((annotation.to_owned(), pattern?.to_owned())))
        .collect()
}

/// What the run's story says of patterns that have no effect on it.
pub fn notes(plan: &Plan) -> Vec<String> {
    [REGEX, STRING_REGEX]
        .into_iter()
        .filter(|key| plan.properties.contains_key(*key) && understood(plan, key).is_none())
        .map(|key| {
            format!(
                "{key} is not understood here: what is told of the driver is redacted by Spark's \
                 default pattern alone."
            )
        })
        .collect()
}

fn understood<'p>(plan: &'p Plan, key: &str) -> Option<&'p str> {
    let pattern = plan.properties.get(key).map(String::as_str);
    pattern.filter(|pattern| Redaction::understands(pattern))
}
