//! Placeholders in parameters are filled word by word, after the text was cut into words: whatever
//! a value holds, it stays within the value of the option that its placeholder stands in.

use super::{Meaning, meaning, split_option, sql_meaning, words};
use crate::domain::job_template::Language;
use crate::domain::job_template::placeholders::{self, Part};

/// A value cannot stand where its placeholder does; only the parameter is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FillError {
    #[error("A quotation mark is not closed, or the text ends with a backslash.")]
    Unclosed,
    #[error("Parameter {0} stands in the name of a property, where its value cannot have a =.")]
    EndsKey(String),
    #[error(
        "Parameter {0} stands in the options of a Java machine, where its value cannot have \
         blanks, quotation marks or backslashes."
    )]
    CutsJavaOptions(String),
}

/// The names of the placeholders in parameters, where they are cut into words.
pub fn names(text: &str) -> Result<Vec<String>, FillError> {
    let words = words_of(text)?;
    let names = words.iter().flat_map(|word| placeholders::names(word));
    Ok(names.map(str::to_owned).collect())
}

/// Fills parameters of spark-submit or, if `sql`, of spark-sql. A text in which nothing has a value
/// stays as it is written; otherwise its words, and no more, are the same.
pub fn fill<'v>(
    text: &str,
    sql: bool,
    value_of: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<String, FillError> {
    if !names(text)?.iter().any(|name| value_of(name).is_some()) {
        return Ok(text.to_owned());
    }
    let mut words = words_of(text)?.into_iter();
    let mut filled = Vec::new();
    while let Some(word) = words.next() {
        let (option, joined) = split_option(&word);
        if !takes_value(option, sql) {
            filled.push(word);
            continue;
        }
        let value = joined.or_else(|| words.next());
        filled.push(option.to_owned());
        if let Some(value) = value {
            filled.push(fill_value(option, &value, value_of)?);
        }
    }
    Ok(words::join(filled.iter().map(String::as_str)))
}

/// Fills options of a Java machine: there is no telling how a value with blanks would be cut.
pub(in crate::spark) fn fill_java_options<'v>(
    text: &str,
    value_of: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<String, FillError> {
    let cuts = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\');
    let cutting =
        placeholders::names(text).find(|name| value_of(name).is_some_and(|v| v.contains(cuts)));
    match cutting {
        Some(name) => Err(FillError::CutsJavaOptions(name.to_owned())),
        None => Ok(placeholders::fill(text, value_of)),
    }
}

/// As the reader of parameters cuts them.
fn words_of(text: &str) -> Result<Vec<String>, FillError> {
    words::split(&text.replace("\r\n", "\n")).ok_or(FillError::Unclosed)
}

fn fill_value<'v>(
    option: &str,
    text: &str,
    value_of: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<String, FillError> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) if assigns(option) => (Some(key), value),
        Some(_) | None => (None, text),
    };
    let mut filled = String::new();
    let mut language = match option {
        "--driver-java-options" => Language::JavaOptions,
        _ => Language::Plain,
    };
    if let Some(key) = key {
        check_key(key, value_of)?;
        let key = placeholders::fill(key, value_of);
        language = Language::of_property(&key);
        filled.push_str(&key);
        filled.push('=');
    }
    filled.push_str(&match language {
        Language::JavaOptions => fill_java_options(value, value_of)?,
        Language::Plain | Language::SubmitParameters | Language::SqlParameters => {
            placeholders::fill(value, value_of)
        }
    });
    Ok(filled)
}

fn check_key<'v>(key: &str, value_of: &dyn Fn(&str) -> Option<&'v str>) -> Result<(), FillError> {
    for part in placeholders::parts(key) {
        if let Part::Name(name) = part
            && value_of(name).is_some_and(|value| value.contains('='))
        {
            return Err(FillError::EndsKey(name.to_owned()));
        }
    }
    Ok(())
}

fn takes_value(option: &str, sql: bool) -> bool {
    match meaning(option) {
        Some(
            Meaning::Property(_)
            | Meaning::Conf
            | Meaning::Name
            | Meaning::Class
            | Meaning::ProxyUser
            | Meaning::Ignored,
        ) => true,
        Some(Meaning::IgnoredSwitch | Meaning::PropertiesFile | Meaning::NotAllowed) => false,
        None => sql && sql_meaning(option) == Some(true),
    }
}

/// Whether the option's value is KEY=VALUE.
fn assigns(option: &str) -> bool {
    matches!(
        option,
        "--conf" | "-c" | "-d" | "--define" | "--hiveconf" | "--hivevar"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Params, parse, parse_sql};
    use super::*;

    fn with(text: &str, value: &str) -> Result<String, FillError> {
        fill(text, true, &|name| (name == "x").then_some(value))
    }

    fn parsed(text: &str, value: &str) -> Params {
        parse_sql(&with(text, value).unwrap()).unwrap()
    }

    const HOSTILE: [&str; 12] = [
        "--conf spark.other=1",
        "a b",
        "'",
        "\"",
        "\\",
        "' --conf spark.other=1 '",
        "\" --conf spark.other=1 \"",
        "a\r\nb\n--conf\nspark.other=1",
        "${y}",
        "${x}",
        "--class",
        "=",
    ];

    #[test]
    fn a_hostile_value_stays_one_value() {
        for value in HOSTILE {
            for text in [
                "--conf spark.x=${x} --executor-memory 1g",
                "--conf=spark.x=${x} --executor-memory=1g",
                "--conf 'spark.x=${x}' --executor-memory \"1g\"",
                "-c \"spark.x=${x}\" \\\r\n --executor-memory 1g",
                "--conf spark.\"x=$\"{x} --executor-memory 1g",
            ] {
                let params = parsed(text, value);
                assert_eq!(params.properties["spark.x"], value, "{text} {value:?}");
                assert_eq!(params.properties["spark.executor.memory"], "1g");
                assert_eq!(params.properties.len(), 2, "{text} {value:?}");
                assert_eq!((params.class, params.sql), (None, Vec::new()));
            }
            let params = parsed("--name ${x} --class=${x} -e ${x} --hivevar k=${x}", value);
            assert_eq!(params.name.as_deref(), Some(value));
            assert_eq!(params.class.as_deref(), Some(value));
            let pair = format!("k={value}");
            assert_eq!(params.sql, ["-e", value, "--hivevar", &pair]);
            assert!(params.properties.is_empty());
        }
    }

    #[test]
    fn an_empty_value_takes_no_other_word_for_its_own() {
        let params = parsed("--name=${x} --conf spark.a=b", "");
        assert_eq!(params.name.as_deref(), Some(""));
        assert_eq!(params.properties["spark.a"], "b");
    }

    #[test]
    fn a_value_ends_no_key() {
        for text in [
            "--conf spark.${x}.y=1",
            "--conf=spark.${x}=1",
            "--hivevar ${x}=1",
            "-d a${x}=1",
        ] {
            let error = Err(FillError::EndsKey("x".to_owned()));
            assert_eq!(with(text, "k=s3cret"), error, "{text}");
            assert!(with(text, "k").is_ok());
        }
        assert_eq!(
            parsed("--conf spark.a=b=${x}", "c=d").properties["spark.a"],
            "b=c=d"
        );
    }

    #[test]
    fn a_value_adds_no_java_option() {
        for text in [
            "--driver-java-options -Da=${x}",
            "--conf 'spark.driver.extraJavaOptions=-Db=c -Da=${x}'",
            "--conf spark.kubernetes.driverEnv.SPARK_SUBMIT_OPTS=-Da=${x}",
        ] {
            for value in ["1 -javaagent:evil.jar", "'", "\"", "\\", "a\tb"] {
                let error = Err(FillError::CutsJavaOptions("x".to_owned()));
                assert_eq!(with(text, value), error, "{text} {value:?}");
            }
            assert!(with(text, "1").is_ok());
        }
        let by_its_name = "--conf spark.driver.extra${x}=-Da=${x}";
        assert!(with(by_its_name, "Java Options JavaOptions").is_err());
    }

    #[test]
    fn what_has_no_value_stays_as_it_is_written() {
        let text = "  --conf   spark.x=${spark.y}\t--verbose --no-such ${z}";
        assert_eq!(with(text, "v").unwrap(), text);
        assert_eq!(names(text).unwrap(), ["spark.y", "z"]);
        assert_eq!(with("--conf 'spark.x=${x}", "v"), Err(FillError::Unclosed));
        assert_eq!(names("\\"), Err(FillError::Unclosed));
    }

    #[test]
    fn nothing_but_a_value_is_filled() {
        let text = "--verbose=${x} ${x} --${x} --name ${x}";
        let filled = with(text, "--class a").unwrap();
        assert_eq!(
            filled,
            "'--verbose=${x}' '${x}' '--${x}' --name '--class a'"
        );
    }

    proptest! {
        #[test]
        fn any_value_stays_one_value(value in any::<String>()) {
            let text = "--conf spark.x=<${x}> --name=${x} --class C";
            let filled = fill(text, false, &|_| Some(&value)).unwrap();
            let params = parse(&filled).unwrap();
            prop_assert_eq!(&params.properties["spark.x"], &format!("<{value}>"));
            prop_assert_eq!(params.properties.len(), 1);
            prop_assert_eq!(params.name, Some(value));
            prop_assert_eq!(params.class.as_deref(), Some("C"));
        }

        #[test]
        fn no_text_panics(text in "([$][{]x[}]|--conf|--name|=|'|\"|\\\\| ){0,12}", value in any::<String>()) {
            let _ = with(&text, &value);
        }
    }
}
