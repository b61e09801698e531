//! What is secret appears in no message and no debug output.

use super::*;

const SECRET: &str = "hunter2";

/// A job run whose every sensitive value holds the secret and keeps or breaks its constraints.
fn secretive(breaking: bool) -> Value {
    let long = |limit: usize| {
        let padding = if breaking { limit } else { 0 };
        format!("{SECRET}{}", "x".repeat(padding))
    };
    json!({
        "jobDriver": {
            "sparkSubmitJobDriver": {
                "entryPoint": long(256),
                "entryPointArguments": [long(10_280)],
                "sparkSubmitParameters": long(102_400),
            },
            "sparkSqlJobDriver": {"entryPoint": long(256), "sparkSqlParameters": long(102_400)},
        },
        "configurationOverrides": {"applicationConfiguration": [
            {"classification": "c", "properties": {(long(1_024)): long(1_024)}},
        ]},
        "jobTemplateParameters": {"p": long(1_024)},
    })
}

#[test]
fn debug_output_hides_them() {
    let request = accepted_run(secretive(false));
    assert!(!format!("{request:?}").contains(SECRET));
    assert!(serde_json::to_string(&request).unwrap().contains(SECRET));
}

#[test]
fn a_breach_hides_them() {
    let told = refused_run(secretive(true));
    assert!(told.starts_with("8 validation errors detected: "), "{told}");
    assert!(!told.contains(SECRET), "{told}");
    assert!(told.contains(
        "Value at 'jobDriver.sparkSubmitJobDriver.entryPoint' failed to satisfy constraint: \
         Member must have length less than or equal to 256"
    ));
}

#[test]
fn a_mistyped_value_hides_them() {
    for members in [
        json!({"jobDriver": {"sparkSubmitJobDriver": {"entryPoint": [SECRET]}}}),
        json!({"jobTemplateParameters": {(SECRET): {"a": SECRET}}}),
        json!({"jobTemplateParameters": SECRET}),
        json!({"configurationOverrides": {"applicationConfiguration": [
            {"classification": "c", "properties": {(SECRET): [SECRET]}},
        ]}}),
    ] {
        let told = refused_run(members);
        assert!(
            told.contains("can not be converted") && !told.contains(SECRET),
            "{told}"
        );
    }
}

#[test]
fn a_template_default_is_secret() {
    let body = json!({"name": "n", "clientToken": "t", "jobTemplateData": {
        "executionRoleArn": "${role}",
        "releaseLabel": "${release}",
        "jobDriver": {},
        "parameterConfiguration": {"p": {"defaultValue": format!("{SECRET}{}", "x".repeat(1_024))}},
    }});
    let told = message::<CreateJobTemplateRequest>("/jobtemplates", "", &body.to_string());
    assert_eq!(
        told,
        "1 validation error detected: Value at \
         'jobTemplateData.parameterConfiguration.p.member.defaultValue' failed to satisfy \
         constraint: Member must have length less than or equal to 1024"
    );
}

#[test]
fn credentials_are_secret() {
    let credentials = Credentials::Token(SECRET.to_owned().into());
    assert_eq!(format!("{credentials:?}"), "Token(***)");
    assert_eq!(
        serde_json::to_value(&credentials).unwrap(),
        json!({"token": SECRET})
    );
}
