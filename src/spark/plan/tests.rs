use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::configuration::{
    Configuration, ConfigurationOverrides, MonitoringConfiguration, S3Logs,
};
use crate::domain::ids::{AccountId, ClusterId, JobRunId, VirtualClusterId};
use crate::domain::job_run::State;

fn run(driver: JobDriver) -> JobRun {
    JobRun {
        id: JobRunId::parse("000000037b4uegnu8q5").unwrap(),
        account: AccountId::parse("123456789012").unwrap(),
        virtual_cluster: VirtualClusterId::random(),
        cluster: ClusterId::parse("here").unwrap(),
        namespace: "jobs".to_owned(),
        name: None,
        client_token: "token".to_owned(),
        execution_role_arn: None,
        release_label: "emr-7.12.0-latest".to_owned(),
        driver,
        overrides: None,
        tags: BTreeMap::new(),
        max_attempts: None,
        created_by: String::new(),
        created_at: Timestamp::UNIX_EPOCH,
        state: State::Pending,
        state_details: None,
        failure_reason: None,
        finished_at: None,
        cancel_requested_at: None,
    }
}

fn submit_run(entry_point: &str, arguments: &[&str], parameters: &str) -> JobRun {
    run(JobDriver::SparkSubmit {
        entry_point: entry_point.to_owned(),
        arguments: Some(arguments.iter().map(|a| (*a).to_owned()).collect()),
        parameters: Some(parameters.to_owned()),
    })
}

fn sql_run(entry_point: Option<&str>, parameters: Option<&str>) -> JobRun {
    run(JobDriver::SparkSql {
        entry_point: entry_point.map(ToOwned::to_owned),
        parameters: parameters.map(ToOwned::to_owned),
    })
}

fn names() -> DriverNames {
    DriverNames {
        app_id: "spark-000000037b4uegnu8q5".to_owned(),
    }
}

fn planned(run: &JobRun) -> Plan {
    plan(run, &names(), &RunSettings::default()).unwrap()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn defaults(properties: &[(&str, &str)]) -> Option<ConfigurationOverrides> {
    Some(ConfigurationOverrides {
        application_configuration: Some(vec![Configuration {
            classification: "spark-defaults".to_owned(),
            properties: Some(map(properties)),
            configurations: None,
        }]),
        monitoring: None,
    })
}

/// Of what spark-submit 3.5 wrote for the same command line, the part that no cluster adds.
#[test]
fn a_jar_gives_the_properties_that_spark_submit_writes() {
    let jar = "local:///opt/spark/examples/jars/spark-examples_2.12-3.5.9.jar";
    let plan = planned(&submit_run(
        jar,
        &["1000"],
        "--name spark-pi --conf spark.kubernetes.container.image=apache/spark:3.5.9 \
         --class org.apache.spark.examples.SparkPi",
    ));
    let mut properties = plan.properties;
    properties.retain(|key, _| !key.starts_with("spark.hadoop.fs."));
    assert_eq!(
        properties,
        map(&[
            ("spark.app.id", "spark-000000037b4uegnu8q5"),
            ("spark.app.name", "spark-pi"),
            ("spark.dynamicAllocation.enabled", "false"),
            ("spark.jars", jar),
            ("spark.kubernetes.container.image", "apache/spark:3.5.9"),
            ("spark.submit.pyFiles", ""),
        ])
    );
    assert_eq!(plan.language, Language::Java);
    assert_eq!(
        plan.main_class.as_deref(),
        Some("org.apache.spark.examples.SparkPi")
    );
    assert_eq!(plan.resource, jar);
    assert_eq!(plan.arguments, ["1000"]);
    assert_eq!(plan.spark_version, "3.5.6");
}

#[test]
fn python_and_r_are_told_by_their_suffix() {
    let python = planned(&submit_run(
        "s3://bucket/jobs/pi.py",
        &["--flag", "a b"],
        "--py-files local:///opt/app/dep.zip,local:///opt/app/util.py",
    ));
    assert_eq!(python.language, Language::Python);
    assert_eq!(python.app_name, "pi.py");
    assert_eq!(
        python.main_class.as_deref(),
        Some("org.apache.spark.deploy.PythonRunner")
    );
    assert_eq!(
        python.properties["spark.submit.pyFiles"],
        "local:///opt/app/dep.zip,local:///opt/app/util.py"
    );
    assert!(!python.properties.contains_key("spark.jars"));
    let r = planned(&submit_run("local:///opt/dataframe.R", &[], ""));
    assert_eq!(
        r.main_class.as_deref(),
        Some("org.apache.spark.deploy.RRunner")
    );
}

#[test]
fn the_main_jar_stands_last_among_the_jars_and_once() {
    let jars = |parameters: &str| {
        planned(&submit_run("s3://b/main.jar", &[], parameters)).properties["spark.jars"].clone()
    };
    assert_eq!(jars("--jars a.jar"), "a.jar,s3://b/main.jar");
    assert_eq!(
        jars("--jars s3://b/main.jar,a.jar"),
        "s3://b/main.jar,a.jar"
    );
    let internal = planned(&submit_run("spark-internal", &[], "--class dev.Main"));
    assert_eq!(internal.properties["spark.jars"], "");
    let without = submit_run("spark-internal", &[], "");
    assert_eq!(
        plan(&without, &names(), &RunSettings::default()),
        Err(PlanError::NoClass)
    );
}

#[test]
fn the_name_is_the_first_that_there_is() {
    let name = |parameters: &str, conf: &[(&str, &str)]| {
        let mut run = submit_run("local:///a/main.jar", &[], parameters);
        run.overrides = defaults(conf);
        planned(&run).app_name
    };
    let conf = [("spark.app.name", "of-conf")];
    assert_eq!(name("--name given --class dev.Main", &conf), "given");
    assert_eq!(name("--class dev.Main", &conf), "of-conf");
    assert_eq!(name("--class dev.Main", &[]), "dev.Main");
    assert_eq!(name("", &[]), "main.jar");
}

#[test]
fn the_later_source_wins() {
    let installation = RunSettings {
        properties: map(&[
            ("spark.a", "all"),
            ("spark.b", "all"),
            ("spark.c", "all"),
            ("spark.d", "all"),
        ]),
        release_properties: BTreeMap::from([
            (
                "3.5".to_owned(),
                map(&[
                    ("spark.b", "line"),
                    ("spark.e", "line"),
                    ("spark.f", "line"),
                ]),
            ),
            (
                "3.5.6".to_owned(),
                map(&[("spark.e", "version"), ("spark.f", "version")]),
            ),
            ("emr-7.12.0-latest".to_owned(), map(&[("spark.f", "label")])),
            ("3.4".to_owned(), map(&[("spark.a", "other line")])),
        ]),
        environment: BTreeMap::new(),
        ..RunSettings::default()
    };
    let mut run = submit_run("local:///a.py", &[], "--conf spark.d=params");
    run.overrides = defaults(&[("spark.c", "conf"), ("spark.d", "conf")]);
    let plan = plan(&run, &names(), &installation).unwrap();
    for (key, value) in [
        ("spark.a", "all"),
        ("spark.b", "line"),
        ("spark.c", "conf"),
        ("spark.d", "params"),
        ("spark.e", "version"),
        ("spark.f", "label"),
    ] {
        assert_eq!(plan.properties[key], value, "{key}");
    }
}

#[test]
fn the_installation_may_set_what_callers_may_not() {
    let key = "spark.kubernetes.authenticate.driver.serviceAccountName";
    let installation = RunSettings {
        properties: map(&[(key, "spark")]),
        ..RunSettings::default()
    };
    let plan = plan(
        &submit_run("local:///a.py", &[], ""),
        &names(),
        &installation,
    )
    .unwrap();
    assert_eq!(plan.properties[key], "spark");
}

#[test]
fn exported_variables_reach_driver_and_executors() {
    let mut run = submit_run("local:///a.py", &[], "--conf spark.executorEnv.B=own");
    let export = Configuration {
        classification: "export".to_owned(),
        properties: Some(map(&[("A", "1"), ("B", "2")])),
        configurations: None,
    };
    let env = Configuration {
        classification: "spark-env".to_owned(),
        properties: None,
        configurations: Some(vec![export]),
    };
    run.overrides = Some(ConfigurationOverrides {
        application_configuration: Some(vec![env]),
        monitoring: None,
    });
    let plan = planned(&run);
    assert_eq!(plan.environment, map(&[("A", "1"), ("B", "2")]));
    assert_eq!(plan.properties["spark.executorEnv.A"], "1");
    assert_eq!(plan.properties["spark.executorEnv.B"], "own");
}

#[test]
fn sql_runs_the_command_line_on_its_file() {
    let plan = planned(&sql_run(
        Some("local:///sql/report.sql"),
        Some("--hivevar day=monday --conf spark.executor.instances=2"),
    ));
    assert_eq!(plan.language, Language::Sql);
    assert_eq!(plan.resource, "spark-internal");
    assert_eq!(
        plan.arguments,
        ["-f", "/sql/report.sql", "--hivevar", "day=monday"]
    );
    assert_eq!(plan.main_class.as_deref(), Some(SQL_CLASS));
    assert_eq!(plan.app_name, "report.sql");
    assert_eq!(
        plan.properties["spark.sql.catalogImplementation"],
        "in-memory"
    );
    assert_eq!(
        plan.properties["spark.sql.legacy.createHiveTableByDefault"],
        "false"
    );
}

#[test]
fn a_metastore_keeps_the_hive_catalog() {
    for key in [
        "spark.hadoop.hive.metastore.client.factory.class",
        "spark.hive.metastore.uris",
    ] {
        let parameters = format!("-e 'SELECT 1' --conf {key}=x");
        let plan = planned(&sql_run(None, Some(&parameters)));
        assert!(
            !plan
                .properties
                .contains_key("spark.sql.catalogImplementation"),
            "{key}"
        );
    }
}

#[test]
fn sql_needs_exactly_one_text() {
    let error = |entry_point, parameters| {
        plan(
            &sql_run(entry_point, parameters),
            &names(),
            &RunSettings::default(),
        )
        .unwrap_err()
    };
    assert_eq!(error(None, None), PlanError::NoSql);
    assert_eq!(
        error(Some("s3://b/q.sql"), Some("-e 'SELECT 1'")),
        PlanError::MoreThanOneSql
    );
    assert_eq!(
        error(None, Some("-e 'SELECT 1' -f q.sql")),
        PlanError::MoreThanOneSql
    );
}

#[test]
fn an_entry_point_is_no_option() {
    let run = submit_run("--status", &[], "");
    let error = plan(&run, &names(), &RunSettings::default()).unwrap_err();
    assert_eq!(error, PlanError::EntryPoint);
}

#[test]
fn errors_and_debug_tell_no_secret() {
    let run = submit_run("local:///a.py", &["s3cret"], "--conf spark.password=s3cret");
    assert!(!format!("{:?}", planned(&run)).contains("s3cret"));
    let bad = submit_run("local:///a.py", &["s3cret"], "--conf spark.master=s3cret");
    let error = plan(&bad, &names(), &RunSettings::default()).unwrap_err();
    assert_eq!(error.to_string(), "Property spark.master is not allowed.");
}

#[test]
fn properties_that_the_cluster_sets_may_be_allowed_and_have_no_effect() {
    let mut settings = RunSettings::default();
    settings.policy.allow_properties = vec!["spark.submit.*".to_owned()];
    let run = submit_run(
        "local:///a.py",
        &[],
        "--conf spark.submit.deployMode=client",
    );
    let plan = plan(&run, &names(), &settings).unwrap();
    assert!(!plan.properties.contains_key("spark.submit.deployMode"));
    assert!(plan.warnings[0].contains("spark.submit.deployMode"));
}

#[test]
fn templates_are_taken_out_of_the_properties() {
    let inline = "--conf 'spark.firesteel.driver.podTemplate=spec: {}' \
                  --conf spark.kubernetes.executor.podTemplateFile=s3://b/t.yaml";
    let plan = planned(&submit_run("local:///a.py", &[], inline));
    assert!(plan.templates.driver.is_some() && plan.templates.executor.is_some());
    assert!(!plan.templates.driver_is_trusted && !plan.templates.executor_is_trusted);
    assert!(
        !plan
            .properties
            .keys()
            .any(|key| key.starts_with("spark.firesteel."))
    );
    assert!(
        plan.properties
            .contains_key("spark.kubernetes.executor.podTemplateFile")
    );
}

proptest! {
    #[test]
    fn no_request_panics(entry_point in any::<String>(), parameters in any::<String>()) {
        let _ = plan(&submit_run(&entry_point, &[], &parameters), &names(), &RunSettings::default());
        let _ = plan(&sql_run(Some(&entry_point), Some(&parameters)), &names(), &RunSettings::default());
    }
}

#[test]
fn dynamic_allocation_is_the_runs_to_ask_for_and_tracks_shuffles_then() {
    let tracking = "spark.dynamicAllocation.shuffleTracking.enabled";
    let properties =
        |parameters: &str| planned(&submit_run("local:///a.py", &[], parameters)).properties;
    let without = properties("");
    assert_eq!(without[DYNAMIC_ALLOCATION], "false");
    assert!(!without.contains_key(tracking));
    let with = properties("--conf spark.dynamicAllocation.enabled=true");
    assert_eq!(with[tracking], "true");
    let own = properties(&format!(
        "--conf spark.dynamicAllocation.enabled=true --conf {tracking}=false"
    ));
    assert_eq!(own[tracking], "false");
}

#[test]
fn event_logs_and_monitoring_are_settled_with_a_word() {
    let mut run = submit_run("local:///a.py", &[], "");
    run.overrides = Some(ConfigurationOverrides {
        application_configuration: Some(vec![Configuration {
            classification: "emr-containers-defaults".to_owned(),
            properties: Some(map(&[("logging.eventLog.dir", "s3://b/logs")])),
            configurations: None,
        }]),
        monitoring: Some(MonitoringConfiguration {
            s3: Some(S3Logs {
                log_uri: "s3://b/l".to_owned(),
                encryption_key_arn: None,
            }),
            ..MonitoringConfiguration::default()
        }),
    });
    let settings = RunSettings {
        event_log_dir: Some("s3://cluster/logs".to_owned()),
        ..RunSettings::default()
    };
    let own = plan(&run, &names(), &settings).unwrap();
    assert_eq!(own.properties["spark.eventLog.dir"], "s3://b/logs");
    assert_eq!(own.properties["spark.eventLog.enabled"], "true");
    assert_eq!(own.warnings.len(), 1);
    run.overrides = None;
    let of_cluster = plan(&run, &names(), &settings).unwrap();
    assert_eq!(
        of_cluster.properties["spark.eventLog.dir"],
        "s3://cluster/logs"
    );
    assert!(
        !planned(&run)
            .properties
            .contains_key("spark.eventLog.enabled")
    );
}

#[test]
fn an_installation_says_what_its_labels_mean_and_callers_choose_their_image() {
    let image = "spark.kubernetes.container.image";
    let release = releases::Release {
        label: "spark-4.3.0".to_owned(),
        spark: Some("4.3.0".to_owned()),
        image: Some("own/spark:{spark_version}".to_owned()),
        properties: map(&[("spark.a", "release"), ("spark.b", "release")]),
    };
    let settings = RunSettings {
        properties: map(&[(image, "of-cluster"), ("spark.a", "cluster")]),
        releases: Releases::new([vec![release]]).unwrap(),
        ..RunSettings::default()
    };
    let mut run = submit_run("local:///a.py", &[], "--conf spark.b=run");
    run.release_label = "spark-4.3.0".to_owned();
    let own = plan(&run, &names(), &settings).unwrap();
    assert_eq!(own.spark_version, "4.3.0");
    assert_eq!(own.properties[image], "own/spark:4.3.0");
    assert_eq!(own.properties["spark.a"], "release");
    assert_eq!(own.properties["spark.b"], "run");
    run.overrides = defaults(&[(image, "mine")]);
    let chosen = plan(&run, &names(), &settings).unwrap();
    assert_eq!(chosen.properties[image], "mine");
}
