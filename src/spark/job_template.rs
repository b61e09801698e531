//! A job template is checked when it is made, and filled when a run is started from it: every
//! placeholder is replaced where the text that holds it is read, never in a text that is read
//! afterwards.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::conf;
use super::params::{self, FillError, ParamsError, fill_java_options};
use super::policy::{Breach, Policy};
use crate::domain::job_template::placeholders;
use crate::domain::job_template::{Given, JobTemplateData, Language, Place, Replaced, RunParts};

/// Whatever is wrong, all at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

/// What was found so far, each problem once.
#[derive(Default)]
struct Findings {
    in_order: Vec<Problem>,
    known: HashSet<Problem>,
}

/// What is wrong with a template or with the parameters given to it. Names are told, values never.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Problem {
    #[error("Parameter {name} in {place} is not declared in parameterConfiguration.")]
    Undeclared { name: String, place: String },
    #[error("The defaultValue of parameter {0} is not a number.")]
    DefaultNotNumber(String),
    #[error("{place} is not valid: {error}")]
    Parameters { place: String, error: ParamsError },
    #[error("{place} is not valid: {breach}")]
    Policy { place: String, breach: Breach },
    #[error("Parameter {0} is not one of the job template's.")]
    Unknown(String),
    #[error("Parameter {0} needs a value.")]
    Missing(String),
    #[error("The value of parameter {0} is not a number.")]
    NotNumber(String),
    #[error("{place}: {error}")]
    Fill { place: String, error: FillError },
    #[error("Two keys of {0} are the same.")]
    SameKey(String),
    #[error("The run would have more than {0} bytes.")]
    TooLong(usize),
}

/// Names of Spark's own references, such as `${spark.local.dir}`: they need no declaration.
const SPARKS_OWN: &str = "spark.";

/// Checks that a template's placeholders are declared and stand where a value can, and that its
/// defaults are of their types.
///
/// What no cluster's policy (there are `policies`) would let through is refused, as far as it holds
/// no placeholders.
pub fn check(data: &JobTemplateData, policies: &[&Policy]) -> Result<(), Problems> {
    let mut problems = Findings::default();
    let parameters = data.parameters.iter().flatten();
    for (name, parameter) in parameters {
        let default = parameter.default_value.as_deref();
        if default.is_some_and(|value| !parameter.accepts(value)) {
            problems.add(Problem::DefaultNotNumber(name.clone()));
        }
    }
    let _ = data.map_texts(Replaced::default(), &mut |place, text| {
        let member = || place.member.to_owned();
        match parse(place.language, text) {
            Err(error) => problems.add(Problem::Parameters {
                place: member(),
                error,
            }),
            Ok(given) => {
                if let Some(breach) = breach(given, policies) {
                    let place = member();
                    problems.add(Problem::Policy { place, breach });
                }
            }
        }
        for name in names(place.language, text) {
            if data.parameter(&name).is_none() && !name.starts_with(SPARKS_OWN) {
                problems.add(Problem::Undeclared {
                    name,
                    place: member(),
                });
            }
        }
        text.to_owned()
    });
    let overrides = data.overrides.as_ref();
    let configurations =
        overrides.and_then(|overrides| overrides.application_configuration.as_deref());
    if let Some(breach) = breach(conf::properties(configurations.unwrap_or(&[])), policies) {
        problems.add(Problem::Policy {
            place: "configurationOverrides.applicationConfiguration".to_owned(),
            breach,
        });
    }
    problems.or(())
}

/// What the template gives a run that replaces some of it. The texts have at most `most_bytes`
/// together: a placeholder is short, and a value that stands for thousands of them is not.
pub fn fill(
    data: &JobTemplateData,
    given: &Given,
    replaced: Replaced,
    most_bytes: usize,
) -> Result<RunParts, Problems> {
    let mut bytes = 0_usize;
    let mut problems = Findings::default();
    for (name, value) in given {
        match data.parameter(name) {
            None => problems.add(Problem::Unknown(name.clone())),
            Some(parameter) if !parameter.accepts(value) => {
                problems.add(Problem::NotNumber(name.clone()));
            }
            Some(_) => {}
        }
    }
    let (parts, clashes) = data.map_texts(replaced, &mut |place, text| {
        let names = names(place.language, text);
        bytes =
            bytes.saturating_add(data.filled_bytes(given, text, names.iter().map(String::as_str)));
        for name in names {
            if data.parameter(&name).is_some() && data.value(given, &name).is_none() {
                problems.add(Problem::Missing(name));
            }
        }
        if bytes > most_bytes {
            problems.add(Problem::TooLong(most_bytes));
            return text.to_owned();
        }
        fill_text(place, text, &|name| data.value(given, name)).unwrap_or_else(|error| {
            problems.add(Problem::Fill {
                place: place.member.to_owned(),
                error,
            });
            text.to_owned()
        })
    });
    for member in clashes {
        problems.add(Problem::SameKey(member));
    }
    problems.or(parts)
}

fn parse(language: Language, text: &str) -> Result<BTreeMap<String, String>, ParamsError> {
    match language {
        Language::SubmitParameters => params::parse(text).map(|params| params.properties),
        Language::SqlParameters => params::parse_sql(text).map(|params| params.properties),
        Language::Plain | Language::JavaOptions => Ok(BTreeMap::new()),
    }
}

/// Why no cluster would take the properties, placeholders apart.
fn breach(mut given: BTreeMap<String, String>, policies: &[&Policy]) -> Option<Breach> {
    given.retain(|key, value| {
        [key, value]
            .iter()
            .all(|text| placeholders::names(text).next().is_none())
    });
    let mut first = None;
    for policy in policies {
        match policy.check_properties(&given) {
            Ok(()) => return None,
            Err(breach) => first = first.or(Some(breach)),
        }
    }
    first
}

/// The names in a text; of parameters that cannot be cut into words, none.
fn names(language: Language, text: &str) -> Vec<String> {
    match language {
        Language::SubmitParameters | Language::SqlParameters => {
            params::names(text).unwrap_or_default()
        }
        Language::Plain | Language::JavaOptions => {
            placeholders::names(text).map(str::to_owned).collect()
        }
    }
}

fn fill_text<'v>(
    place: &Place<'_>,
    text: &str,
    value_of: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<String, FillError> {
    match place.language {
        Language::SubmitParameters => params::fill(text, false, value_of),
        Language::SqlParameters => params::fill(text, true, value_of),
        Language::JavaOptions => fill_java_options(text, value_of),
        Language::Plain => Ok(placeholders::fill(text, value_of)),
    }
}

impl Findings {
    fn add(&mut self, problem: Problem) {
        if self.known.insert(problem.clone()) {
            self.in_order.push(problem);
        }
    }

    fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.in_order.is_empty() {
            Ok(value)
        } else {
            Err(Problems(self.in_order))
        }
    }
}

/// One after the other, up to a number: a template may have thousands of them.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        for (index, problem) in self.0.iter().take(SHOWN).enumerate() {
            let blank = if index == 0 { "" } else { " " };
            write!(f, "{blank}{problem}")?;
        }
        match self.0.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " And {more} more."),
        }
    }
}

#[cfg(test)]
mod tests;
