//! The AWS SDK for Rust, which knows nothing of Firesteel but where it is.

use aws_credential_types::Credentials;
use aws_sdk_emrcontainers::config::{BehaviorVersion, Region};
use aws_sdk_emrcontainers::error::ProvideErrorMetadata;
use aws_sdk_emrcontainers::operation::describe_virtual_cluster::DescribeVirtualClusterError;
use aws_sdk_emrcontainers::operation::start_job_run::StartJobRunError;
use aws_sdk_emrcontainers::operation::{RequestId, create_virtual_cluster};
use aws_sdk_emrcontainers::types::{
    AuthorizationConfiguration, ContainerInfo, ContainerProvider, ContainerProviderType, EksInfo,
    FailureReason, JobDriver, JobRun, JobRunState, JobTemplateData, LakeFormationConfiguration,
    SchedulerConfiguration, SecurityConfigurationData, SparkSubmitJobDriver,
    TemplateParameterConfiguration, TemplateParameterDataType, VirtualClusterState,
};
use aws_sdk_emrcontainers::{Client, Config};
use firesteel::domain::job_run::DriverPhase;
use sqlx::PgPool;

use crate::harness::app::ACCOUNT;
use crate::harness::cluster::{exit, running};
use crate::harness::keys::Proof;
use crate::harness::workers::{eventually, settings};
use crate::harness::{TestApp, Workers};

const ROLE: &str = "arn:aws:iam::123456789012:role/job";
const RELEASE: &str = "emr-7.9.0-latest";

/// An application that believes signatures alone, and the SDK with a key that it knows.
async fn start_with_sdk(pool: PgPool) -> (TestApp, Client) {
    let app = TestApp::with(pool, &[("API__AUTH", "sigv4")]).await;
    let Proof::Signature(key) = app.signed(ACCOUNT, None).await.proof else {
        panic!("it signs");
    };
    let key = Credentials::new(
        key.access_key_id,
        key.secret,
        key.session_token,
        None,
        "test",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&app.client.base)
        .credentials_provider(key);
    let client = Client::from_conf(config.build());
    (app, client)
}

fn provider(namespace: &str) -> ContainerProvider {
    let info = ContainerInfo::EksInfo(EksInfo::builder().namespace(namespace).build());
    let provider = ContainerProvider::builder().id("local").info(info);
    provider.r#type(ContainerProviderType::Eks).build().unwrap()
}

async fn virtual_cluster(
    client: &Client,
    namespace: &str,
) -> create_virtual_cluster::CreateVirtualClusterOutput {
    let request = client.create_virtual_cluster().name(namespace);
    let request = request.container_provider(provider(namespace));
    request.tags("by", "rust").send().await.unwrap()
}

fn driver(arguments: &[&str]) -> JobDriver {
    let submit = SparkSubmitJobDriver::builder()
        .entry_point("local:///opt/spark/pi.py")
        .set_entry_point_arguments(Some(arguments.iter().map(ToString::to_string).collect()));
    let driver = JobDriver::builder().spark_submit_job_driver(submit.build().unwrap());
    driver.build()
}

async fn start(client: &Client, cluster: &str) -> String {
    let request = client.start_job_run().virtual_cluster_id(cluster);
    let request = request.execution_role_arn(ROLE).release_label(RELEASE);
    let started = request.job_driver(driver(&["2"])).send().await.unwrap();
    started.id.unwrap()
}

async fn reaches(client: &Client, cluster: &str, run: &str, state: JobRunState) -> JobRun {
    let what = format!("{run} is {state}");
    eventually(&what, async || {
        let request = client.describe_job_run().virtual_cluster_id(cluster);
        let found = request.id(run).send().await.unwrap().job_run.unwrap();
        (found.state.as_ref() == Some(&state)).then_some(found)
    })
    .await
}

fn template(arguments: &[&str]) -> JobTemplateData {
    let data = JobTemplateData::builder().execution_role_arn(ROLE);
    let data = data.release_label(RELEASE).job_driver(driver(arguments));
    let number =
        TemplateParameterConfiguration::builder().r#type(TemplateParameterDataType::Number);
    let data = data.parameter_configuration("n", number.default_value("7").build());
    data.build().unwrap()
}

fn security() -> SecurityConfigurationData {
    let lake = LakeFormationConfiguration::builder().authorized_session_tag_value("Amazon EMR");
    let authorization = AuthorizationConfiguration::builder();
    let authorization = authorization.lake_formation_configuration(lake.build());
    let data = SecurityConfigurationData::builder();
    data.authorization_configuration(authorization.build())
        .build()
}

async fn security_configuration(client: &Client) -> String {
    let request = client.create_security_configuration().name("rust");
    let created = request.security_configuration_data(security()).send().await;
    created.unwrap().id.unwrap()
}

#[sqlx::test]
async fn runs_complete_fail_and_are_cancelled(pool: PgPool) {
    let (app, client) = start_with_sdk(pool).await;
    let _workers = Workers::start(&app, settings());
    let created = virtual_cluster(&client, "jobs").await;
    let cluster = created.id.unwrap();
    let described = client.describe_virtual_cluster().id(&cluster).send().await;
    let found = described.unwrap().virtual_cluster.unwrap();
    assert_eq!(found.arn, created.arn);
    assert_eq!(found.state, Some(VirtualClusterState::Running));
    assert_eq!(found.container_provider, Some(provider("jobs")));
    assert_eq!(found.tags.unwrap()["by"], "rust");

    let good = start(&client, &cluster).await;
    reaches(&client, &cluster, &good, JobRunState::Submitted).await;
    app.local.set_phase(&good, running());
    reaches(&client, &cluster, &good, JobRunState::Running).await;
    app.local.set_phase(&good, DriverPhase::Ended(exit(0)));
    let completed = reaches(&client, &cluster, &good, JobRunState::Completed).await;
    assert!(completed.created_at.unwrap() < completed.finished_at.unwrap());
    assert_eq!(completed.job_driver, Some(driver(&["2"])));

    let bad = start(&client, &cluster).await;
    reaches(&client, &cluster, &bad, JobRunState::Submitted).await;
    app.local.set_phase(&bad, DriverPhase::Ended(exit(1)));
    let failed = reaches(&client, &cluster, &bad, JobRunState::Failed).await;
    assert_eq!(failed.failure_reason, Some(FailureReason::UserError));

    let slow = start(&client, &cluster).await;
    reaches(&client, &cluster, &slow, JobRunState::Submitted).await;
    let cancel = client.cancel_job_run().virtual_cluster_id(&cluster);
    cancel.clone().id(&slow).send().await.unwrap();
    reaches(&client, &cluster, &slow, JobRunState::Cancelled).await;
    let again = cancel
        .id(&slow)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(again.is_validation_exception(), "{again:?}");

    let limits = SchedulerConfiguration::builder().max_concurrent_job_runs(3);
    let update = client.update_virtual_cluster().id(&cluster);
    let updated = update.scheduler_configuration(limits.clone().build());
    let updated = updated.send().await.unwrap().virtual_cluster.unwrap();
    assert_eq!(updated.scheduler_configuration, Some(limits.build()));
    let deleted = client.delete_virtual_cluster().id(&cluster).send().await;
    assert_eq!(deleted.unwrap().id, Some(cluster));
}

/// All ids that a paginator finds, in pages of two.
macro_rules! pages_of_two {
    ($request:expr) => {
        $request
            .into_paginator()
            .page_size(2)
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .unwrap()
            .into_iter()
            .map(|item| item.id.unwrap())
            .collect::<Vec<_>>()
    };
}

#[sqlx::test]
async fn every_list_pages(pool: PgPool) {
    let (_app, client) = start_with_sdk(pool).await;
    let [mut clusters, mut runs, mut templates, mut configurations] = [const { Vec::new() }; 4];
    for number in 0..5 {
        let created = virtual_cluster(&client, &format!("jobs-{number}")).await;
        clusters.insert(0, created.id.unwrap());
        let request = client.create_job_template().name("rust");
        let created = request.job_template_data(template(&[])).send().await;
        templates.insert(0, created.unwrap().id.unwrap());
        configurations.insert(0, security_configuration(&client).await);
    }
    for _ in 0..5 {
        runs.insert(0, start(&client, &clusters[0]).await);
    }
    let of_runs = client.list_job_runs().virtual_cluster_id(&clusters[0]);
    let of_runs = of_runs
        .states(JobRunState::Pending)
        .states(JobRunState::Running);
    assert_eq!(pages_of_two!(of_runs), runs);
    let of_clusters = client
        .list_virtual_clusters()
        .container_provider_id("local");
    let of_clusters = of_clusters.states(VirtualClusterState::Running);
    assert_eq!(pages_of_two!(of_clusters), clusters);
    assert_eq!(pages_of_two!(client.list_job_templates()), templates);
    assert_eq!(
        pages_of_two!(client.list_security_configurations()),
        configurations
    );
    let endpoints = client
        .list_managed_endpoints()
        .virtual_cluster_id(&clusters[0]);
    let refused = endpoints.into_paginator().send().next().await.unwrap();
    let refused = refused.unwrap_err().into_service_error();
    assert!(refused.is_validation_exception(), "{refused:?}");
    assert_eq!(
        refused.message(),
        Some("ListManagedEndpoints is not supported yet.")
    );
}

#[sqlx::test]
async fn runs_start_from_templates(pool: PgPool) {
    let (_app, client) = start_with_sdk(pool).await;
    let cluster = virtual_cluster(&client, "jobs").await.id.unwrap();
    let request = client.create_job_template().name("rust");
    let data = template(&["${n}"]);
    let created = request.job_template_data(data.clone()).send().await;
    let template = created.unwrap().id.unwrap();
    let described = client.describe_job_template().id(&template).send().await;
    let described = described.unwrap().job_template.unwrap();
    assert_eq!(described.job_template_data, Some(data));

    let from = client.start_job_run().virtual_cluster_id(&cluster);
    let from = from.job_template_id(&template);
    let run = from.clone().send().await.unwrap().id.unwrap();
    let run = reaches(&client, &cluster, &run, JobRunState::Pending).await;
    assert_eq!(run.job_driver, Some(driver(&["7"])));
    let unknown = from.job_template_parameters("m", "1").send().await;
    let unknown = unknown.unwrap_err().into_service_error();
    assert!(unknown.is_validation_exception(), "{unknown:?}");

    client
        .delete_job_template()
        .id(&template)
        .send()
        .await
        .unwrap();
    let gone = client.describe_job_template().id(&template).send().await;
    let gone = gone.unwrap_err().into_service_error();
    assert!(gone.is_resource_not_found_exception(), "{gone:?}");
}

#[sqlx::test]
async fn tags_and_security_configurations(pool: PgPool) {
    let (_app, client) = start_with_sdk(pool).await;
    let configuration = security_configuration(&client).await;
    let request = client.create_virtual_cluster().name("jobs");
    let request = request.container_provider(provider("jobs"));
    let created = request.security_configuration_id(&configuration);
    let created = created.send().await.unwrap();
    let (cluster, arn) = (created.id.unwrap(), created.arn.unwrap());
    let delete = client.delete_security_configuration().id(&configuration);
    let in_use = delete.clone().send().await.unwrap_err();
    assert!(in_use.into_service_error().is_validation_exception());

    let tag = client.tag_resource().resource_arn(&arn);
    tag.tags("a b", "c/d").tags("e", "").send().await.unwrap();
    let untag = client.untag_resource().resource_arn(&arn);
    untag.tag_keys("e").tag_keys("f").send().await.unwrap();
    let listed = client.list_tags_for_resource().resource_arn(&arn);
    let tags = listed.send().await.unwrap().tags.unwrap();
    assert_eq!(
        tags.into_iter().collect::<Vec<_>>(),
        [("a b".into(), "c/d".into())]
    );

    let deleted = client.delete_virtual_cluster().id(cluster).send().await;
    deleted.unwrap();
    let deleted = delete.send().await.unwrap();
    assert_eq!(deleted.id, Some(configuration));
}

#[sqlx::test]
async fn errors_are_variants(pool: PgPool) {
    let (app, client) = start_with_sdk(pool).await;
    let nobody = "0".repeat(25);
    let unknown = client.describe_virtual_cluster().id(&nobody).send().await;
    let unknown = unknown.unwrap_err().into_service_error();
    assert!(unknown.request_id().is_some());
    let DescribeVirtualClusterError::ResourceNotFoundException(unknown) = unknown else {
        panic!("{unknown:?}");
    };
    let message = format!("Virtual cluster {nobody} doesn't exist.");
    assert_eq!(unknown.message(), Some(message.as_str()));

    let cluster = virtual_cluster(&client, "jobs").await.id.unwrap();
    let run = client.start_job_run().virtual_cluster_id(&cluster);
    let refused = run.send().await.unwrap_err().into_service_error();
    assert!(
        matches!(refused, StartJobRunError::ValidationException(_)),
        "{refused:?}"
    );

    sqlx::query("ALTER TABLE virtual_cluster RENAME TO hidden")
        .execute(&app.pool)
        .await
        .unwrap();
    let broken = client.describe_virtual_cluster().id(&cluster).send().await;
    let broken = broken.unwrap_err().into_service_error();
    assert!(broken.is_internal_server_exception(), "{broken:?}");
}
