//! Requests as boto3 1.44.5 sent them to a recorder.

use super::*;

const TOKEN: &str = "11111111-2222-3333-4444-555555555555";
const ROLE: &str = "arn:aws:iam::123456789012:role/service/job-role";
const TAGS: &str =
    "/tags/arn%3Aaws%3Aemr-containers%3Aus-east-1%3A123456789012%3A%2Fvirtualclusters%2Fabc1";

#[test]
fn start_job_run() {
    let body = r#"{"name": "pi", "clientToken": "11111111-2222-3333-4444-555555555555", "executionRoleArn": "arn:aws:iam::123456789012:role/service/job-role", "releaseLabel": "emr-7.0.0-latest", "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "s3://bucket/pi.py", "entryPointArguments": ["10", "--token=hunter2"], "sparkSubmitParameters": "--conf spark.executor.instances=2"}}, "configurationOverrides": {"applicationConfiguration": [{"classification": "spark-env", "configurations": [{"classification": "export", "properties": {"A": "b"}}]}], "monitoringConfiguration": {"persistentAppUI": "DISABLED", "s3MonitoringConfiguration": {"logUri": "s3://bucket/logs/"}, "containerLogRotationConfiguration": {"rotationSize": "10MB", "maxFilesToKeep": 3}}}, "tags": {"team": "", "dagster/run": "x"}, "retryPolicyConfiguration": {"maxAttempts": 5}}"#;
    let request: StartJobRunRequest = read("/virtualclusters/abc123/jobruns", "", body).unwrap();
    assert_eq!(request.virtual_cluster_id, "abc123");
    assert_eq!(request.client_token, TOKEN);
    assert_eq!(request.execution_role_arn.as_deref(), Some(ROLE));
    assert_eq!(
        request
            .retry_policy_configuration
            .as_ref()
            .unwrap()
            .max_attempts,
        5
    );
    let driver = request
        .job_driver
        .as_ref()
        .unwrap()
        .spark_submit_job_driver
        .as_ref()
        .unwrap();
    assert_eq!(driver.entry_point.expose(), "s3://bucket/pi.py");
    let arguments = driver.entry_point_arguments.as_ref().unwrap();
    assert_eq!(arguments[1].expose(), "--token=hunter2");
    let overrides = request.configuration_overrides.as_ref().unwrap();
    let monitoring = overrides.monitoring_configuration.as_ref().unwrap();
    assert_eq!(
        monitoring.persistent_app_ui,
        Some(PersistentAppUI::Disabled)
    );

    // Nothing is lost or renamed: what is written again is what came, and the path member.
    let mut sent: Value = serde_json::from_str(body).unwrap();
    sent["virtualClusterId"] = json!("abc123");
    assert_eq!(serde_json::to_value(&request).unwrap(), sent);
}

#[test]
fn start_job_run_as_airflow_does_it() {
    let body =
        format!(r#"{{"clientToken": "{TOKEN}", "configurationOverrides": {{}}, "tags": {{}}}}"#);
    let request: StartJobRunRequest = read("/virtualclusters/abc123/jobruns", "", &body).unwrap();
    assert_eq!(
        request.configuration_overrides,
        Some(ConfigurationOverrides::default())
    );
    assert!(request.tags.unwrap().is_empty());
}

#[test]
fn list_job_runs() {
    let query = "createdAfter=2026-01-02T03%3A04%3A05Z&states=RUNNING&states=PENDING\
                 &maxResults=5&name=a%2Fb%23c&nextToken=x%20y";
    let request: ListJobRunsRequest = read("/virtualclusters/abc123/jobruns", query, "").unwrap();
    assert_eq!(
        request.created_after,
        Some("2026-01-02T03:04:05Z".parse().unwrap())
    );
    assert_eq!(request.created_before, None);
    assert_eq!(
        request.states,
        Some(vec![JobRunState::Running, JobRunState::Pending])
    );
    assert_eq!(request.max_results, Some(5));
    assert_eq!(request.name.as_deref(), Some("a/b#c"));
    assert_eq!(request.next_token.as_deref(), Some("x y"));

    let query = "createdAfter=1767323045";
    let request: ListJobRunsRequest = read("/virtualclusters/abc123/jobruns", query, "").unwrap();
    assert_eq!(
        request.created_after,
        Some("2026-01-02T03:04:05Z".parse().unwrap())
    );
}

#[test]
fn list_virtual_clusters() {
    let query = "eksAccessEntryIntegrated=true&containerProviderType=EKS";
    let request: ListVirtualClustersRequest = read("/virtualclusters", query, "").unwrap();
    assert_eq!(request.eks_access_entry_integrated, Some(true));
    assert_eq!(
        request.container_provider_type,
        Some(ContainerProviderType::Eks)
    );
}

#[test]
fn tags_travel_with_an_arn_in_one_segment() {
    let request: TagResourceRequest = read(TAGS, "", r#"{"tags": {"k": "v"}}"#).unwrap();
    assert_eq!(request.resource_arn, VIRTUAL_CLUSTER);
    assert_eq!(request.tags["k"], "v");
    let request: UntagResourceRequest = read(TAGS, "tagKeys=a%20b&tagKeys=c%26d", "").unwrap();
    assert_eq!(request.tag_keys, ["a b", "c&d"]);
    let request: ListTagsForResourceRequest = read(TAGS, "", "").unwrap();
    assert_eq!(request.resource_arn, VIRTUAL_CLUSTER);
}

#[test]
fn update_virtual_cluster_tells_empty_from_absent() {
    let with = format!(r#"{{"schedulerConfiguration": {{}}, "clientToken": "{TOKEN}"}}"#);
    let request: UpdateVirtualClusterRequest = read("/virtualclusters/abc1", "", &with).unwrap();
    assert_eq!(
        (request.id.as_str(), request.client_token.as_str()),
        ("abc1", TOKEN)
    );
    assert_eq!(
        request.scheduler_configuration,
        Some(SchedulerConfiguration::default())
    );

    let without = format!(r#"{{"schedulerConfiguration": null, "clientToken": "{TOKEN}"}}"#);
    let request: UpdateVirtualClusterRequest = read("/virtualclusters/abc1", "", &without).unwrap();
    assert_eq!(request.scheduler_configuration, None);
}

#[test]
fn cancel_job_run_renames_its_label() {
    let path = "/virtualclusters/abc123/jobruns/000000035ee16lm6uri";
    let request: CancelJobRunRequest = read(path, "", "").unwrap();
    assert_eq!(request.id, "000000035ee16lm6uri");
    assert_eq!(request.virtual_cluster_id, "abc123");
}

#[test]
fn create_virtual_cluster() {
    let body = format!(
        r#"{{"name": "vc", "containerProvider": {{"type": "EKS", "id": "cluster", "info": {{"eksInfo": {{"namespace": "default"}}}}}}, "clientToken": "{TOKEN}"}}"#
    );
    let request: CreateVirtualClusterRequest = read("/virtualclusters", "", &body).unwrap();
    assert_eq!(
        request.container_provider.r#type,
        ContainerProviderType::Eks
    );
    let ContainerInfo::EksInfo(info) = request.container_provider.info.unwrap();
    assert_eq!(info.namespace.as_deref(), Some("default"));
}

#[test]
fn session_credentials_take_arns_in_the_path() {
    let path = "/virtualclusters/arn%3Aaws%3Aemr-containers%3Aus-east-1%3A123456789012%3A\
                %2Fvirtualclusters%2Fabc1/endpoints/e1/credentials";
    let body = format!(
        r#"{{"executionRoleArn": "{ROLE}", "credentialType": "TOKEN", "clientToken": "{TOKEN}"}}"#
    );
    let request: GetManagedEndpointSessionCredentialsRequest = read(path, "", &body).unwrap();
    assert_eq!(request.virtual_cluster_identifier, VIRTUAL_CLUSTER);
    assert_eq!(request.endpoint_identifier, "e1");
}

#[test]
fn create_job_template_keeps_its_variables() {
    let body = format!(
        r#"{{"name": "t", "clientToken": "{TOKEN}", "jobTemplateData": {{"executionRoleArn": "${{role}}", "releaseLabel": "${{release}}", "jobDriver": {{"sparkSqlJobDriver": {{"entryPoint": "s3://b/${{q}}.sql"}}}}, "parameterConfiguration": {{"q": {{"type": "STRING", "defaultValue": "d"}}}}}}}}"#
    );
    let request: CreateJobTemplateRequest = read("/jobtemplates", "", &body).unwrap();
    let data = request.job_template_data;
    assert_eq!(data.execution_role_arn, "${role}");
    let parameter = &data.parameter_configuration.unwrap()["q"];
    assert_eq!(parameter.r#type, Some(TemplateParameterDataType::String));
    assert_eq!(parameter.default_value.as_ref().unwrap().expose(), "d");
}

#[test]
fn a_response_leaves_out_what_is_absent() {
    let run = JobRun {
        id: Some("000000035ee16lm6uri".into()),
        state: Some(JobRunState::CancelPending),
        created_at: Some("2026-01-02T03:04:05.000Z".parse().unwrap()),
        finished_at: Some("2026-01-02T03:04:05.678Z".parse().unwrap()),
        ..JobRun::default()
    };
    assert_eq!(
        serde_json::to_value(DescribeJobRunResponse { job_run: Some(run) }).unwrap(),
        json!({"jobRun": {
            "id": "000000035ee16lm6uri",
            "state": "CANCEL_PENDING",
            "createdAt": "2026-01-02T03:04:05Z",
            "finishedAt": "2026-01-02T03:04:05.678Z",
        }})
    );
    assert_eq!(
        serde_json::to_value(TagResourceResponse::default()).unwrap(),
        json!({})
    );
}
