use super::*;

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// A template that has a text, `${p}`, wherever one may stand.
fn full() -> JobTemplateData {
    let p = || "${p}".to_owned();
    JobTemplateData {
        execution_role_arn: p(),
        release_label: p(),
        driver: JobDriver::SparkSubmit {
            entry_point: p(),
            arguments: Some(vec!["-x".to_owned(), p()]),
            parameters: Some(p()),
        },
        overrides: Some(TemplateOverrides {
            application_configuration: Some(vec![Configuration {
                classification: p(),
                properties: Some(texts(&[("k${p}", "${p}")])),
                configurations: Some(vec![Configuration {
                    classification: p(),
                    properties: Some(texts(&[("x.extraJavaOptions", "-D${p}")])),
                    configurations: None,
                }]),
            }]),
            monitoring: Some(TemplateMonitoring {
                persistent_app_ui: Some(p()),
                cloud_watch: Some(TemplateCloudWatch {
                    log_group_name: Some(p()),
                    log_stream_name_prefix: Some(p()),
                }),
                s3: Some(TemplateS3Logs { log_uri: Some(p()) }),
            }),
        }),
        job_tags: Some(texts(&[("t${p}", "${p}")])),
        parameters: Some(BTreeMap::from([("p".to_owned(), Parameter::default())])),
    }
}

fn map(data: &JobTemplateData, replaced: Replaced) -> (RunParts, Vec<String>) {
    data.map_texts(replaced, &mut |_, text| text.replace("${p}", "v"))
}

#[test]
fn every_text_is_visited_with_its_place() {
    let mut places = Vec::new();
    let (same, clashes) = full().map_texts(Replaced::default(), &mut |place, text| {
        if text.contains("${p}") {
            places.push((place.member.to_owned(), place.language));
        }
        text.to_owned()
    });
    assert_eq!(clashes, Vec::<String>::new());
    assert_eq!(same.driver.as_ref(), Some(&full().driver));
    assert_eq!(same.overrides, full().overrides);
    let plain = |member: &str| (member.to_owned(), Language::Plain);
    let application = "configurationOverrides.applicationConfiguration.1.member";
    let monitoring = "configurationOverrides.monitoringConfiguration";
    let submit = "jobDriver.sparkSubmitJobDriver";
    assert_eq!(
        places,
        [
            plain("executionRoleArn"),
            plain("releaseLabel"),
            plain(&format!("{submit}.entryPoint")),
            plain(&format!("{submit}.entryPointArguments.2.member")),
            (
                format!("{submit}.sparkSubmitParameters"),
                Language::SubmitParameters
            ),
            plain(&format!("{application}.classification")),
            plain(&format!("{application}.properties")),
            plain(&format!("{application}.properties")),
            plain(&format!(
                "{application}.configurations.1.member.classification"
            )),
            (
                format!("{application}.configurations.1.member.properties"),
                Language::JavaOptions
            ),
            plain(&format!("{monitoring}.persistentAppUI")),
            plain(&format!(
                "{monitoring}.cloudWatchMonitoringConfiguration.logGroupName"
            )),
            plain(&format!(
                "{monitoring}.cloudWatchMonitoringConfiguration.logStreamNamePrefix"
            )),
            plain(&format!("{monitoring}.s3MonitoringConfiguration.logUri")),
            plain("jobTags"),
            plain("jobTags"),
        ]
    );
    // Whatever of a template a placeholder can stand in is in its JSON: none was passed over.
    let all = serde_json::to_string(&full()).unwrap();
    assert_eq!(all.matches("${p}").count(), places.len());
}

#[test]
fn what_a_run_replaces_is_left_out() {
    let replaced = Replaced {
        execution_role_arn: true,
        driver: true,
        application_configuration: true,
        ..Replaced::default()
    };
    let (parts, _) = map(&full(), replaced);
    assert_eq!(parts.execution_role_arn, None);
    assert_eq!(parts.release_label.as_deref(), Some("v"));
    assert_eq!(parts.driver, None);
    let overrides = parts.overrides.unwrap();
    assert_eq!(overrides.application_configuration, None);
    let s3 = overrides.monitoring.unwrap().s3.unwrap();
    assert_eq!(s3.log_uri.as_deref(), Some("v"));
    assert_eq!(parts.tags, texts(&[("tv", "v")]));
}

#[test]
fn two_keys_that_become_one_are_told() {
    let data = JobTemplateData {
        job_tags: Some(texts(&[("${p}", "a"), ("v", "b")])),
        ..full()
    };
    assert_eq!(map(&data, Replaced::default()).1, ["jobTags"]);
}

#[test]
fn a_value_is_the_given_one_or_the_default_of_what_is_declared() {
    let mut data = full();
    let parameter = Parameter {
        kind: None,
        default_value: Some("default".to_owned()),
    };
    data.parameters = Some(BTreeMap::from([
        ("with".to_owned(), parameter),
        ("without".to_owned(), Parameter::default()),
    ]));
    let given = texts(&[("with", "1"), ("undeclared", "2")]);
    assert_eq!(data.value(&given, "with"), Some("1"));
    assert_eq!(data.value(&Given::new(), "with"), Some("default"));
    assert_eq!(data.value(&given, "without"), None);
    assert_eq!(data.value(&given, "undeclared"), None);
}

#[test]
fn numbers_are_decimal() {
    let number = Parameter {
        kind: Some(ParameterKind::Number),
        default_value: None,
    };
    for text in ["0", "-1", "+2.50", ".5", "1.", "1e6", "1E-3", "00012"] {
        assert!(number.accepts(text), "{text}");
    }
    for text in [
        "", " 1", "1 ", "one", "0x10", "1,000", "NaN", "inf", "e", "-", "1_0", "٣", "1\n",
    ] {
        assert!(!number.accepts(text), "{text}");
    }
    assert!(Parameter::default().accepts("anything"));
}

#[test]
fn a_role_and_tags_are_known_even_where_parameters_are_missing() {
    let given = texts(&[("p", "v")]);
    assert_eq!(
        full().role_and_tags(&given),
        ("v".to_owned(), texts(&[("tv", "v")]))
    );
    assert_eq!(full().role_and_tags(&Given::new()).0, "${p}");
}

#[test]
fn nothing_of_a_template_is_printed() {
    let mut data = full();
    data.release_label = "s3cret".to_owned();
    let (parts, _) = map(&data, Replaced::default());
    let kept = KeptData::Open(Box::new(data.clone()));
    let monitoring = TemplateMonitoring {
        persistent_app_ui: Some("s3cret".to_owned()),
        ..TemplateMonitoring::default()
    };
    let printed = format!("{data:?} {parts:?} {kept:?} {monitoring:?}");
    assert!(!printed.contains("s3cret"), "{printed}");
}

#[test]
fn an_endless_role_is_not_put_together() {
    let mut data = full();
    data.execution_role_arn = "${p}".repeat(500);
    let given = texts(&[("p", &"x".repeat(1_024))]);
    assert_eq!(data.role_and_tags(&given).0, data.execution_role_arn);
    let given = texts(&[("p", "xxxx")]);
    assert_eq!(data.role_and_tags(&given).0, "x".repeat(2_000));
}
