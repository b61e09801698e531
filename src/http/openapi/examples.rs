//! Requests that are small and whole: what Swagger UI starts with.

use serde_json::{Value, json};

/// The body of a request that keeps every constraint.
pub(super) fn request(operation: &str) -> Option<Value> {
    let role = "arn:aws:iam::123456789012:role/job";
    let release = "emr-7.9.0-latest";
    let driver = json!({"sparkSubmitJobDriver": {
        "entryPoint": "local:///opt/spark/examples/src/main/python/pi.py",
        "entryPointArguments": ["10"],
        "sparkSubmitParameters": "--conf spark.executor.instances=2",
    }});
    Some(match operation {
        "CreateVirtualCluster" => json!({
            "name": "team-a",
            "clientToken": "create-team-a",
            "containerProvider": {
                "type": "EKS",
                "id": "local",
                "info": {"eksInfo": {"namespace": "team-a"}},
            },
            "tags": {"team": "a"},
        }),
        "UpdateVirtualCluster" => json!({
            "clientToken": "ten-runs",
            "schedulerConfiguration": {"maxConcurrentJobRuns": 10, "maxInQueueJobRuns": 100},
        }),
        "StartJobRun" => json!({
            "name": "pi",
            "clientToken": "pi-of-today",
            "executionRoleArn": role,
            "releaseLabel": release,
            "jobDriver": driver,
        }),
        "CreateJobTemplate" => json!({
            "name": "pi",
            "clientToken": "create-pi",
            "jobTemplateData": {
                "executionRoleArn": role,
                "releaseLabel": "${Release}",
                "jobDriver": driver,
                "parameterConfiguration": {
                    "Release": {"type": "STRING", "defaultValue": release},
                },
            },
        }),
        "CreateSecurityConfiguration" => json!({
            "name": "team-a",
            "clientToken": "create-team-a",
            "securityConfigurationData": {"authorizationConfiguration": {
                "lakeFormationConfiguration": {"authorizedSessionTagValue": "EMR on EKS"},
            }},
        }),
        "CreateManagedEndpoint" => json!({
            "name": "notebooks",
            "type": "JUPYTER_ENTERPRISE_GATEWAY",
            "releaseLabel": release,
            "executionRoleArn": role,
            "clientToken": "create-notebooks",
        }),
        "GetManagedEndpointSessionCredentials" => json!({
            "executionRoleArn": role,
            "credentialType": "TOKEN",
        }),
        "TagResource" => json!({"tags": {"team": "a"}}),
        _ => return None,
    })
}

/// A value for a parameter that nobody types by heart.
pub(super) fn parameter(name: &str) -> Option<&'static str> {
    match name {
        "resourceArn" | "virtualClusterIdentifier" => Some(
            "arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/0123456789abcdefghij01234",
        ),
        "endpointIdentifier" => Some(
            "arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/0123456789abcdefghij01234/endpoints/0123456789abc",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{self, PathParams, QueryPairs, Request};

    #[test]
    fn every_example_keeps_every_constraint() {
        fn check<R: Request>() {
            let operation = R::OPERATION;
            let members = operation.members().iter();
            let path: PathParams = members
                .map(|member| {
                    (
                        member.wire_name,
                        parameter(member.wire_name).unwrap_or("abc"),
                    )
                })
                .collect();
            let body = request(operation.name).unwrap().to_string();
            let read = R::from_parts(&path, &QueryPairs::parse(""), body.as_bytes());
            let refused = read.err().map(|refused| refused.to_string());
            assert_eq!(refused, None, "{}", operation.name);
        }
        check::<wire::CreateVirtualClusterRequest>();
        check::<wire::UpdateVirtualClusterRequest>();
        check::<wire::StartJobRunRequest>();
        check::<wire::CreateJobTemplateRequest>();
        check::<wire::CreateSecurityConfigurationRequest>();
        check::<wire::CreateManagedEndpointRequest>();
        check::<wire::GetManagedEndpointSessionCredentialsRequest>();
        check::<wire::TagResourceRequest>();
    }

    #[test]
    fn every_body_has_an_example() {
        for operation in wire::OPERATIONS {
            let in_body = |member: &wire::Member| member.location == wire::Location::Body;
            let has_body = operation.members().iter().any(in_body);
            assert_eq!(
                request(operation.name).is_some(),
                has_body,
                "{}",
                operation.name
            );
        }
    }
}
