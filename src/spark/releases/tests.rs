use super::*;

fn unconfigured(label: &str) -> Result<String, ReleaseError> {
    let found = Releases::default().find(label);
    found.map(|found| found.spark_version)
}

fn release(label: &str, spark: Option<&str>, image: Option<&str>) -> Release {
    Release {
        label: label.to_owned(),
        spark: spark.map(str::to_owned),
        image: image.map(str::to_owned),
        properties: BTreeMap::new(),
    }
}

#[test]
fn each_form_of_a_label_names_its_spark() {
    for (label, spark) in [
        ("emr-6.8.0-latest", "3.3.0"),
        ("emr-6.15.0-20231109", "3.4.1"),
        ("emr-7.0.0-latest", "3.5.0"),
        ("emr-7.10.0-java8-latest", "3.5.5"),
        ("emr-7.12.0-spark-rapids-latest", "3.5.6"),
        ("emr-6.13.0-java17-al2023-latest", "3.4.1"),
        ("emr-7.14.0-latest", "3.5.8"),
        ("emr-spark-8.0.0-latest", "4.0.2"),
        ("emr-spark-8.1.0-20260601", "4.1.1"),
    ] {
        assert_eq!(spark_version(label), Some(spark), "{label}");
        assert_eq!(unconfigured(label).unwrap(), spark, "{label}");
    }
}

#[test]
fn what_is_no_release_is_unknown() {
    for label in [
        "",
        "emr-7.12.0",
        "emr-7.12.0-",
        "emr-7.12.0-newest",
        "emr-7.12.1-latest",
        "emr-7.15.0-latest",
        "emr-07.12.0-latest",
        "emr-7.12.0-flink-latest",
        "emr-spark-7.12.0-latest",
        "emr-8.0.0-latest",
        "emr-7.12.0-2026-latest",
        "emr-999.0.0-latest",
        "spark-3.5.6",
    ] {
        let error = unconfigured(label).unwrap_err();
        assert_eq!(error.to_string(), format!("Release {label} doesn't exist."));
    }
}

#[test]
fn an_old_release_is_told_apart_from_an_unknown_one() {
    for label in ["emr-5.33.0-latest", "emr-6.2.0-latest", "emr-6.7.0-latest"] {
        let error = unconfigured(label).unwrap_err();
        assert!(matches!(error, ReleaseError::TooOld { .. }), "{error}");
        assert!(error.to_string().contains("oldest"), "{error}");
    }
}

#[test]
fn an_installation_goes_over_the_services_table_the_particular_over_the_general() {
    let layers = [
        vec![
            release(
                "spark-4.3.0",
                Some("4.3.0"),
                Some("own/spark:{spark_version}"),
            ),
            release("emr-7.12.0", Some("3.5.9"), None),
            release(
                "emr-7.12.0-java11",
                None,
                Some("own/java11:{spark_version}"),
            ),
            release("emr-7.15.0", Some("3.5.9"), None),
        ],
        vec![release("emr-7.12.0-20260115", None, Some("own/pinned:1"))],
    ];
    let releases = Releases::new(layers).unwrap();
    for (label, spark, image) in [
        ("spark-4.3.0", "4.3.0", Some("own/spark:4.3.0")),
        ("emr-7.12.0-latest", "3.5.9", None),
        ("emr-7.12.0-java8-latest", "3.5.9", None),
        (
            "emr-7.12.0-java11-latest",
            "3.5.9",
            Some("own/java11:3.5.9"),
        ),
        ("emr-7.12.0-20260115", "3.5.9", Some("own/pinned:1")),
        ("emr-7.15.0-java17-latest", "3.5.9", None),
        ("emr-7.11.0-latest", "3.5.6", None),
    ] {
        let found = releases
            .find(label)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.spark_version, spark, "{label}");
        let given = found.properties.get(IMAGE).map(String::as_str);
        assert_eq!(given, image, "{label}");
    }
    for label in [
        "spark-4.3.0-flink-latest",
        "spark-4.3.1",
        "emr-7.15.0-flink-latest",
    ] {
        assert!(releases.find(label).is_err(), "{label}");
    }
}

#[test]
fn properties_of_a_release_go_over_its_image_and_add_up() {
    let with = |label: &str, key: &str, value: &str| Release {
        properties: BTreeMap::from([(key.to_owned(), value.to_owned())]),
        ..release(label, None, Some("image"))
    };
    let layers = [
        vec![with("emr-7.12.0", "spark.a", "1")],
        vec![with("emr-7.12.0", IMAGE, "own")],
    ];
    let releases = Releases::new(layers).unwrap();
    let found = releases.find("emr-7.12.0-latest").ok().unwrap();
    assert_eq!(found.properties["spark.a"], "1");
    assert_eq!(found.properties[IMAGE], "own");
}

#[test]
fn what_makes_no_sense_is_refused_by_its_name() {
    let refused = |releases: Vec<Release>| Releases::new([releases]).unwrap_err().to_string();
    let unknown = refused(vec![release("emr-7.99.0", None, Some("x"))]);
    assert_eq!(
        unknown,
        "emr-7.99.0 needs a Spark version: no release has this name"
    );
    for spark in ["3.2.0", "4", "4.0", "latest", "4.0.0-preview1"] {
        let told = refused(vec![release("own", Some(spark), None)]);
        assert!(
            told.starts_with(&format!("own has Spark {spark};")),
            "{told}"
        );
    }
    let twice = vec![release("own", Some("4.0.0"), None); 2];
    assert_eq!(refused(twice), "own stands there twice");
    assert!(refused(vec![release("a b", Some("4.0.0"), None)]).contains("not a label"));
    assert!(Releases::new([vec![release("emr-5.33.0", Some("3.5.9"), None)]]).is_ok());
}
