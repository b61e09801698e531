use super::*;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn submitter() -> Submitter {
    Submitter {
        working_dir: "/home/me".to_owned(),
        ..Submitter::default()
    }
}

fn plan_of(text: &str, submitter: &Submitter) -> Result<Plan, SubmitLineError> {
    plan_with("3.5.9", text, submitter)
}

fn plan_with(
    spark_version: &str,
    text: &str,
    submitter: &Submitter,
) -> Result<Plan, SubmitLineError> {
    let mut number = 0;
    let mut uuid = || {
        number += 1;
        format!("uuid{number}")
    };
    let stamps = Stamps {
        app_id: "spark-1".to_owned(),
        submit_time: "1".to_owned(),
        uuid: &mut uuid,
    };
    let line = CommandLine::parse(&words(text))?;
    plan(&line, spark_version, submitter, stamps)
}

const CLUSTER: &str = "--master k8s://h:6443 --deploy-mode cluster";

fn planned(text: &str) -> Plan {
    plan_of(&format!("{CLUSTER} {text}"), &submitter()).unwrap()
}

fn refused(text: &str) -> String {
    plan_of(text, &submitter()).unwrap_err().to_string()
}

#[test]
fn what_spark_submit_adds() {
    let plan = planned("--class C local:///a.jar x --flag");
    let expected = [
        ("spark.app.name", "C"),
        ("spark.app.submitTime", "1"),
        ("spark.jars", "local:///a.jar"),
        ("spark.master", "k8s://https://h:6443"),
        ("spark.submit.deployMode", "cluster"),
        ("spark.submit.pyFiles", ""),
    ];
    let properties: Vec<_> = plan
        .properties
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(properties, expected);
    assert_eq!(plan.resource, "local:///a.jar");
    assert_eq!(plan.arguments, ["x", "--flag"]);
}

#[test]
fn an_option_wins_over_conf_and_conf_over_files() {
    let submitter = Submitter {
        conf_dir: BTreeMap::from([(
            "spark-defaults.conf".to_owned(),
            b"spark.master k8s://http://h\nspark.a file\nspark.b  file \nother x\n\
              spark.submit.deployMode cluster\nspark.executor.memory 3g"
                .to_vec(),
        )]),
        environment: BTreeMap::from([
            ("SPARK_DRIVER_MEMORY".to_owned(), "2g".to_owned()),
            ("SPARK_EXECUTOR_MEMORY".to_owned(), "2g".to_owned()),
        ]),
        ..submitter()
    };
    let text = "--executor-cores 4 --conf spark.executor.cores=2 --conf spark.a=conf \
                --name first --name=second --class C spark-internal";
    let plan = plan_of(text, &submitter).unwrap();
    for (key, value) in [
        ("spark.executor.cores", "4"),
        ("spark.a", "conf"),
        ("spark.b", "file"),
        ("spark.app.name", "second"),
        ("spark.driver.memory", "2g"),
        ("spark.executor.memory", "3g"),
        ("spark.master", "k8s://http://h"),
        ("spark.jars", ""),
    ] {
        assert_eq!(plan.properties[key], value, "{key}");
    }
    assert!(!plan.properties.contains_key("other"));
    assert!(plan.warnings[0].contains("other"), "{:?}", plan.warnings);
}

#[test]
fn a_properties_file_stands_for_the_defaults_unless_both_are_asked_for() {
    let submitter = Submitter {
        properties_file: Some("spark.a file".to_owned()),
        conf_dir: BTreeMap::from([(
            "spark-defaults.conf".to_owned(),
            b"spark.a defaults\nspark.b defaults".to_vec(),
        )]),
        ..submitter()
    };
    let text = format!("{CLUSTER} --properties-file f --class C spark-internal");
    let plan = plan_of(&text, &submitter).unwrap();
    assert_eq!(plan.properties["spark.a"], "file");
    assert!(!plan.properties.contains_key("spark.b"));
    let both = format!("--load-spark-defaults {text}");
    let plan = plan_with("4.0.2", &both, &submitter).unwrap();
    assert_eq!(plan.properties["spark.a"], "file");
    assert_eq!(plan.properties["spark.b"], "defaults");
}

#[test]
fn the_submitters_files_are_uploaded() {
    let plan = planned(
        "--jars a.jar,local:///b.jar --files /f.txt#g --archives /e.tgz#env,s3a://b/k.zip \
         --conf spark.kubernetes.file.upload.path=file:///up /app/main.py",
    );
    for (key, value) in [
        (
            "spark.jars",
            "file:///up/spark-upload-uuid1/a.jar,local:///b.jar",
        ),
        ("spark.files", "file:///up/spark-upload-uuid2/f.txt"),
        (
            "spark.archives",
            "file:/up/spark-upload-uuid3/e.tgz#env,s3a://b/k.zip",
        ),
        ("spark.app.name", "main.py"),
    ] {
        assert_eq!(plan.properties[key], value, "{key}");
    }
    assert_eq!(plan.resource, "file:///up/spark-upload-uuid4/main.py");
    let plan = planned("--conf spark.kubernetes.file.upload.path=s3a://b --class C x.jar");
    assert_eq!(plan.resource, "spark-internal");
    assert_eq!(
        plan.properties["spark.jars"],
        "s3a://b/spark-upload-uuid1/x.jar"
    );
    assert_eq!(planned("/x/a.R").resource, "file:/x/a.R");
}

#[test]
fn what_spark_submit_refuses() {
    for (text, message) in [
        ("--class", "Missing argument for option '--class'."),
        ("--no-such x", "Unrecognized option '--no-such'."),
        ("--load-spark-defaults a.jar", "Unrecognized option"),
        ("--supervise=x", "Unrecognized option '--supervise'."),
        ("--conf spark.a", "Spark config without '=': spark.a"),
        ("--kill x", "--kill"),
        ("--deploy-mode elsewhere a.jar", "--deploy-mode must be"),
        ("--deploy-mode cluster", "Must specify a primary resource"),
        ("--driver-memory 0 a.py", "Driver memory must be"),
        ("--executor-memory x a.py", "Executor memory must be"),
        ("--num-executors 0 a.py", "Number of executors must be"),
        ("--proxy-user a --principal b a.py", "Only one of"),
        ("a.py", "local[*]"),
        ("--master spark://h a.py", "spark://h"),
        ("--master k8s://ftp://h a.py", "scheme: ftp"),
        ("--master k8s://h a.py", "deploy mode client"),
        ("--remote sc://h a.py", "--remote"),
        (
            "--master k8s://h --deploy-mode cluster spark-shell",
            "not applicable to Spark shells.",
        ),
        (
            "--master k8s://h --deploy-mode cluster --class \
             org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver spark-internal",
            "not applicable to Spark SQL shell.",
        ),
        (
            "--master k8s://h --deploy-mode cluster local:///a.jar",
            "specify one with --class",
        ),
        (
            "--master k8s://h --deploy-mode cluster /a.py",
            "specify spark.kubernetes.file.upload.path property.",
        ),
    ] {
        let refusal = refused(text);
        assert!(refusal.contains(message), "{text}: {refusal}");
    }
    // Numbers of executors mean nothing where Spark chooses them.
    planned("--conf spark.dynamicAllocation.enabled=true --num-executors 0 local:///a.py");
}
