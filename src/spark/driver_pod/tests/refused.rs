//! What cannot become a driver, told by the name of what stands in its way.

use super::*;

#[test]
fn a_run_may_not_set_the_marks_of_its_pods() {
    for key in [
        "spark.kubernetes.driver.label.firesteel.dev/installation",
        "spark.kubernetes.driver.label.spark-role",
        "spark.kubernetes.driver.annotation.firesteel.dev/spark.properties",
        "spark.kubernetes.executor.label.firesteel.dev/holder",
        "spark.kubernetes.executor.label.emr-containers.amazonaws.com/job.id",
    ] {
        assert_eq!(
            compact(
                &plan(Language::Java, &[(key, "x")]),
                &identity(),
                &settings()
            ),
            Err(BuildError::Reserved(key.to_owned()))
        );
    }
}

#[test]
fn what_a_step_cannot_do_is_refused_by_the_propertys_name() {
    const VOLUMES: &str = "spark.kubernetes.driver.volumes.";
    let refusals: [(&[(&str, &str)], &str); 20] = [
        (
            &[(
                "spark.kubernetes.driver.pod.featureSteps",
                "com.hidden.Step",
            )],
            "spark.kubernetes.driver.pod.featureSteps",
        ),
        (
            &[("spark.kubernetes.driver.secretKeyRef.TOKEN", "hidden")],
            "spark.kubernetes.driver.secretKeyRef.TOKEN",
        ),
        (
            &[("volumes.hostPath.v.mount.path", "/hidden")],
            "volumes.hostPath.v.options.path",
        ),
        (
            &[("volumes.hostPath.v.options.path", "/hidden")],
            "volumes.hostPath.v.mount.path",
        ),
        (
            &[
                ("volumes.nfs.v.mount.path", "/hidden"),
                ("volumes.nfs.v.options.path", "/hidden"),
            ],
            "volumes.nfs.v.options.server",
        ),
        (
            &[("volumes.persistentVolumeClaim.v.mount.path", "/hidden")],
            "volumes.persistentVolumeClaim.v.options.claimName",
        ),
        (
            &[("volumes.csi.v.mount.path", "/hidden")],
            "volumes.csi.v.mount.path",
        ),
        (
            &[
                ("volumes.emptyDir.v.mount.path", "/hidden"),
                ("volumes.emptyDir.w.mount.path", "/hidden"),
            ],
            "mount.path",
        ),
        (
            &[
                ("volumes.emptyDir.v.mount.path", "/hidden"),
                ("volumes.emptyDir.v.mount.readOnly", "hidden"),
            ],
            "volumes.emptyDir.v.mount.readOnly",
        ),
        (
            &[
                ("volumes.emptyDir.v.mount.path", "/hidden"),
                ("volumes.emptyDir.v.options.sizeLimit", "10"),
            ],
            "volumes.emptyDir.v.options.sizeLimit",
        ),
        (
            &[("spark.kubernetes.kerberos.krb5.path", "/hidden")],
            "spark.kubernetes.kerberos.krb5.path",
        ),
        (
            &[
                ("spark.kubernetes.kerberos.krb5.path", "/hidden"),
                ("spark.kubernetes.kerberos.krb5.configMapName", "hidden"),
            ],
            "spark.kubernetes.kerberos.krb5.configMapName",
        ),
        (
            &[("spark.kerberos.keytab", "/hidden")],
            "spark.kerberos.principal",
        ),
        (
            &[("spark.kubernetes.kerberos.tokenSecret.name", "hidden")],
            "spark.kubernetes.kerberos.tokenSecret.itemKey",
        ),
        (
            &[("spark.hadoop.hadoop.security.authentication", "kerberos")],
            "spark.kubernetes.kerberos.tokenSecret.name",
        ),
        (
            &[("spark.kubernetes.authenticate.driver.caCertFile", "/hidden")],
            "spark.kubernetes.authenticate.driver.caCertFile",
        ),
        (
            &[("spark.driver.resource.gpu.amount", "1")],
            "spark.driver.resource.gpu.vendor",
        ),
        (
            &[("spark.driver.resource.gpu.vendor", "hidden")],
            "spark.driver.resource.gpu.amount",
        ),
        (&[("spark.ui.port", "hidden")], "spark.ui.port"),
        (
            &[("spark.kubernetes.local.dirs.tmpfs", "hidden")],
            "spark.kubernetes.local.dirs.tmpfs",
        ),
    ];
    for (properties, named) in refusals {
        let mut run = plan(Language::Java, &[]);
        for (key, value) in properties {
            let key = key
                .strip_prefix("volumes.")
                .map_or_else(|| (*key).to_owned(), |volume| format!("{VOLUMES}{volume}"));
            run.properties.insert(key, (*value).to_owned());
        }
        run.spark_version = "4.1.4".to_owned();
        let refusal = compact(&run, &identity(), &settings()).unwrap_err();
        let text = refusal.to_string();
        assert!(text.contains(named), "{named}: {text}");
        assert!(!text.contains("hidden"), "{text}");
    }
}

#[test]
fn templates_without_their_text_are_refused() {
    for role in ["driver", "executor"] {
        let key = format!("spark.kubernetes.{role}.podTemplateFile");
        let run = plan(Language::Java, &[(&key, "s3://b/t.yaml")]);
        let refusal = compact(&run, &identity(), &settings()).unwrap_err();
        assert!(matches!(refusal, BuildError::NoTemplate(_)), "{refusal}");
    }
}

#[test]
fn spark_3_takes_small_sizes_of_volumes_as_they_are() {
    let key = "spark.kubernetes.driver.volumes.emptyDir.v.options.sizeLimit";
    let run = plan(
        Language::Java,
        &[
            (
                "spark.kubernetes.driver.volumes.emptyDir.v.mount.path",
                "/v",
            ),
            (key, "10"),
        ],
    );
    let pod = compact(&run, &identity(), &settings()).unwrap();
    let volumes = pod.spec.unwrap().volumes.unwrap();
    let directory = volumes[0].empty_dir.clone().unwrap();
    assert_eq!(directory.size_limit.unwrap().0, "10");
}

#[test]
fn what_no_pod_can_carry_is_refused() {
    let refused = |plan: &Plan| compact(plan, &identity(), &settings()).unwrap_err();

    let mut large = plan(Language::Java, &[]);
    large
        .properties
        .insert("spark.text".to_owned(), "x".repeat(MAX_ANNOTATION_BYTES));
    assert!(matches!(refused(&large), BuildError::TooLarge { bytes } if bytes > 262_144));

    for name in ["../x", "spark.properties", "", "a b", "x/y", "name-"] {
        let mut plan = plan(Language::Java, &[]);
        plan.conf_files.insert(name.to_owned(), String::new());
        assert_eq!(refused(&plan), BuildError::ConfFileName(name.to_owned()));
    }

    let secret = plan(Language::Java, &[("spark.driver.memory", "hunter2")]);
    let error = refused(&secret).to_string();
    assert!(error.contains("spark.driver.memory") && !error.contains("hunter2"));

    let no_image = PodSettings::default();
    assert_eq!(
        compact(&plan(Language::Java, &[]), &identity(), &no_image),
        Err(BuildError::NoImage)
    );
}
