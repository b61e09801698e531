mod refused;

use k8s_openapi::api::core::v1::Pod;

use super::*;
use crate::domain::ids::AccountId;
use crate::domain::ids::{JobRunId, VirtualClusterId};
use crate::spark::plan::Language;
use crate::spark::service_accounts::ServiceAccounts;

pub(super) fn identity() -> Identity {
    Identity {
        installation: "5f0c8a52-8a3a-4d53-9f0c-0e1f5c1f4c11".to_owned(),
        name: "spark-000000035ee16lm6uri-driver".to_owned(),
        namespace: "analytics".to_owned(),
        virtual_cluster: VirtualClusterId::parse("jk518skp01ys9ka8b0npx9nt0").unwrap(),
        job_run: JobRunId::parse("000000035ee16lm6uri").unwrap(),
        attempt: 1,
    }
}

pub(super) fn settings() -> PodSettings {
    PodSettings {
        image: Some("apache/spark:{spark_version}".to_owned()),
        service_account: Some("spark".to_owned()),
        ..PodSettings::default()
    }
}

pub(super) fn plan(language: Language, properties: &[(&str, &str)]) -> Plan {
    Plan {
        spark_version: "3.5.9".to_owned(),
        app_id: "spark-000000035ee16lm6uri".to_owned(),
        app_name: "Daily report".to_owned(),
        language,
        main_class: Some("org.apache.spark.examples.SparkPi".to_owned()),
        resource: "spark-internal".to_owned(),
        arguments: vec!["1000".to_owned()],
        proxy_user: None,
        properties: properties
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        conf_files: BTreeMap::new(),
        environment: BTreeMap::new(),
        start_timeout: None,
        run_timeout: None,
        templates: crate::spark::Templates::default(),
        layout: None,
        service_accounts: None,
        node_label: None,
        warnings: vec![],
    }
}

fn python_plan(properties: &[(&str, &str)]) -> Plan {
    Plan {
        main_class: Some("org.apache.spark.deploy.PythonRunner".to_owned()),
        resource: "s3a://bucket/job.py".to_owned(),
        arguments: vec!["--day".to_owned(), "2026-11-24".to_owned()],
        ..plan(Language::Python, properties)
    }
}

fn compact(plan: &Plan, identity: &Identity, settings: &PodSettings) -> Result<Pod, BuildError> {
    of_job_run(plan, identity, settings, Layout::Compact, &Texts::default())
        .map(|objects| objects.pod)
}

fn build(plan: &Plan) -> Pod {
    compact(plan, &identity(), &settings()).unwrap()
}

fn memory(plan: &Plan) -> String {
    let pod = build(plan);
    let resources = pod.spec.unwrap().containers[0].resources.clone().unwrap();
    assert_eq!(
        resources.requests.as_ref().unwrap()["memory"],
        resources.limits.as_ref().unwrap()["memory"]
    );
    resources.limits.unwrap()["memory"].0.clone()
}

#[test]
fn a_java_driver() {
    let plan = plan(
        Language::Java,
        &[
            (
                "spark.jars",
                "local:///opt/spark/examples/jars/examples.jar",
            ),
            ("spark.executor.instances", "2"),
        ],
    );
    insta::assert_json_snapshot!(build(&plan));
}

#[test]
fn a_python_driver_with_everything_that_properties_can_ask_for() {
    let mut plan = python_plan(&[
        ("spark.pyspark.python", "/usr/bin/python3"),
        ("spark.driver.cores", "2"),
        ("spark.driver.memory", "4g"),
        ("spark.driver.memoryOverheadFactor", "0.25"),
        ("spark.driver.resource.gpu.amount", "1"),
        ("spark.driver.resource.gpu.vendor", "nvidia.com"),
        (
            "spark.kubernetes.container.image",
            "registry/spark:{{SPARK_VERSION}}",
        ),
        ("spark.kubernetes.container.image.pullPolicy", "Always"),
        ("spark.kubernetes.container.image.pullSecrets", "one, two"),
        ("spark.kubernetes.driver.limit.cores", "3"),
        ("spark.kubernetes.driver.label.team", "data"),
        ("spark.kubernetes.driver.label.app", "report"),
        ("spark.kubernetes.driver.annotation.run", "of {{APP_ID}}"),
        ("spark.kubernetes.driver.node.selector.disk", "nvme"),
        ("spark.kubernetes.node.selector.pool", "spark"),
        ("spark.kubernetes.driverEnv.TABLE", "sales"),
        ("spark.kubernetes.scheduler.name", "yunikorn"),
        (
            "spark.kubernetes.authenticate.driver.serviceAccountName",
            "etl",
        ),
        ("spark.local.dir", "/scratch/a,/scratch/b"),
        ("spark.driver.host", "example.com"),
    ]);
    plan.spark_version = "4.3.0".to_owned();
    plan.proxy_user = Some("alice".to_owned());
    plan.conf_files.insert(
        "log4j2.properties".to_owned(),
        "rootLogger.level=warn\n".to_owned(),
    );
    plan.environment
        .insert("REGION".to_owned(), "eu".to_owned());
    insta::assert_json_snapshot!(build(&plan));
}

#[test]
fn memory_is_what_spark_computes() {
    for (expected, plan) in [
        ("1408Mi", plan(Language::Java, &[])),
        ("1433Mi", python_plan(&[])),
        (
            "5120Mi",
            plan(
                Language::Java,
                &[
                    ("spark.driver.memory", "4g"),
                    ("spark.kubernetes.memoryOverheadFactor", ".25"),
                ],
            ),
        ),
        (
            "12288Mi",
            plan(
                Language::Java,
                &[
                    ("spark.driver.memory", "10g"),
                    ("spark.driver.memoryOverhead", "2g"),
                ],
            ),
        ),
        (
            "3884Mi",
            plan(Language::Java, &[("spark.driver.memory", "3500")]),
        ),
    ] {
        assert_eq!(memory(&plan), expected);
    }
}

#[test]
fn the_least_overhead_can_be_lowered_from_spark_4_on() {
    let mut plan = plan(
        Language::Java,
        &[("spark.driver.minMemoryOverhead", "128m")],
    );
    assert_eq!(memory(&plan), "1408Mi");
    plan.spark_version = "4.0.1".to_owned();
    assert_eq!(memory(&plan), "1152Mi");
}

#[test]
fn executors_have_a_map_of_the_conf_folder_only_where_it_holds_more_than_properties() {
    let properties = |plan: &Plan| {
        build(plan).metadata.annotations.unwrap()["firesteel.dev/spark.properties"].clone()
    };
    let disabled = "spark.kubernetes.executor.disableConfigMap=true";
    let mut plan = plan(Language::Java, &[]);
    assert!(properties(&plan).contains(disabled));
    plan.conf_files
        .insert("core-site.xml".to_owned(), String::new());
    assert!(!properties(&plan).contains(disabled));
}

#[test]
fn steps_can_be_left_out_from_spark_4_1_on() {
    let policies = |version: &str, excluded: &str| {
        let key = "spark.kubernetes.driver.pod.excludedFeatureSteps";
        let class = format!("org.apache.spark.deploy.k8s.features.{excluded}");
        let mut plan = plan(Language::Java, &[(key, &class)]);
        plan.spark_version = version.to_owned();
        let objects = of_job_run(
            &plan,
            &identity(),
            &settings(),
            Layout::Compact,
            &Texts::default(),
        );
        objects.map(|objects| objects.dependents.len())
    };
    assert_eq!(policies("4.2.1", "NetworkPolicyFeatureStep"), Ok(0));
    assert_eq!(policies("4.2.1", "EnvSecretsFeatureStep"), Ok(1));
    assert_eq!(
        policies("4.2.1", "BasicDriverFeatureStep"),
        Err(BuildError::IndispensableStep("BasicDriverFeatureStep"))
    );
    assert!(policies("4.0.1", "BasicDriverFeatureStep").is_ok());
}

#[test]
fn the_service_and_the_driver_know_one_block_manager_port() {
    let plan = plan(Language::Java, &[("spark.blockManager.port", "9000")]);
    let classic = of_job_run(
        &plan,
        &identity(),
        &settings(),
        Layout::Classic,
        &Texts::default(),
    );
    let classic = classic.unwrap();
    let Dependent::Service(service) = &classic.dependents[0] else {
        panic!("the Service comes first");
    };
    let ports = service.spec.as_ref().unwrap().ports.as_ref().unwrap();
    assert_eq!(ports[1].port, 7079);
    let container = &classic.pod.spec.as_ref().unwrap().containers[0];
    assert_eq!(container.ports.as_ref().unwrap()[1].container_port, 9000);
}

#[test]
fn what_others_see_to_is_allowed() {
    for (key, value) in [
        ("spark.kubernetes.executor.secretKeyRef.TOKEN", "name:key"),
        ("spark.kubernetes.executor.secrets.certs", "/etc/certs"),
        (
            "spark.kubernetes.executor.volumes.emptyDir.spark-local-dir-1.mount.path",
            "/data",
        ),
        (
            "spark.kubernetes.driver.service.deleteOnTermination",
            "false",
        ),
        ("spark.kubernetes.driver.reusePersistentVolumeClaim", "true"),
        (
            "spark.kubernetes.driver.label.emr-containers.amazonaws.com/dynamic.sizing",
            "true",
        ),
    ] {
        build(&plan(Language::Java, &[(key, value)]));
    }
}

#[test]
fn arguments_reach_the_program_as_they_were_written() {
    let mut plan = python_plan(&[]);
    plan.arguments = vec!["$(SPARK_USER) costs $$5".to_owned()];
    let pod = build(&plan);
    let arguments = pod.spec.unwrap().containers[0].args.clone().unwrap();
    // Kubernetes makes $ of $$ and leaves what follows alone.
    assert_eq!(arguments.last().unwrap(), "$$(SPARK_USER) costs $$$$5");
    assert!(arguments.contains(&"spark.driver.host=$(SPARK_DRIVER_BIND_ADDRESS)".to_owned()));
}

#[test]
fn a_later_setting_of_a_variable_is_the_one_that_counts() {
    let pod = build(&plan(
        Language::Java,
        &[
            ("spark.kubernetes.driverEnv.SPARK_USER", "etl"),
            ("spark.kubernetes.driverEnv.SPARK_CONF_DIR", "/elsewhere"),
        ],
    ));
    let env = pod.spec.unwrap().containers[0].env.clone().unwrap();
    let last = |name: &str| env.iter().rfind(|set| set.name == name)?.value.clone();
    assert_eq!(last("SPARK_USER").as_deref(), Some("etl"));
    assert_eq!(last("SPARK_CONF_DIR").as_deref(), Some("/opt/spark/conf"));
}

#[test]
fn application_names_become_labels_as_spark_makes_them() {
    for (name, label) in [
        ("py pi", "py-pi"),
        (" Daily Report (v2)! ", "daily-report-v2"),
        ("9 My.App", "9-my-app"),
        ("--a__b--", "a-b"),
        (&"x".repeat(80), &"x".repeat(63)),
    ] {
        assert_eq!(labels::app_name(name), label, "{name:?}");
    }
}

#[test]
fn a_tombstone() {
    insta::assert_json_snapshot!(tombstone(&identity()));
}

#[test]
fn a_role_has_its_own_accounts_unless_others_are_set() {
    let mut run = plan(Language::Java, &[]);
    let account = AccountId::parse("111122223333").unwrap();
    run.service_accounts = Some(ServiceAccounts::of(&account, None));
    let own = PodSettings {
        service_account: None,
        ..settings()
    };
    let account_of = |plan: &Plan, settings: &PodSettings| {
        let pod = compact(plan, &identity(), settings).unwrap();
        let properties =
            pod.metadata.annotations.unwrap()["firesteel.dev/spark.properties"].clone();
        let executors = properties
            .lines()
            .find_map(|line| {
                line.strip_prefix("spark.kubernetes.authenticate.executor.serviceAccountName=")
            })
            .map(str::to_owned);
        (pod.spec.unwrap().service_account_name.unwrap(), executors)
    };
    assert_eq!(
        account_of(&run, &own),
        (
            "emr-containers-sa-spark-driver-111122223333".to_owned(),
            Some("emr-containers-sa-spark-executor-111122223333".to_owned())
        )
    );
    assert_eq!(account_of(&run, &settings()), ("spark".to_owned(), None));
    run.properties.insert(
        "spark.kubernetes.authenticate.driver.serviceAccountName".to_owned(),
        "etl".to_owned(),
    );
    assert_eq!(account_of(&run, &own), ("etl".to_owned(), None));
}

#[test]
fn a_run_stays_on_its_virtual_clusters_nodes() {
    let mut run = plan(
        Language::Java,
        &[
            (
                "spark.kubernetes.driver.node.selector.firesteel.dev/node-label",
                "other",
            ),
            ("spark.kubernetes.driver.node.selector.disk", "nvme"),
            (
                "spark.kubernetes.executor.node.selector.firesteel.dev/node-label",
                "other",
            ),
        ],
    );
    run.node_label = Some("gpu".to_owned());
    let pod = build(&run);
    let properties = &pod.metadata.annotations.unwrap()["firesteel.dev/spark.properties"];
    assert!(
        properties.contains("spark.kubernetes.node.selector.firesteel.dev/node-label=gpu")
            && !properties.contains("=other")
    );
    let selector = pod.spec.unwrap().node_selector.unwrap();
    assert_eq!(selector["firesteel.dev/node-label"], "gpu");
    assert_eq!(selector["disk"], "nvme");
}
