use super::*;

fn classification(
    name: &str,
    properties: &[(&str, &str)],
    nested: Vec<Configuration>,
) -> Configuration {
    Configuration {
        classification: name.to_owned(),
        properties: Some(
            properties
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        ),
        configurations: (!nested.is_empty()).then_some(nested),
    }
}

fn one(name: &str, properties: &[(&str, &str)]) -> Result<Conf, ConfError> {
    read(&[classification(name, properties, vec![])])
}

#[test]
fn spark_defaults_are_properties() {
    let conf = one("spark-defaults", &[("spark.a", " 1 "), ("other", "2")]).unwrap();
    assert_eq!(
        conf.properties,
        BTreeMap::from([("spark.a".to_owned(), "1".to_owned())])
    );
    assert_eq!(
        conf.warnings,
        ["Property other was ignored: it does not start with spark."]
    );
}

#[test]
fn sites_are_hadoop_properties() {
    for site in ["core-site", "hdfs-site", "hive-site", "spark-hive-site"] {
        let conf = one(site, &[("hive.metastore.uris", "thrift://h:9083")]).unwrap();
        assert_eq!(
            conf.properties["spark.hadoop.hive.metastore.uris"], "thrift://h:9083",
            "{site}"
        );
    }
}

#[test]
fn an_unknown_classification_is_told_in_the_services_words() {
    for name in ["yarn-site", "jeg-config", "export", ""] {
        assert_eq!(
            one(name, &[]).err().unwrap().to_string(),
            format!("Classification {name} not supported.")
        );
    }
}

#[test]
fn a_classification_stands_once_in_a_level() {
    let defaults = |nested| classification("spark-defaults", &[("spark.a", "1")], nested);
    assert_eq!(
        read(&[defaults(vec![]), defaults(vec![])]).err().unwrap(),
        ConfError::Duplicate("spark-defaults".to_owned())
    );
    let unknown = classification("yarn-site", &[], vec![defaults(vec![]), defaults(vec![])]);
    assert_eq!(duplicate(&[unknown]), Some("spark-defaults"));
    let inner = classification("spark-defaults", &[("spark.a", "2")], vec![]);
    let conf = read(&[defaults(vec![inner])]).unwrap();
    assert_eq!(conf.properties["spark.a"], "2");
}

#[test]
fn the_environment_comes_from_export_within_spark_env() {
    let export = classification(
        "export",
        &[
            ("JAVA_HOME", "/usr/lib/jvm/java-17"),
            ("QUOTED", "\"a b\""),
            ("SPARK_CONF_DIR", "/x"),
        ],
        vec![],
    );
    let env = classification("spark-env", &[("LOST", "1")], vec![export]);
    let conf = read(&[env]).unwrap();
    assert_eq!(conf.environment.len(), 2);
    assert_eq!(conf.environment["JAVA_HOME"], "/usr/lib/jvm/java-17");
    assert_eq!(conf.environment["QUOTED"], "a b");
    assert_eq!(conf.warnings.len(), 2);
}

#[test]
fn spark_env_takes_one_export_of_good_names_and_nothing_else() {
    let nested = |names: &[&str]| {
        let nested = names.iter().map(|name| classification(name, &[], vec![]));
        read(&[classification("spark-env", &[], nested.collect())])
    };
    assert!(nested(&["export"]).is_ok());
    let not_supported = |name: &str| Some(ConfError::NotSupported(name.to_owned()));
    assert_eq!(nested(&["core-site"]).err(), not_supported("core-site"));
    assert_eq!(
        nested(&["export", "core-site"]).err(),
        not_supported("core-site")
    );
    assert_eq!(
        nested(&["core-site", "export"]).err(),
        not_supported("core-site")
    );
    assert_eq!(
        nested(&["export", "export"]).err(),
        Some(ConfError::Duplicate("export".to_owned()))
    );
    let bad = classification("export", &[("A B", "1")], vec![]);
    assert_eq!(
        read(&[classification("spark-env", &[], vec![bad])]).err(),
        Some(ConfError::VariableName("A B".to_owned()))
    );
}

#[test]
fn log4j_is_laid_over_a_working_base() {
    let conf = one(
        "spark-log4j2",
        &[("rootLogger.level", "warn"), ("log4j.rootCategory", "x")],
    );
    let conf = conf.unwrap();
    let text = &conf.files["log4j2.properties"];
    assert!(text.contains("rootLogger.level=warn\n"), "{text}");
    assert!(text.contains("appender.console.type=Console\n"), "{text}");
    assert!(!text.contains("rootCategory"), "{text}");
    assert_eq!(conf.warnings.len(), 1);
}

#[test]
fn metrics_have_a_file() {
    let conf = one("spark-metrics", &[("*.sink.a.class", "b")]).unwrap();
    assert_eq!(conf.files["metrics.properties"], "*.sink.a.class=b\n");
}

#[test]
fn the_start_timeout_is_a_number_of_seconds() {
    let conf = one(
        "emr-containers-defaults",
        &[
            ("job-start-timeout", "1800"),
            ("logging.eventLog.dir", " s3://bucket/logs "),
            ("logging.image", "x"),
            ("jobs-start-timeout", "1"),
        ],
    );
    let conf = conf.unwrap();
    assert_eq!(conf.start_timeout, Some(Duration::from_secs(1800)));
    assert_eq!(conf.event_log_dir.as_deref(), Some("s3://bucket/logs"));
    assert_eq!(conf.warnings.len(), 2);
    for wrong in ["0", "-1", "15m", ""] {
        assert_eq!(
            one("emr-containers-defaults", &[("job-start-timeout", wrong)]).err(),
            Some(ConfError::StartTimeout)
        );
    }
}

#[test]
fn what_has_no_meaning_here_is_accepted_with_a_word() {
    for name in ["emr-job-submitter", "emrfs-site"] {
        let conf = one(name, &[("a", "b")]).unwrap();
        assert_eq!(conf.warnings.len(), 1);
        assert!(conf.properties.is_empty());
    }
}
#[test]
fn a_run_may_limit_its_time() {
    let limited = one("firesteel", &[("job-run-timeout", " 3600 ")]).unwrap();
    assert_eq!(limited.run_timeout, Some(Duration::from_secs(3600)));
    for text in ["0", "-1", "1h", ""] {
        assert_eq!(
            one("firesteel", &[("job-run-timeout", text)]).err(),
            Some(ConfError::RunTimeout)
        );
    }
}

#[test]
fn the_layout_is_the_runs_to_choose() {
    for (text, layout) in [
        ("auto", LayoutSetting::Auto),
        ("compact", LayoutSetting::Compact),
        (" classic ", LayoutSetting::Classic),
    ] {
        let conf = one("firesteel", &[("layout", text)]).unwrap();
        assert_eq!(conf.layout, Some(layout));
    }
    assert_eq!(one("firesteel", &[]).unwrap().layout, None);
    assert_eq!(
        one("firesteel", &[("layout", "Compact")]).err(),
        Some(ConfError::Layout)
    );
    assert_eq!(
        one("firesteel", &[("lay-out", "compact")]).err(),
        Some(ConfError::UnknownChoice("lay-out".to_owned()))
    );
}
