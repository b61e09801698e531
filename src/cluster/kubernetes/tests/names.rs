//! The names of all that a driver has.

use std::collections::BTreeSet;

use super::server::cluster;
use super::*;
use crate::spark::TemplateSource;
use crate::spark::driver_pod::{Layout, Texts, of_job_run};

/// A Service's name is the strictest: a DNS label that begins with a letter.
#[tokio::test]
async fn whatever_belongs_to_an_attempt_has_a_name_that_kubernetes_takes() {
    let mut run = plan();
    run.properties = [
        ("spark.kerberos.keytab", "/k"),
        ("spark.kerberos.principal", "p"),
        ("spark.kubernetes.kerberos.krb5.path", "/k"),
        (
            "spark.kubernetes.driver.volumes.persistentVolumeClaim.a.options.claimName",
            "OnDemand",
        ),
        (
            "spark.kubernetes.driver.volumes.persistentVolumeClaim.a.options.storageClass",
            "fast",
        ),
        (
            "spark.kubernetes.driver.volumes.persistentVolumeClaim.a.options.sizeLimit",
            "1Gi",
        ),
        (
            "spark.kubernetes.driver.volumes.persistentVolumeClaim.a.mount.path",
            "/a",
        ),
    ]
    .map(|(key, value): (&str, &str)| (key.to_owned(), value.to_owned()))
    .into();
    run.spark_version = "4.2.0".to_owned();
    let template = "spec: {containers: [{name: a}]}";
    run.templates.executor = Some(TemplateSource::Inline(template.to_owned()));
    let texts = Texts {
        executor_template: Some(template.to_owned()),
        hadoop_conf: [("core-site.xml".to_owned(), String::new())].into(),
        krb5_conf: Some(String::new()),
        keytab: Some(vec![1]),
        ..Texts::default()
    };
    for job_run in [
        "000000000000000000a",
        "vvvvvvvvvvvvvvvvvvv",
        "000000035ee16lm6uri",
    ] {
        for attempt in [1, u32::MAX] {
            let (cluster, _) = cluster(vec![]);
            let driver = DriverRef::new(
                "analytics",
                &driver().virtual_cluster,
                &JobRunId::parse(job_run).unwrap(),
                attempt,
            );
            run.app_id.clone_from(&driver.app_id);
            let identity = cluster.identity_of(&driver);
            let objects =
                of_job_run(&run, &identity, &cluster.pod, Layout::Classic, &texts).unwrap();
            let names: BTreeSet<_> = objects
                .dependents
                .iter()
                .map(|dependent| dependent.metadata().name.clone().unwrap())
                .chain(objects.pod.metadata.name)
                .collect();
            assert!(names.len() >= 8, "{names:?}");
            for name in names {
                let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
                assert!(
                    name.len() <= 63
                        && name.starts_with(|c: char| c.is_ascii_lowercase())
                        && name.ends_with(alphanumeric)
                        && name.chars().all(|c| alphanumeric(c) || c == '-'),
                    "{name}"
                );
            }
        }
    }
}
