//! The executable prints what a submission would create, and refuses in one line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{firesteel, output};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden")
}

/// The recordings of one case, by Spark version.
fn recordings(name: &str) -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(golden()).unwrap();
    let recordings: BTreeMap<_, _> = files
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut cases: Value = serde_json::from_str(&text).unwrap();
            let version = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let case = cases.as_object_mut().unwrap().remove(name)?;
            Some((version, case))
        })
        .collect();
    assert!(!recordings.is_empty(), "{name} is not recorded");
    recordings
}

/// What the command line of a recording prints. The recordings' inputs lie elsewhere here.
async fn render(version: &str, case: &Value) -> (Option<i32>, String, String) {
    let inputs = format!("{}/", golden().join("inputs").display());
    let moved = |text: &Value| text.as_str().unwrap().replace("/inputs/", &inputs);
    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("vars.json");
    std::fs::write(&ids, case["ids"].to_string()).unwrap();
    let mut arguments: Vec<String> = ["render", "--spark-version", version, "--output", "json"]
        .map(str::to_owned)
        .into();
    if case["ids"].is_object() {
        arguments.extend(["--ids".to_owned(), ids.display().to_string()]);
    }
    for (variable, option) in [
        ("SPARK_CONF_DIR", "--conf-dir"),
        ("HADOOP_CONF_DIR", "--hadoop-conf-dir"),
    ] {
        if case["environment"][variable].is_string() {
            arguments.extend([option.to_owned(), moved(&case["environment"][variable])]);
        }
    }
    arguments.extend(["--user".to_owned(), "root".to_owned(), "--".to_owned()]);
    arguments.extend(case["arguments"].as_array().unwrap().iter().map(moved));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (code, printed, error) = output(firesteel(&arguments)).await;
    (code, printed.replace(&inputs, "/inputs/"), error)
}

/// Without the random folder of local files.
fn local_dir_hidden(pod: &Value) -> String {
    let uuid = regex::Regex::new("/var/data/spark-[0-9a-f-]{36}").unwrap();
    uuid.replace_all(&pod.to_string(), "/var/data/spark")
        .into_owned()
}

#[tokio::test]
async fn a_command_line_prints_what_spark_submit_sends() {
    for name in ["01-scala-pi", "13-conf-dirs"] {
        for (version, case) in recordings(name) {
            let (code, printed, error) = render(&version, &case).await;
            assert_eq!(code, Some(0), "{version} {name}: {error}");
            let mut printed: Value = serde_json::from_str(&printed).unwrap();
            let data = printed["configmap"]["data"].as_object_mut().unwrap();
            assert!(data.remove("spark.properties").is_some());
            assert_eq!(
                local_dir_hidden(&printed["pod"]),
                local_dir_hidden(&case["pod"]),
                "{version} {name}"
            );
            for object in ["service", "configmap", "extra"] {
                assert_eq!(printed[object], case[object], "{version} {name}: {object}");
            }
        }
    }
}

#[tokio::test]
async fn what_spark_submit_refuses_is_refused_in_one_line() {
    for (version, case) in recordings("05-spark-sql") {
        let (code, printed, error) = render(&version, &case).await;
        assert_eq!((code, printed.as_str()), (Some(1), ""), "{version}");
        assert_eq!(
            error, "firesteel: Cluster deploy mode is not applicable to Spark SQL shell.\n",
            "{version}"
        );
    }
}

#[tokio::test]
async fn wrong_use_is_told_from_a_refusal() {
    for arguments in [
        &["render"][..],
        &["render", "--", "a.jar"],
        &["render", "--start-job-run", "-", "--", "a.jar"],
        &["render", "--cluster", "c", "--start-job-run", "-"],
    ] {
        let (code, printed, error) = output(firesteel(arguments)).await;
        assert_eq!(
            (code, printed.as_str()),
            (Some(2), ""),
            "{arguments:?}: {error}"
        );
    }
}

#[tokio::test]
async fn a_request_prints_the_pod_of_its_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.json");
    let request = json!({
        "executionRoleArn": "arn:aws:iam::123456789012:role/analyst",
        "jobDriver": {"sparkSubmitJobDriver": {
            "entryPoint": "s3://bucket/job.py",
            "sparkSubmitParameters": "--conf spark.executor.instances=2",
        }},
    });
    std::fs::write(&file, request.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let label = ["--release", "emr-7.12.0-latest"];
    let arguments = ["render", label[0], label[1], "--start-job-run", file];
    let (code, printed, error) = output(firesteel(&arguments)).await;
    assert_eq!(code, Some(0), "{error}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        printed["pod"]["metadata"]["labels"]["spark-version"],
        "3.5.6"
    );
    let extra = printed["extra"].as_array().unwrap();
    let names: Vec<_> = extra
        .iter()
        .map(|object| &object["metadata"]["name"])
        .collect();
    let end = "123456789012-7i15gn0rcdw";
    assert_eq!(names[1], &format!("emr-containers-rb-spark-driver-{end}"));
    assert_eq!(names[2], &printed["pod"]["spec"]["serviceAccountName"]);
    assert_eq!(extra[1]["subjects"][0]["name"], *names[2]);

    let yaml = ["--layout", "classic", "--output", "yaml"];
    let (code, printed, error) = output(firesteel(&[&arguments[..], &yaml].concat())).await;
    assert_eq!(code, Some(0), "{error}");
    let kinds: Vec<_> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("kind: "))
        .collect();
    let accounts = ["Role", "RoleBinding", "ServiceAccount", "ServiceAccount"];
    let driver = ["Pod", "Service", "ConfigMap"];
    let expected = [&accounts[..], &driver].concat();
    assert_eq!(kinds, expected, "each after what it needs");

    // No release is named, and none is guessed.
    let (code, printed, error) = output(firesteel(&["render", "--start-job-run", file])).await;
    assert_eq!((code, printed.as_str()), (Some(1), ""), "{error}");
    assert!(error.contains("releaseLabel"), "{error}");
}

#[tokio::test]
async fn a_request_gets_the_layout_and_the_templates_that_its_run_would_get() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.json");
    let request = |classification: &str, properties: Value| {
        let request = json!({
            "releaseLabel": "emr-7.12.0-latest",
            "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "s3://bucket/job.py"}},
            "configurationOverrides": {"applicationConfiguration": [
                {"classification": classification, "properties": properties},
            ]},
        });
        std::fs::write(&file, request.to_string()).unwrap();
    };
    let path = file.to_str().unwrap();
    let render = || async {
        let (code, printed, error) = output(firesteel(&["render", "--start-job-run", path])).await;
        let printed: Value = serde_json::from_str(&printed).unwrap_or_default();
        (code, printed, error)
    };

    for (classification, properties, is_classic) in [
        ("firesteel", json!({"layout": "classic"}), true),
        ("firesteel", json!({"layout": "auto"}), false),
        ("spark-defaults", json!({"spark.db.password": "x"}), true),
    ] {
        request(classification, properties.clone());
        let (code, printed, error) = render().await;
        assert_eq!(code, Some(0), "{error}");
        let has_map = printed["configmap"].is_object();
        assert_eq!(has_map, is_classic, "{properties}");
    }

    let template = "{\"spec\": {\"terminationGracePeriodSeconds\": 7}}";
    let inline = "spark.firesteel.driver.podTemplate";
    request("spark-defaults", json!({inline: template}));
    let (code, printed, error) = render().await;
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(printed["pod"]["spec"]["terminationGracePeriodSeconds"], 7);

    let elsewhere = "https://templates.test/a?key=hidden";
    request(
        "spark-defaults",
        json!({"spark.kubernetes.driver.podTemplateFile": elsewhere}),
    );
    let (code, _, error) = render().await;
    assert_eq!(code, Some(1));
    assert!(
        error.contains(inline) && !error.contains("hidden"),
        "{error}"
    );
}

/// Settings with two clusters that differ in the accounts of their pods.
const CLUSTERS: &str = r#"
[[clusters]]
id = "prod"
backend = "kubernetes"
kubeconfig = "/nowhere"
image = "registry.test/spark:{spark_version}"
irsa = true
layout = "classic"
[clusters.defaults.properties]
"spark.executor.instances" = "7"

[[clusters]]
id = "fixed"
backend = "kubernetes"
in_cluster = true
image = "x"
service_account = "spark"

[[clusters]]
id = "laptop"
backend = "process"
"#;

#[tokio::test]
async fn a_request_gets_what_its_cluster_is_configured_to_give() {
    let folder = tempfile::tempdir().unwrap();
    let (config, request) = (folder.path().join("c.toml"), folder.path().join("r.json"));
    std::fs::write(&config, CLUSTERS).unwrap();
    let role = "arn:aws:iam::123456789012:role/analyst";
    let run = json!({
        "releaseLabel": "emr-7.12.0-latest",
        "executionRoleArn": role,
        "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "s3://bucket/job.py"}},
    });
    std::fs::write(&request, run.to_string()).unwrap();
    let (config, request) = (config.to_str().unwrap(), request.to_str().unwrap());
    let render = async |cluster: &str| {
        let given = [
            "--config",
            config,
            "--cluster",
            cluster,
            "--namespace",
            "etl",
        ];
        let words = [&["render", "--start-job-run", request][..], &given].concat();
        output(firesteel(&words)).await
    };

    let (code, printed, error) = render("prod").await;
    assert_eq!(code, Some(0), "{error}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let image = &printed["pod"]["spec"]["containers"][0]["image"];
    assert_eq!(image, "registry.test/spark:3.5.6");
    let properties = printed["configmap"]["data"]["spark.properties"].as_str();
    assert!(properties.unwrap().contains("spark.executor.instances=7\n"));
    for object in printed["extra"].as_array().unwrap() {
        assert_eq!(object["metadata"]["namespace"], "etl");
        let of_role = &object["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
        let is_account = object["kind"] == "ServiceAccount";
        assert_eq!(of_role.as_str(), is_account.then_some(role), "{object}");
    }

    let (code, printed, error) = render("fixed").await;
    assert_eq!(code, Some(0), "{error}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["pod"]["spec"]["serviceAccountName"], "spark");
    assert_eq!(
        printed["extra"],
        Value::Null,
        "the account is somebody else's"
    );

    for (cluster, why) in [
        ("laptop", "cluster laptop runs drivers as processes"),
        ("other", "there is no cluster other"),
    ] {
        let (code, printed, error) = render(cluster).await;
        assert_eq!((code, printed.as_str()), (Some(2), ""));
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn variables_of_a_submitters_environment_are_given_and_never_inherited() {
    let submission = |given: &[&str]| {
        let before = ["render", "--spark-version", "3.5.9"];
        let to = ["--", "--master", "k8s://x", "--deploy-mode", "cluster"];
        let image = "spark.kubernetes.container.image=x";
        let what = ["--conf", image, "--name", "n", "local:///a.py"];
        let mut command = firesteel(&[&before[..], given, &to, &what].concat());
        command
            .env("PYSPARK_PYTHON", "/own/python")
            .env("SPARK_USER", "own");
        command
    };
    let variables = async |given: &[&str]| {
        let (code, printed, error) = output(submission(given)).await;
        assert_eq!(code, Some(0), "{error}");
        let printed: Value = serde_json::from_str(&printed).unwrap();
        let env = printed["pod"]["spec"]["containers"][0]["env"]
            .as_array()
            .unwrap()
            .clone();
        let of = move |name: &str| {
            let found = env.iter().find(|variable| variable["name"] == name)?;
            found["value"].as_str().map(str::to_owned)
        };
        ["PYSPARK_PYTHON", "SPARK_USER"].map(of)
    };
    let given = [
        "--env",
        "PYSPARK_PYTHON=/opt/a=b",
        "--env",
        "HADOOP_USER_NAME=etl",
    ];
    let told = [Some("/opt/a=b".to_owned()), Some("etl".to_owned())];
    assert_eq!(variables(&given).await, told);
    let [python, user] = variables(&[]).await;
    assert_eq!(python, None);
    assert_ne!(user.as_deref(), Some("own"));

    for wrong in ["PYSPARK_PYTHON", "=x"] {
        let (code, printed, error) = output(submission(&["--env", wrong])).await;
        assert_eq!((code, printed.as_str()), (Some(2), ""));
        assert!(error.contains("NAME=VALUE"), "{error}");
    }
}
