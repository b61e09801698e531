use std::collections::BTreeMap;

use super::*;
use crate::domain::configuration::{Configuration, ConfigurationOverrides};
use crate::domain::ids::{AccountId, ClusterId, JobRunId, VirtualClusterId};
use crate::domain::job_run::{JobDriver, JobRun, State};
use crate::domain::job_template::{Parameter, ParameterKind, TemplateOverrides};
use crate::spark::{DriverNames, Plan, RunSettings, plan};

fn checked(data: &JobTemplateData) -> Result<(), Problems> {
    check(data, &[&Policy::default()])
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn parameter(kind: Option<ParameterKind>, default: Option<&str>) -> Parameter {
    Parameter {
        kind,
        default_value: default.map(str::to_owned),
    }
}

/// A template with these declarations, driver and tags.
fn template(
    declared: &[(&str, Parameter)],
    driver: JobDriver,
    properties: &[(&str, &str)],
) -> JobTemplateData {
    JobTemplateData {
        execution_role_arn: "arn:aws:iam::123456789012:role/job".to_owned(),
        release_label: "emr-7.12.0-latest".to_owned(),
        driver,
        overrides: Some(TemplateOverrides {
            application_configuration: Some(vec![Configuration {
                classification: "spark-defaults".to_owned(),
                properties: Some(texts(properties)),
                configurations: None,
            }]),
            monitoring: None,
        }),
        job_tags: None,
        parameters: Some(
            declared
                .iter()
                .map(|(name, parameter)| ((*name).to_owned(), parameter.clone()))
                .collect(),
        ),
    }
}

fn submit(entry_point: &str, arguments: &[&str], parameters: &str) -> JobDriver {
    JobDriver::SparkSubmit {
        entry_point: entry_point.to_owned(),
        arguments: Some(arguments.iter().map(|&text| text.to_owned()).collect()),
        parameters: Some(parameters.to_owned()),
    }
}

fn plain() -> Parameter {
    Parameter::default()
}

/// More than any test's run needs, but for those of the bound.
const MOST_BYTES: usize = 1 << 20;

fn filled(data: &JobTemplateData, given: &[(&str, &str)]) -> Result<RunParts, String> {
    fill(data, &texts(given), Replaced::default(), MOST_BYTES)
        .map_err(|problems| problems.to_string())
}

/// The plan of a run of the template alone.
fn planned(data: &JobTemplateData, given: &[(&str, &str)]) -> Plan {
    let parts = filled(data, given).unwrap();
    let run = JobRun {
        id: JobRunId::parse("000000035ee16lm6uri").unwrap(),
        account: AccountId::parse("123456789012").unwrap(),
        virtual_cluster: VirtualClusterId::random(),
        cluster: ClusterId::parse("local").unwrap(),
        namespace: "jobs".to_owned(),
        name: None,
        client_token: "t".to_owned(),
        execution_role_arn: parts.execution_role_arn,
        release_label: parts.release_label.unwrap(),
        driver: parts.driver.unwrap(),
        overrides: parts.overrides.map(|overrides| ConfigurationOverrides {
            application_configuration: overrides.application_configuration,
            monitoring: None,
        }),
        tags: parts.tags,
        max_attempts: None,
        created_by: "me".to_owned(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        state: State::Pending,
        state_details: None,
        failure_reason: None,
        finished_at: None,
        cancel_requested_at: None,
    };
    let names = DriverNames {
        app_id: "spark-1".to_owned(),
    };
    plan(&run, &names, &RunSettings::default()).unwrap()
}

const HOSTILE: [&str; 10] = [
    "--conf spark.evil=1",
    "a b",
    "' --conf spark.evil=1 '",
    "\" --conf spark.evil=1 \"",
    "\\",
    "a\n--conf\nspark.evil=1",
    "a\r\n--conf spark.evil=1",
    "${other}",
    "${v}",
    "--class",
];

#[test]
fn the_driver_sees_one_value_whatever_is_in_it() {
    let declared = [("v", plain()), ("other", parameter(None, Some("secret")))];
    let driver = submit(
        "s3://b/x.jar",
        &["--date=${v}", "${v}"],
        "--class Main --conf spark.x=${v} --name ${v}",
    );
    let data = template(&declared, driver, &[("spark.y", "<${v}>")]);
    checked(&data).unwrap();
    let expected = planned(&data, &[("v", "plain")]);
    for value in HOSTILE {
        let plan = planned(&data, &[("v", value)]);
        assert_eq!(
            plan.arguments,
            [format!("--date={value}"), value.to_owned()]
        );
        assert_eq!(plan.properties["spark.x"], value);
        assert_eq!(plan.properties["spark.y"], format!("<{value}>"));
        assert_eq!(plan.app_name, value);
        assert_eq!(plan.main_class.as_deref(), Some("Main"));
        let keys = |plan: &Plan| plan.properties.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&plan), keys(&expected), "{value:?}");
        assert_eq!(plan.warnings, expected.warnings);
    }
}

#[test]
fn sql_options_get_one_value_each() {
    let driver = JobDriver::SparkSql {
        entry_point: Some("s3://b/q.sql".to_owned()),
        parameters: Some("--hivevar day=${v} --database=${v}".to_owned()),
    };
    let data = template(&[("v", plain())], driver, &[]);
    checked(&data).unwrap();
    for value in HOSTILE {
        let arguments = planned(&data, &[("v", value)]).arguments;
        let day = format!("day={value}");
        let expected = ["-f", "s3://b/q.sql", "--hivevar", &day, "--database", value];
        assert_eq!(arguments, expected, "{value:?}");
    }
}

#[test]
fn everything_wrong_with_a_template_is_told_at_once() {
    let data = JobTemplateData {
        job_tags: Some(texts(&[("team", "${team}")])),
        ..template(
            &[("n", parameter(Some(ParameterKind::Number), Some("s3cret")))],
            submit(
                "s3://${bucket}/x.py",
                &["${n}", "${day}", "${a:b}"],
                "--conf spark.x=${x}",
            ),
            &[("spark.local.dir", "${spark.local.dir}/${dir}")],
        )
    };
    let submit_driver = "jobDriver.sparkSubmitJobDriver";
    let undeclared = |name: &str, place: &str| {
        format!("Parameter {name} in {place} is not declared in parameterConfiguration.")
    };
    assert_eq!(
        checked(&data).unwrap_err().to_string(),
        [
            "The defaultValue of parameter n is not a number.".to_owned(),
            undeclared("bucket", &format!("{submit_driver}.entryPoint")),
            undeclared(
                "day",
                &format!("{submit_driver}.entryPointArguments.2.member")
            ),
            undeclared("x", &format!("{submit_driver}.sparkSubmitParameters")),
            undeclared(
                "dir",
                "configurationOverrides.applicationConfiguration.1.member.properties"
            ),
            undeclared("team", "jobTags"),
        ]
        .join(" ")
    );
}

#[test]
fn a_placeholder_is_no_option() {
    for parameters in ["${v}", "--${v} x", "--conf ${v}", "--name 'a"] {
        let data = template(&[("v", plain())], submit("x", &[], parameters), &[]);
        let text = checked(&data).unwrap_err().to_string();
        let lead = "jobDriver.sparkSubmitJobDriver.sparkSubmitParameters is not valid: ";
        assert!(text.starts_with(lead), "{text}");
    }
}

#[test]
fn everything_wrong_with_what_is_given_is_told_at_once_and_no_value() {
    let number = || parameter(Some(ParameterKind::Number), None);
    let data = template(
        &[
            ("n", number()),
            ("a", plain()),
            ("b", plain()),
            ("unused", plain()),
        ],
        submit("x.py", &["${n}", "${a}", "${a}"], "--conf spark.${b}=1"),
        &[],
    );
    let error = filled(
        &data,
        &[("n", "s3cret"), ("b", "k=s3cret"), ("other", "s3cret")],
    );
    assert_eq!(
        error.unwrap_err(),
        "The value of parameter n is not a number. \
         Parameter other is not one of the job template's. \
         Parameter a needs a value. \
         jobDriver.sparkSubmitJobDriver.sparkSubmitParameters: Parameter b stands in the name of a \
         property, where its value cannot have a =."
    );
}

#[test]
fn a_parameter_that_nothing_uses_does_no_harm() {
    let data = template(&[("a", plain())], submit("x", &[], ""), &[]);
    assert_eq!(checked(&data), Ok(()));
    assert!(filled(&data, &[]).is_ok());
    assert!(filled(&data, &[("a", "1")]).is_ok());
}

#[test]
fn what_a_run_replaces_needs_no_parameters() {
    let data = template(&[("a", plain())], submit("${a}", &[], "--name ${a}"), &[]);
    let replaced = Replaced {
        driver: true,
        ..Replaced::default()
    };
    assert_eq!(
        fill(&data, &Given::new(), replaced, MOST_BYTES)
            .unwrap()
            .driver,
        None
    );
    assert_eq!(
        filled(&data, &[]).unwrap_err(),
        "Parameter a needs a value."
    );
}

#[test]
fn a_default_escapes_what_is_not_ours() {
    let declared = [("level", parameter(None, Some("${sys:level}${level}")))];
    let data = template(
        &declared,
        submit("x.py", &[], "--conf spark.a=${spark.b}"),
        &[("spark.x", "${level}")],
    );
    checked(&data).unwrap();
    let plan = planned(&data, &[]);
    assert_eq!(plan.properties["spark.x"], "${sys:level}${level}");
    assert_eq!(plan.properties["spark.a"], "${spark.b}");
}

#[test]
fn java_options_and_keys_keep_their_bounds() {
    let key = "spark.driver.extraJavaOptions";
    let data = template(
        &[("v", plain())],
        submit("x", &[], "--name a"),
        &[(key, "-Da=${v}")],
    );
    let error = filled(&data, &[("v", "1 -javaagent:x.jar")]).unwrap_err();
    assert!(
        error.contains("Parameter v stands in the options of a Java machine"),
        "{error}"
    );
    assert_eq!(planned(&data, &[("v", "1")]).properties[key], "-Da=1");
    let same = [("${v}", "a"), ("spark.k", "b")];
    let data = template(&[("v", plain())], submit("x", &[], "--name a"), &same);
    let error = filled(&data, &[("v", "spark.k")]).unwrap_err();
    let place = "configurationOverrides.applicationConfiguration.1.member.properties";
    assert_eq!(error, format!("Two keys of {place} are the same."));
}

#[test]
fn many_problems_are_counted() {
    let arguments: Vec<_> = (0..25).map(|n| format!("${{p{n}}}")).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let data = template(&[], submit("x", &arguments, "--name a"), &[]);
    let text = checked(&data).unwrap_err().to_string();
    assert!(text.ends_with(" And 5 more."), "{text}");
}

#[test]
fn thousands_of_problems_are_counted_at_once() {
    let arguments: Vec<_> = (0..100)
        .map(|argument| {
            let names = (0..1_000).map(|n| format!("${{{argument}.{n}}}"));
            names.collect::<String>()
        })
        .collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let data = template(&[], submit("x", &arguments, "--name a"), &[]);
    let text = checked(&data).unwrap_err().to_string();
    assert!(text.ends_with(" And 99980 more."), "{text}");
}

#[test]
fn a_short_template_makes_no_endless_run() {
    let many = "${v}".repeat(2_500);
    let value = "\u{1f525}".repeat(1_024);
    let data = template(
        &[("v", plain())],
        submit("x.py", &vec![many.as_str(); 50], "--name a"),
        &[("spark.x", &many)],
    );
    checked(&data).unwrap();
    let error = filled(&data, &[("v", &value)]).unwrap_err();
    assert_eq!(
        error,
        format!("The run would have more than {MOST_BYTES} bytes.")
    );
    filled(&data, &[("v", "1")]).unwrap();
}

#[test]
fn the_bound_is_on_all_texts_together() {
    let data = template(
        &[("v", plain())],
        submit("${v}", &["${v}"], "--name a"),
        &[],
    );
    let fixed = data.execution_role_arn.len()
        + data.release_label.len()
        + "spark-defaults".len()
        + "--name a".len();
    let bytes = fixed + 2 * "value".len();
    let filled = |most| fill(&data, &texts(&[("v", "value")]), Replaced::default(), most);
    assert!(filled(bytes).is_ok());
    assert_eq!(
        filled(bytes - 1).unwrap_err(),
        Problems(vec![Problem::TooLong(bytes - 1)])
    );
}

#[test]
fn what_no_cluster_allows_is_refused_at_once() {
    let parameters = "--conf spark.submit.deployMode=client";
    let data = template(&[], submit("x", &[], parameters), &[]);
    let text = checked(&data).unwrap_err().to_string();
    assert!(
        text.contains("Property spark.submit.deployMode is not allowed."),
        "{text}"
    );
    let permissive = Policy {
        allow_properties: vec!["*".to_owned()],
        ..Policy::default()
    };
    assert_eq!(check(&data, &[&Policy::default(), &permissive]), Ok(()));
    // The path is known when a run starts.
    let key = "spark.kubernetes.driver.volumes.hostPath.a.options.path";
    let data = template(
        &[("path", plain())],
        submit("x", &[], &format!("--conf {key}=${{path}}")),
        &[],
    );
    assert_eq!(checked(&data), Ok(()));
}
