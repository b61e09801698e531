//! Each kind of constraint at its boundary, in AWS's words.

use super::*;

fn name_refused(name: &str) -> String {
    refused_run(json!({"name": name}))
}

#[test]
fn length_of_text() {
    accepted_run(json!({"name": "a"}));
    accepted_run(json!({"name": "a".repeat(64)}));
    assert_eq!(
        name_refused(&"a".repeat(65)),
        format!(
            "1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: \
             Member must have length less than or equal to 64",
            "a".repeat(65)
        )
    );
    // Characters count, not bytes: 64 of four bytes break only the pattern.
    assert!(name_refused(&"😀".repeat(64)).starts_with("1 validation error detected: "));
}

#[test]
fn every_breach_is_in_one_message() {
    assert_eq!(
        name_refused(""),
        "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must \
         have length greater than or equal to 1; Value '' at 'name' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
    );
    assert_eq!(
        message::<StartJobRunRequest>(
            "/virtualclusters/ABC/jobruns",
            "",
            r#"{"name": "a b", "retryPolicyConfiguration": {}, "clientToken": null}"#
        ),
        "4 validation errors detected: Value 'a b' at 'name' failed to satisfy constraint: Member \
         must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+; Value 'ABC' at \
         'virtualClusterId' failed to satisfy constraint: Member must satisfy regular expression \
         pattern: [0-9a-z]+; Value null at 'clientToken' failed to satisfy constraint: Member must \
         not be null; Value null at 'retryPolicyConfiguration.maxAttempts' failed to satisfy \
         constraint: Member must not be null"
    );
}

#[test]
fn a_pattern_matches_the_whole_value() {
    for name in ["a\nb", "a\n", "\na", "a b"] {
        assert!(
            name_refused(name).contains("regular expression pattern"),
            "{name:?}"
        );
    }
    // A dot matches line breaks.
    accepted_run(json!({"tags": {"k": "\n\nv\n"}}));
    assert!(refused_run(json!({"tags": {" \t\n": "v"}})).contains("Map keys must"));
}

#[test]
fn range_of_an_integer() {
    let update = |n: i64| {
        let body = json!({"clientToken": "t", "schedulerConfiguration": {"maxInQueueJobRuns": n}});
        read::<UpdateVirtualClusterRequest>("/virtualclusters/a", "", &body.to_string())
    };
    for fits in [1, 1_001, 10_000] {
        update(fits).unwrap();
    }
    assert_eq!(
        update(0).unwrap_err().to_string(),
        "1 validation error detected: Value '0' at 'schedulerConfiguration.maxInQueueJobRuns' \
         failed to satisfy constraint: Member must have value greater than or equal to 1"
    );
    assert!(
        update(10_001)
            .unwrap_err()
            .to_string()
            .ends_with("less than or equal to 10000")
    );
    assert!(matches!(
        update(i64::from(i32::MAX)),
        Err(Rejection::Validation(_))
    ));
    assert!(matches!(
        update(i64::from(i32::MAX) + 1),
        Err(Rejection::Serialization(_))
    ));
}

#[test]
fn an_enum_takes_its_values_only() {
    let ui = |value: &str| json!({"configurationOverrides": {"monitoringConfiguration": {"persistentAppUI": value}}});
    accepted_run(ui("ENABLED"));
    assert_eq!(
        refused_run(ui("enabled")),
        "1 validation error detected: Value 'enabled' at \
         'configurationOverrides.monitoringConfiguration.persistentAppUI' failed to satisfy \
         constraint: Member must satisfy enum value set: [ENABLED, DISABLED]"
    );
    assert_eq!(
        message::<ListVirtualClustersRequest>("/virtualclusters", "states=RUNNING&states=X", ""),
        "1 validation error detected: Value '[RUNNING, X]' at 'states' failed to satisfy \
         constraint: Member must satisfy constraint: [Member must satisfy enum value set: \
         [RUNNING, TERMINATING, TERMINATED, ARRESTED], Member must not be null]"
    );
}

#[test]
fn length_of_a_list() {
    let states = |n: usize| vec!["states=RUNNING"; n].join("&");
    read::<ListVirtualClustersRequest>("/virtualclusters", &states(10), "").unwrap();
    let told = message::<ListVirtualClustersRequest>("/virtualclusters", &states(11), "");
    assert!(
        told.contains("at 'states' failed to satisfy constraint: Member must have length less")
    );
}

#[test]
fn length_keys_and_values_of_a_map() {
    let tags = |n: usize| {
        let tags: serde_json::Map<_, _> = (0..n).map(|i| (format!("k{i}"), json!("v"))).collect();
        json!({"tags": tags})
    };
    accepted_run(tags(50));
    assert_eq!(
        refused_run(tags(51)),
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must \
         have length less than or equal to 50"
    );
    accepted_run(json!({"tags": {"k": ""}}));
    for value in [json!("v".repeat(257)), json!(null)] {
        assert_eq!(
            refused_run(json!({"tags": {"k": value}})),
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Map value \
             must satisfy constraint: [Member must have length less than or equal to 256, Member \
             must have length greater than or equal to 0, Member must satisfy regular expression \
             pattern: .*\\S.*, Member must not be null]"
        );
    }
}

#[test]
fn a_structure_in_a_list_is_numbered_from_one() {
    let told = refused_run(
        json!({"configurationOverrides": {"applicationConfiguration": [
            {"classification": "spark-defaults"},
            {"classification": "x", "configurations": [{}]},
            null,
        ]}}),
    );
    assert!(
        told.starts_with("2 validation errors detected: Value null at "),
        "{told}"
    );
    assert!(told.contains(
        "'configurationOverrides.applicationConfiguration.2.member.configurations.1.member\
         .classification' failed to satisfy constraint: Member must not be null"
    ));
}

#[test]
fn a_union_has_one_member() {
    let create = |info: Value| {
        let provider = json!({"type": "EKS", "id": "c", "info": info});
        let body = json!({"name": "n", "clientToken": "t", "containerProvider": provider});
        read::<CreateVirtualClusterRequest>("/virtualclusters", "", &body.to_string())
    };
    create(json!({"eksInfo": {}})).unwrap();
    create(json!({"eksInfo": {}, "newInfo": {}})).unwrap();
    create(json!(null)).unwrap();
    for info in [json!({}), json!({"eksInfo": null}), json!({"newInfo": {}})] {
        assert_eq!(
            create(info).unwrap_err().to_string(),
            "1 validation error detected: Value at 'containerProvider.info' failed to satisfy \
             constraint: Member must have exactly one of: [eksInfo]"
        );
    }
}

#[test]
fn the_wrong_kind_of_value_is_named_and_not_shown() {
    for (members, told) in [
        (
            json!({"name": 7}),
            "NUMBER_VALUE can not be converted to a String at 'name'",
        ),
        (
            json!({"tags": []}),
            "LIST_VALUE can not be converted to a Map at 'tags'",
        ),
        (
            json!({"jobDriver": "x"}),
            "STRING_VALUE can not be converted to a Structure at 'jobDriver'",
        ),
        (
            json!({"retryPolicyConfiguration": {"maxAttempts": "3"}}),
            "STRING_VALUE can not be converted to an Integer at 'retryPolicyConfiguration.maxAttempts'",
        ),
        (
            json!({"retryPolicyConfiguration": {"maxAttempts": 3.5}}),
            "NUMBER_VALUE can not be converted to an Integer at 'retryPolicyConfiguration.maxAttempts'",
        ),
    ] {
        assert_eq!(refused_run(members), told);
    }
    for (query, told) in [
        (
            "maxResults=ten",
            "STRING_VALUE can not be converted to an Integer at 'maxResults'",
        ),
        (
            "maxResults=2147483648",
            "STRING_VALUE can not be converted to an Integer at 'maxResults'",
        ),
        (
            "createdAfter=now",
            "STRING_VALUE can not be converted to a Timestamp at 'createdAfter'",
        ),
        (
            "eksAccessEntryIntegrated=yes",
            "STRING_VALUE can not be converted to a Boolean at 'eksAccessEntryIntegrated'",
        ),
    ] {
        assert_eq!(
            message::<ListVirtualClustersRequest>("/virtualclusters", query, ""),
            told
        );
    }
}

#[test]
fn a_member_counts_only_where_it_travels() {
    let body = r#"{"clientToken": "t", "virtualClusterId": "BODY", "unknown": {"a": [1]}}"#;
    let request: StartJobRunRequest = read("/virtualclusters/abc/jobruns", "name=Q", body).unwrap();
    assert_eq!(request.virtual_cluster_id, "abc");
    assert_eq!(request.name, None);
    // A list has no body; what stands there is not even looked at.
    read::<ListVirtualClustersRequest>("/virtualclusters", "", "not json").unwrap();
}

#[test]
fn tags_of_templates_and_security_configurations() {
    for (kind, fits) in [
        ("jobtemplates", true),
        ("securityconfigurations", true),
        ("x", false),
    ] {
        let path = format!(
            "/tags/arn%3Aaws%3Aemr-containers%3Aus-east-1%3A123456789012%3A%2F{kind}%2Fabc123abc123"
        );
        assert_eq!(
            read::<ListTagsForResourceRequest>(&path, "", "").is_ok(),
            fits,
            "{kind}"
        );
    }
}

#[test]
fn a_value_is_checked_outside_a_request_too() {
    let configuration = |classification: &str| Configuration {
        classification: classification.to_owned(),
        properties: None,
        configurations: None,
    };
    validate(&configuration("spark-defaults")).unwrap();
    assert!(
        validate(&configuration(""))
            .unwrap_err()
            .to_string()
            .contains("'classification'")
    );
}

#[test]
fn no_text_holds_nul() {
    let told = "failed to satisfy constraint: Member must not contain the character U+0000";
    for (run, place) in [
        (json!({"name": "a\0"}), "name"),
        (json!({"tags": {"k": "v\0"}}), "tags.k.member"),
        (json!({"tags": {"k\0": "v"}}), "tags"),
        (
            json!({"jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "a", "entryPointArguments": ["\0"]}}}),
            "jobDriver.sparkSubmitJobDriver.entryPointArguments.1.member",
        ),
    ] {
        let message = refused_run(run);
        assert!(
            message.contains(&format!("at '{place}' {told}")),
            "{message}"
        );
    }
}
