//! The grammar of `sparkSubmitParameters` and `sparkSqlParameters`: shell words, then the options
//! of spark-submit. An error names the word it is about and never a property's value.

mod fill;
mod words;

use std::collections::BTreeMap;
use std::fmt;

pub(super) use fill::fill_java_options;
pub use fill::{FillError, fill, names};

/// What the parameters say.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    pub name: Option<String>,
    pub class: Option<String>,
    pub proxy_user: Option<String>,
    /// Of `--conf` and of the options that stand for a property, which win.
    pub properties: BTreeMap<String, String>,
    /// Options of the SQL command line, in their order.
    pub sql: Vec<String>,
    /// What was ignored.
    pub warnings: Vec<String>,
}

/// Values may be secrets: only names are printed.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Params")
            .field("properties", &self.properties.keys())
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ParamsError {
    #[error("A quotation mark is not closed, or the text ends with a backslash.")]
    Unclosed,
    #[error("Option {0} is unknown.")]
    Unknown(String),
    #[error("Option {0} is not allowed.")]
    NotAllowed(String),
    #[error(
        "Option --properties-file is not allowed: there is no file of yours to read. Give the \
         properties with --conf, or in the classification spark-defaults."
    )]
    PropertiesFile,
    #[error("Option {0} needs a value.")]
    NoValue(String),
    #[error("Option --conf needs KEY=VALUE.")]
    NoEquals,
    #[error("Option --conf needs KEY=VALUE, and {0} has no =.")]
    NoEqualsAfter(String),
    #[error("Word {0} is not an option.")]
    Stray(String),
    /// The word itself may be the rest of a secret.
    #[error("A word after the value of {0} is not an option; quote values that hold blanks.")]
    StrayAfter(String),
}

/// Parses `sparkSubmitParameters`.
pub fn parse(text: &str) -> Result<Params, ParamsError> {
    Parser::default().run(text, false)
}

/// Parses `sparkSqlParameters`: options of spark-submit and of the spark-sql command line, mixed.
pub fn parse_sql(text: &str) -> Result<Params, ParamsError> {
    Parser::default().run(text, true)
}

/// What an option of spark-submit does.
pub(super) enum Meaning {
    Property(&'static str),
    Conf,
    Name,
    Class,
    ProxyUser,
    /// For other cluster managers; takes a value.
    Ignored,
    IgnoredSwitch,
    PropertiesFile,
    NotAllowed,
}

pub(super) fn meaning(option: &str) -> Option<Meaning> {
    Some(match option {
        "--conf" | "-c" => Meaning::Conf,
        "--name" => Meaning::Name,
        "--class" => Meaning::Class,
        "--proxy-user" => Meaning::ProxyUser,
        "--archives" => Meaning::Property("spark.archives"),
        "--driver-class-path" => Meaning::Property("spark.driver.extraClassPath"),
        "--driver-cores" => Meaning::Property("spark.driver.cores"),
        "--driver-default-class-path" => Meaning::Property("spark.driver.defaultExtraClassPath"),
        "--driver-java-options" => Meaning::Property("spark.driver.extraJavaOptions"),
        "--driver-library-path" => Meaning::Property("spark.driver.extraLibraryPath"),
        "--driver-memory" => Meaning::Property("spark.driver.memory"),
        "--exclude-packages" => Meaning::Property("spark.jars.excludes"),
        "--executor-cores" => Meaning::Property("spark.executor.cores"),
        "--executor-memory" => Meaning::Property("spark.executor.memory"),
        "--files" => Meaning::Property("spark.files"),
        "--jars" => Meaning::Property("spark.jars"),
        "--keytab" => Meaning::Property("spark.kerberos.keytab"),
        "--num-executors" => Meaning::Property("spark.executor.instances"),
        "--packages" => Meaning::Property("spark.jars.packages"),
        "--principal" => Meaning::Property("spark.kerberos.principal"),
        "--py-files" => Meaning::Property("spark.submit.pyFiles"),
        "--repositories" => Meaning::Property("spark.jars.repositories"),
        "--queue" | "--total-executor-cores" => Meaning::Ignored,
        "--load-spark-defaults" | "--supervise" | "--verbose" | "-v" => Meaning::IgnoredSwitch,
        "--properties-file" => Meaning::PropertiesFile,
        "--deploy-mode" | "--help" | "-h" | "--kill" | "--master" | "--remote" | "--status"
        | "--usage-error" | "--version" => Meaning::NotAllowed,
        _ => return None,
    })
}

/// Whether an option of the spark-sql command line takes a value.
fn sql_meaning(option: &str) -> Option<bool> {
    match option {
        "-d" | "--define" | "--database" | "-e" | "-f" | "--hiveconf" | "--hivevar" | "-i" => {
            Some(true)
        }
        "-S" | "--silent" => Some(false),
        _ => None,
    }
}

#[derive(Default)]
struct Parser {
    params: Params,
    /// Properties of options, which win over those of `--conf` wherever they stand.
    options: BTreeMap<String, String>,
    /// The last option that took a value.
    previous: Option<String>,
}

impl Parser {
    fn run(mut self, text: &str, sql: bool) -> Result<Params, ParamsError> {
        let text = text.replace("\r\n", "\n");
        let words = words::split(&text).ok_or(ParamsError::Unclosed)?;
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (option, mut joined) = split_option(&word);
            let mut value = || {
                joined
                    .take()
                    .or_else(|| words.next())
                    .ok_or_else(|| ParamsError::NoValue(option.to_owned()))
            };
            match (meaning(option), sql.then(|| sql_meaning(option)).flatten()) {
                (Some(Meaning::Conf), _) => self.conf(&value()?)?,
                (Some(Meaning::Property(key)), _) => {
                    self.options.insert(key.to_owned(), value()?);
                }
                (Some(Meaning::Name), _) => self.params.name = Some(value()?),
                (Some(Meaning::Class), _) => self.params.class = Some(value()?),
                (Some(Meaning::ProxyUser), _) => self.params.proxy_user = Some(value()?),
                (Some(Meaning::Ignored), _) => {
                    value()?;
                    self.warn(format!("Option {option} has no meaning here."));
                }
                (Some(Meaning::IgnoredSwitch), _) => {
                    if !matches!(option, "--verbose" | "-v") {
                        self.warn(format!("Option {option} has no meaning here."));
                    }
                    self.previous = None;
                    continue;
                }
                (Some(Meaning::PropertiesFile), _) => return Err(ParamsError::PropertiesFile),
                (Some(Meaning::NotAllowed), _) => {
                    return Err(ParamsError::NotAllowed(option.to_owned()));
                }
                (None, Some(true)) => {
                    let value = value()?;
                    self.params.sql.extend([option.to_owned(), value]);
                }
                (None, Some(false)) => {
                    self.params.sql.push(option.to_owned());
                    self.previous = None;
                    continue;
                }
                (None, None) => return Err(self.not_an_option(option)),
            }
            self.previous = Some(option.to_owned());
        }
        self.params.properties.append(&mut self.options);
        Ok(self.params)
    }

    fn conf(&mut self, pair: &str) -> Result<(), ParamsError> {
        let (key, value) = pair.split_once('=').ok_or_else(|| no_equals(pair))?;
        if !key.starts_with("spark.") {
            self.warn(format!(
                "Property {} was ignored: it does not start with spark.",
                shown(key)
            ));
        } else {
            self.params
                .properties
                .insert(key.to_owned(), value.to_owned());
        }
        Ok(())
    }

    fn not_an_option(&self, word: &str) -> ParamsError {
        // What follows may be a value that lost its option.
        let word = word.split_inclusive('=').next().unwrap_or_default();
        if word.starts_with('-') {
            return ParamsError::Unknown(shown(word));
        }
        match &self.previous {
            Some(option) => ParamsError::StrayAfter(option.clone()),
            None => ParamsError::Stray(shown(word)),
        }
    }

    fn warn(&mut self, text: String) {
        self.params.warnings.push(text);
    }
}

/// `--option=value` in its two parts; any other word as it is, `--option=` too.
fn split_option(word: &str) -> (&str, Option<String>) {
    match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") && !value.is_empty() => {
            (option, Some(value.to_owned()))
        }
        _ => (word, None),
    }
}

/// Of a word without a sign only what is the name of a property: the rest may be its value.
fn no_equals(word: &str) -> ParamsError {
    let ends_name = |c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c));
    let name = word.split(ends_name).next().unwrap_or_default();
    if name.starts_with("spark.") {
        ParamsError::NoEqualsAfter(shown(name))
    } else {
        ParamsError::NoEquals
    }
}

/// A word for a message, cut where it would fill it.
fn shown(word: &str) -> String {
    const MAX_CHARS: usize = 80;
    match word.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests;
