use std::path::PathBuf;
use std::time::Duration;

use super::*;

fn launcher() -> Launcher {
    Launcher {
        toolchain: Toolchain {
            spark_home: PathBuf::from("/no/spark"),
            java_home: None,
            python: Some(PathBuf::from("/venv/bin/python3")),
        },
        environment: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]),
        threads: None,
        boot: "boot".to_owned(),
    }
}

fn plan(resource: &str, properties: &[(&str, &str)]) -> Plan {
    Plan {
        spark_version: "3.5.6".to_owned(),
        app_id: "spark-1".to_owned(),
        app_name: "name".to_owned(),
        language: Language::Java,
        main_class: Some("dev.Main".to_owned()),
        resource: resource.to_owned(),
        arguments: vec!["it's $HOME".to_owned()],
        proxy_user: None,
        properties: properties
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        conf_files: BTreeMap::from([("log4j2.properties".to_owned(), "text".to_owned())]),
        environment: BTreeMap::new(),
        start_timeout: Some(Duration::from_secs(1)),
        run_timeout: None,
        templates: crate::spark::Templates::default(),
        layout: None,
        service_accounts: None,
        node_label: None,
        warnings: Vec::new(),
    }
}

#[test]
fn one_process_keeps_what_is_not_a_clusters() {
    let plan = plan(
        "local:///a.jar",
        &[
            ("spark.kubernetes.container.image", "x"),
            ("spark.dynamicAllocation.enabled", "true"),
            ("spark.driver.port", "7078"),
            ("spark.sql.shuffle.partitions", "8"),
            ("spark.jars", "local:///a.jar,s3://b/c.jar"),
        ],
    );
    let properties = Launcher::properties(&plan);
    let expected = [
        ("spark.jars", "/a.jar,s3://b/c.jar"),
        ("spark.sql.shuffle.partitions", "8"),
        ("spark.ui.port", "0"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(properties, BTreeMap::from(expected));
}

#[test]
fn the_threads_are_those_of_the_executors() {
    let launcher = launcher();
    let master = |properties: &[(&str, &str)]| launcher.master(&plan("/a.jar", properties));
    assert_eq!(master(&[]), "local[*]");
    assert_eq!(master(&[("spark.executor.instances", "1")]), "local[1]");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert_eq!(
        master(&[
            ("spark.executor.cores", "100"),
            ("spark.executor.instances", "100")
        ]),
        format!("local[{cores}]")
    );
    let configured = Launcher {
        threads: Some(3),
        ..launcher.clone()
    };
    assert_eq!(configured.master(&plan("/a.jar", &[])), "local[3]");
}

#[test]
fn the_script_quotes_every_word_of_a_caller() {
    let script = launcher().script(&plan("/a b.jar", &[]), Path::new("/state"));
    let command = "'/no/spark/bin/spark-submit' '--master' 'local[*]' '--deploy-mode' 'client' \
                   '--properties-file' '/state/conf/spark.properties' '--class' 'dev.Main' \
                   '/a b.jar' 'it'\\''s $HOME' </dev/null";
    assert!(script.contains(command), "{script}");
}

#[test]
fn python_and_its_class_are_left_to_spark_submit() {
    let mut plan = plan("local:///a.py", &[]);
    plan.language = Language::Python;
    let command = launcher().command(&plan, Path::new("/state"));
    assert!(!command.contains(&"--class".to_owned()), "{command:?}");
    assert!(command.contains(&"/a.py".to_owned()), "{command:?}");
}

#[test]
fn a_callers_variables_win_but_for_a_jdk_that_is_not_here() {
    let mut plan = plan("/a.py", &[]);
    plan.environment = BTreeMap::from([
        (
            "JAVA_HOME".to_owned(),
            "/usr/lib/jvm/of-the-service".to_owned(),
        ),
        ("PYSPARK_PYTHON".to_owned(), "./env/bin/python".to_owned()),
    ]);
    let variables = launcher().variables(&plan, Path::new("/state"));
    assert_eq!(variables["PYSPARK_PYTHON"], "./env/bin/python");
    assert!(!variables.contains_key("JAVA_HOME"));
}

#[test]
fn scratch_space_is_the_folders_unless_the_caller_has_one() {
    let variable = |properties: &[(&str, &str)]| {
        let variables = launcher().variables(&plan("/a.py", properties), Path::new("/state"));
        variables.get("SPARK_LOCAL_DIRS").cloned()
    };
    assert_eq!(variable(&[]).as_deref(), Some("/state/local"));
    assert_eq!(variable(&[("spark.local.dir", "/big")]), None);
}

#[test]
fn s3_needs_its_jars_and_no_text_a_nul() {
    let refusal = launcher()
        .check(&plan("s3://bucket/a.jar", &[]))
        .unwrap_err();
    assert!(matches!(refusal, Refusal::Plan(why) if why.contains("hadoop-aws")));
    assert!(launcher().check(&plan("/a\0.jar", &[])).is_err());
    assert!(launcher().check(&plan("/a.jar", &[])).is_ok());
}

#[test]
fn conf_files_stand_beside_the_properties() {
    let files = launcher().files(&plan("/a.jar", &[]), Path::new("/state"));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["run.sh", "conf/spark.properties", "conf/log4j2.properties"]
    );
}
