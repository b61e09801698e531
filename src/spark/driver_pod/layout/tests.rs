use super::*;
use crate::spark::driver_pod::tests::plan as plan_of;
use crate::spark::plan::Language;

fn plan(properties: &[(&str, &str)]) -> Plan {
    plan_of(Language::Java, properties)
}

fn chosen(plan: &Plan) -> Choice {
    choose(plan, &Texts::default(), LayoutSetting::Auto).unwrap()
}

#[track_caller]
fn is_classic(plan: &Plan, texts: &Texts, because: &str) {
    let choice = choose(plan, texts, LayoutSetting::Auto).unwrap();
    assert_eq!(choice.layout, Layout::Classic, "{because}");
    let reason = choice.reason.unwrap();
    assert!(reason.contains(because), "{reason}");
}

#[test]
fn one_pod_is_the_usual_thing() {
    let plan = plan(&[
        (
            "spark.jars",
            "local:///opt/spark/examples/jars/examples.jar",
        ),
        (
            "spark.kubernetes.driver.service.deleteOnTermination",
            "false",
        ),
        ("spark.kubernetes.driver.secretKeyRef.PASSWORD", "name:key"),
        ("spark.kubernetes.executor.secrets.certs", "/etc/certs"),
        ("spark.kubernetes.container.image.pullSecrets", "registry"),
        (
            "spark.hadoop.fs.s3a.aws.credentials.provider",
            "com.amazonaws.auth.WebIdentityTokenCredentialsProvider",
        ),
        ("spark.hadoop.fs.s3a.secret.key", ""),
        ("spark.network.crypto.tokens", "false"),
        (
            "spark.driver.extraJavaOptions",
            "-Dtokenizer -Djava.net.preferIPv6Addresses=false",
        ),
    ]);
    assert_eq!(
        chosen(&plan),
        Choice {
            layout: Layout::Compact,
            reason: None
        }
    );
}

#[test]
fn secrets_do_not_ride_in_annotations() {
    for (key, value) in [
        ("spark.hadoop.fs.s3a.secret.key", "hunter2"),
        ("spark.hadoop.fs.s3a.access.key", "hunter2"),
        ("spark.executorEnv.AWS_SECRET_ACCESS_KEY", "hunter2"),
        (
            "spark.driver.extraJavaOptions",
            "-Dtrust.storePassword=hunter2",
        ),
        (
            "spark.sql.catalog.x.url",
            "jdbc:x://h/db?user=a&password=hunter2",
        ),
        ("spark.redaction.regex", "(?!x)"),
    ] {
        let choice = chosen(&plan(&[(key, value)]));
        assert_eq!(choice.layout, Layout::Classic, "{key}");
        let reason = choice.reason.unwrap();
        assert!(
            reason.contains(key) && !reason.contains("hunter2"),
            "{reason}"
        );
    }
    let own = plan(&[
        ("spark.redaction.regex", "(?i)salary"),
        ("spark.x.Salary", "9"),
    ]);
    is_classic(&own, &Texts::default(), "spark.x.Salary");

    let mut site = plan(&[]);
    let text = "<name>javax.jdo.option.ConnectionPassword</name><value>x</value>";
    site.conf_files
        .insert("hive-site.xml".to_owned(), text.to_owned());
    is_classic(&site, &Texts::default(), "hive-site.xml");
}

#[test]
fn much_text_does_not_ride_in_annotations() {
    let mut large = plan(&[]);
    large
        .conf_files
        .insert("a.xml".to_owned(), "x".repeat(33 * 1024));
    is_classic(&large, &Texts::default(), "bytes");
    let texts = Texts {
        executor_template: Some("x".repeat(33 * 1024)),
        ..Texts::default()
    };
    is_classic(&plan(&[]), &texts, "bytes");
    let annotation = "x".repeat(MAX_ANNOTATION_BYTES);
    let annotated = plan(&[("spark.kubernetes.driver.annotation.a", &annotation)]);
    is_classic(&annotated, &Texts::default(), "annotations can hold");
}

#[test]
fn what_needs_a_service_or_maps_gets_them() {
    for (key, value) in [
        ("spark.kubernetes.driver.service.annotation.a", "b"),
        ("spark.kubernetes.driver.service.ipFamilies", "IPv6"),
        (
            "spark.driver.extraJavaOptions",
            "-Djava.net.preferIPv6Addresses=true",
        ),
        ("spark.kubernetes.hadoop.configMapName", "hadoop"),
        ("spark.kubernetes.kerberos.krb5.configMapName", "krb5"),
    ] {
        is_classic(&plan(&[(key, value)]), &Texts::default(), key);
    }
    let texts = Texts {
        krb5_conf: Some("[libdefaults]".to_owned()),
        ..Texts::default()
    };
    is_classic(&plan(&[]), &texts, "Kerberos");
}

#[test]
fn the_runs_wish_comes_before_the_clusters() {
    let texts = Texts::default();
    let mut plan = plan(&[("spark.hadoop.fs.s3a.secret.key", "hunter2")]);
    let layout = |plan: &Plan, setting| choose(plan, &texts, setting).unwrap().layout;
    assert_eq!(layout(&plan, LayoutSetting::Compact), Layout::Compact);
    plan.layout = Some(LayoutSetting::Classic);
    assert_eq!(layout(&plan, LayoutSetting::Compact), Layout::Classic);
    plan.layout = Some(LayoutSetting::Auto);
    assert_eq!(layout(&plan, LayoutSetting::Compact), Layout::Classic);
    plan.layout = Some(LayoutSetting::Compact);
    assert_eq!(layout(&plan, LayoutSetting::Classic), Layout::Compact);
}

#[test]
fn a_wish_that_one_pod_cannot_fulfil_is_refused() {
    let key = "spark.kubernetes.driver.service.annotation.a";
    let refused = choose(
        &plan(&[(key, "hunter2")]),
        &Texts::default(),
        LayoutSetting::Compact,
    );
    let error = refused.unwrap_err().to_string();
    assert!(error.contains(key) && !error.contains("hunter2"), "{error}");
}
