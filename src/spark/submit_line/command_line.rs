//! The words of a spark-submit command line: options come first, then the main resource, and all
//! that follows it is the application's.

use std::collections::BTreeMap;
use std::fmt;

use super::SubmitLineError;
use crate::spark::params::{Meaning, meaning};

/// A command line taken apart; nothing in it is looked up yet.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    pub master: Option<String>,
    pub deploy_mode: Option<String>,
    /// Whether `--remote` is given.
    pub remote: bool,
    pub properties_file: Option<String>,
    /// Whether the conf folder's defaults stand behind `properties_file` (Spark 4).
    pub load_spark_defaults: bool,
    pub class: Option<String>,
    pub proxy_user: Option<String>,
    /// Of `--conf`.
    pub conf: BTreeMap<String, String>,
    /// Of the options that stand for a property, by its key.
    pub options: BTreeMap<String, String>,
    pub total_executor_cores: Option<String>,
    pub resource: Option<String>,
    pub arguments: Vec<String>,
}

/// Arguments and properties may hold secrets: only names are printed.
impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandLine")
            .field("conf", &self.conf.keys())
            .field("options", &self.options.keys())
            .finish_non_exhaustive()
    }
}

impl CommandLine {
    /// Takes `words`, which do not begin with the program's name, apart.
    pub fn parse(words: &[String]) -> Result<Self, SubmitLineError> {
        let mut line = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (option, joined) = split_option(word);
            let mut value = || {
                let next = || words.next().map(String::as_str);
                let value = joined.or_else(next);
                value
                    .map(str::to_owned)
                    .ok_or_else(|| SubmitLineError::NoValue(option.to_owned()))
            };
            match Word::of(option, joined.is_some()) {
                Some(Word::Master) => line.master = Some(value()?),
                Some(Word::DeployMode) => line.deploy_mode = Some(deploy_mode(value()?)?),
                Some(Word::Remote) => {
                    value()?;
                    line.remote = true;
                }
                Some(Word::PropertiesFile) => line.properties_file = Some(value()?),
                Some(Word::LoadSparkDefaults) => line.load_spark_defaults = true,
                Some(Word::TotalExecutorCores) => line.total_executor_cores = Some(value()?),
                Some(Word::Conf) => line.conf(&value()?)?,
                Some(Word::Class) => line.class = Some(value()?),
                Some(Word::ProxyUser) => line.proxy_user = Some(value()?),
                Some(Word::Property(key)) => {
                    line.options.insert(key.to_owned(), value()?);
                }
                Some(Word::Ignored) => {
                    value()?;
                }
                Some(Word::IgnoredSwitch) => {}
                Some(Word::SubmitsNothing) => {
                    return Err(SubmitLineError::SubmitsNothing(option.to_owned()));
                }
                None if word.starts_with('-') => {
                    return Err(SubmitLineError::Unknown(option.to_owned()));
                }
                None => {
                    line.resource = Some(word.clone());
                    line.arguments = words.by_ref().cloned().collect();
                }
            }
        }
        Ok(line)
    }

    fn conf(&mut self, pair: &str) -> Result<(), SubmitLineError> {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| SubmitLineError::NoEquals(pair.to_owned()))?;
        self.conf.insert(key.to_owned(), value.to_owned());
        Ok(())
    }
}

/// What an option means to spark-submit, who obeys more of them than a job run may give.
enum Word {
    Master,
    DeployMode,
    Remote,
    PropertiesFile,
    LoadSparkDefaults,
    TotalExecutorCores,
    Conf,
    Class,
    ProxyUser,
    Property(&'static str),
    Ignored,
    IgnoredSwitch,
    SubmitsNothing,
}

impl Word {
    fn of(option: &str, has_value: bool) -> Option<Self> {
        let word = match option {
            "--master" => Self::Master,
            "--deploy-mode" => Self::DeployMode,
            "--remote" => Self::Remote,
            "--load-spark-defaults" => Self::LoadSparkDefaults,
            "--total-executor-cores" => Self::TotalExecutorCores,
            _ => match meaning(option)? {
                Meaning::Conf => Self::Conf,
                Meaning::Name => Self::Property("spark.app.name"),
                Meaning::Class => Self::Class,
                Meaning::ProxyUser => Self::ProxyUser,
                Meaning::Property(key) => Self::Property(key),
                Meaning::Ignored => Self::Ignored,
                Meaning::IgnoredSwitch => Self::IgnoredSwitch,
                Meaning::PropertiesFile => Self::PropertiesFile,
                Meaning::NotAllowed => Self::SubmitsNothing,
            },
        };
        // A switch takes no value, also none that is joined to it.
        let is_switch = matches!(word, Self::LoadSparkDefaults | Self::IgnoredSwitch);
        (!(is_switch && has_value)).then_some(word)
    }
}

fn deploy_mode(mode: String) -> Result<String, SubmitLineError> {
    match mode.as_str() {
        "client" | "cluster" => Ok(mode),
        _ => Err(SubmitLineError::DeployMode),
    }
}

/// `--option=value` in its two parts; any other word as it is.
fn split_option(word: &str) -> (&str, Option<&str>) {
    match word.split_once('=') {
        Some((option, value))
            if option.len() > 2 && option.starts_with("--") && !value.is_empty() =>
        {
            (option, Some(value))
        }
        _ => (word, None),
    }
}
