use proptest::prelude::*;

use super::*;

fn properties(text: &str) -> Vec<(String, String)> {
    parse(text).unwrap().properties.into_iter().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn every_form_of_an_option_says_the_same() {
    let expected = pairs(&[("spark.executor.memory", "2g"), ("spark.x", "a=b c")]);
    for text in [
        "--executor-memory 2g --conf 'spark.x=a=b c'",
        "--executor-memory=2g --conf=\"spark.x=a=b c\"",
        "  --conf spark.x=a=b\\ c \\\n  --executor-memory 2g\n",
        "-c spark.x='a=b c'\r\n--executor-memory \"2g\"",
    ] {
        assert_eq!(properties(text), expected, "{text}");
    }
}

#[test]
fn options_win_over_conf_and_the_last_over_the_first() {
    assert_eq!(
        properties(
            "--driver-memory 3g --conf spark.driver.memory=1g --conf spark.a=1 --conf spark.a=2"
        ),
        pairs(&[("spark.a", "2"), ("spark.driver.memory", "3g")])
    );
}

#[test]
fn options_become_their_properties() {
    let params = parse(
        "--name 'my pi' --class dev.Main --proxy-user ann --jars s3://b/a.jar,local:///b.jar \
         --py-files d.zip --files f --archives e.tar.gz#env --packages g:a:1 --exclude-packages g:b \
         --repositories https://r --num-executors 3 --executor-cores 2 --driver-cores 1 \
         --driver-java-options '-Da=b -Dc=\"d e\"' --driver-class-path /x --driver-library-path /y \
         --driver-default-class-path /z \
         --principal p --keytab k",
    )
    .unwrap();
    assert_eq!(params.name.as_deref(), Some("my pi"));
    assert_eq!(params.class.as_deref(), Some("dev.Main"));
    assert_eq!(params.proxy_user.as_deref(), Some("ann"));
    let actual: Vec<_> = params.properties.into_iter().collect();
    assert_eq!(
        actual,
        pairs(&[
            ("spark.archives", "e.tar.gz#env"),
            ("spark.driver.cores", "1"),
            ("spark.driver.defaultExtraClassPath", "/z"),
            ("spark.driver.extraClassPath", "/x"),
            ("spark.driver.extraJavaOptions", "-Da=b -Dc=\"d e\""),
            ("spark.driver.extraLibraryPath", "/y"),
            ("spark.executor.cores", "2"),
            ("spark.executor.instances", "3"),
            ("spark.files", "f"),
            ("spark.jars", "s3://b/a.jar,local:///b.jar"),
            ("spark.jars.excludes", "g:b"),
            ("spark.jars.packages", "g:a:1"),
            ("spark.jars.repositories", "https://r"),
            ("spark.kerberos.keytab", "k"),
            ("spark.kerberos.principal", "p"),
            ("spark.submit.pyFiles", "d.zip"),
        ])
    );
}

#[test]
fn what_means_nothing_here_is_ignored_with_a_word() {
    let params =
        parse("--queue q --supervise -v --conf hadoop.x=1 --total-executor-cores 4").unwrap();
    assert!(params.properties.is_empty());
    assert_eq!(
        params.warnings,
        [
            "Option --queue has no meaning here.",
            "Option --supervise has no meaning here.",
            "Property hadoop.x was ignored: it does not start with spark.",
            "Option --total-executor-cores has no meaning here.",
        ]
    );
}

#[test]
fn refusals_name_the_word() {
    for (text, error) in [
        ("--foo bar", ParamsError::Unknown("--foo".to_owned())),
        ("--foo=s3cret", ParamsError::Unknown("--foo".to_owned())),
        ("-x", ParamsError::Unknown("-x".to_owned())),
        ("stray --name a", ParamsError::Stray("stray".to_owned())),
        // A value that lost its option may be a secret.
        ("spark.x=s3cret", ParamsError::Stray("spark.x=".to_owned())),
        (
            "--name a -Dx=s3cret",
            ParamsError::Unknown("-Dx=".to_owned()),
        ),
        (
            "--master yarn",
            ParamsError::NotAllowed("--master".to_owned()),
        ),
        ("--properties-file=f", ParamsError::PropertiesFile),
        ("--name= a", ParamsError::Unknown("--name=".to_owned())),
        (
            "--deploy-mode client",
            ParamsError::NotAllowed("--deploy-mode".to_owned()),
        ),
        ("--version", ParamsError::NotAllowed("--version".to_owned())),
        ("--name", ParamsError::NoValue("--name".to_owned())),
        ("--conf", ParamsError::NoValue("--conf".to_owned())),
        ("--conf a", ParamsError::NoEquals),
        (
            "--conf 'spark.a.b: s3cret'",
            ParamsError::NoEqualsAfter("spark.a.b".to_owned()),
        ),
        ("--name 'a", ParamsError::Unclosed),
        ("--name a\\", ParamsError::Unclosed),
    ] {
        assert_eq!(parse(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn no_error_tells_a_propertys_value() {
    for text in [
        "--conf s3cret",
        "--conf spark.password=a s3cret",
        "--conf=spark.password=s3cret s3cret",
        "--conf spark.password='s3cret",
        "--keytab a s3cret",
    ] {
        let error = parse(text).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
    let told = parse("--properties-file s3cret").unwrap_err().to_string();
    assert!(told.contains("no file of yours to read"), "{told}");
    let params = parse("--conf spark.password=s3cret --name s3cret").unwrap();
    assert!(!format!("{params:?}").contains("s3cret"));
}

#[test]
fn sql_mixes_both_kinds_of_options() {
    let params = parse_sql(
        "--conf spark.a=1 --hivevar day='2026 01' -e 'SELECT 1' --database=db -S --driver-memory 1g",
    )
    .unwrap();
    assert_eq!(
        params.sql,
        [
            "--hivevar",
            "day=2026 01",
            "-e",
            "SELECT 1",
            "--database",
            "db",
            "-S"
        ]
    );
    assert_eq!(params.properties.len(), 2);
    assert!(parse("--hivevar a=b").is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&text);
        let _ = parse_sql(&text);
    }

    #[test]
    fn no_words_of_the_grammar_panic(
        words in prop::collection::vec(
            prop::sample::select(vec!["--conf", "spark.a=b", "--name", "--name=", "=", "'", "\"", "\\", "-e", "--", "-"]),
            0..8,
        ),
    ) {
        let _ = parse(&words.join(" "));
        let _ = parse_sql(&words.join(" "));
    }

    #[test]
    fn a_quoted_value_comes_back_as_it_was(value in "[^\0\r]*") {
        let quoted = shlex::try_quote(&value).unwrap();
        let params = parse(&format!("--conf spark.x={quoted} --name {quoted}")).unwrap();
        prop_assert_eq!(&params.properties["spark.x"], &value);
        prop_assert_eq!(params.name.as_deref(), Some(value.as_str()));
    }
}
