//! A request of StartJobRun, rendered: the first attempt of the run that it would start.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;

use super::{RenderArgs, Rendered};
use crate::cli::clusters;
use crate::cluster::DriverRef;
use crate::config::{ClusterConfig, Config, InvalidConfig, Overrides};
use crate::domain::ids::{AccountId, ClusterId, JobRunId};
use crate::domain::job_run::{JobRun, State};
use crate::http;
use crate::spark::driver_pod::{self, Identity, PodSettings, Texts};
use crate::spark::pod_template::{Role, inline_property};
use crate::spark::{self, DriverNames, RunSettings, TemplateSource, Templates};

/// Where no namespace is named.
const NAMESPACE: &str = "default";

/// The installation of a run that no installation has.
const INSTALLATION: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn render(args: &RenderArgs, request: &Path) -> anyhow::Result<Rendered> {
    let text = text(request)?;
    let (settings, pod_settings) = settings(args)?;
    let request = http::read_start_job_run(&settings, &text, args.release.as_deref())
        .map_err(|error| anyhow::anyhow!("{}", error.message()))?;
    let now = Timestamp::now();
    let run = JobRun {
        id: JobRunId::random(now),
        account: AccountId::parse("000000000000")?,
        virtual_cluster: request.virtual_cluster,
        cluster: ClusterId::parse(args.cluster.as_deref().unwrap_or("rendered"))?,
        namespace: args.namespace.as_deref().unwrap_or(NAMESPACE).to_owned(),
        name: request.name,
        client_token: request.client_token,
        execution_role_arn: request.execution_role_arn,
        release_label: request.release_label,
        driver: request.driver,
        overrides: request.overrides,
        tags: request.tags,
        max_attempts: request.max_attempts,
        created_by: String::new(),
        created_at: now,
        state: State::Pending,
        state_details: None,
        failure_reason: None,
        finished_at: None,
        cancel_requested_at: None,
    };
    let driver = DriverRef::new(&run.namespace, &run.virtual_cluster, &run.id, 1);
    let names = DriverNames {
        app_id: driver.app_id,
    };
    let plan = spark::plan(&run, &names, &settings)?;
    let identity = Identity {
        installation: INSTALLATION.to_owned(),
        name: driver.name,
        namespace: driver.namespace,
        virtual_cluster: driver.virtual_cluster,
        job_run: driver.job_run,
        attempt: driver.attempt,
    };
    let texts = texts(&plan.templates)?;
    let layout = match args.layout() {
        Some(layout) => layout,
        None => driver_pod::choose(&plan, &texts, pod_settings.layout)?.layout,
    };
    let objects = driver_pod::of_job_run(&plan, &identity, &pod_settings, layout, &texts)?;
    let rendered = Rendered::of(&objects)?;
    Ok(match driver_pod::own_accounts(&plan, &pod_settings) {
        Some(own) => rendered.with_accounts(&own.objects(&run.namespace, pod_settings.irsa))?,
        None => rendered,
    })
}

/// The templates that the request holds. Others are a worker's to fetch, with what its run's
/// account may reach.
fn texts(templates: &Templates) -> anyhow::Result<Texts> {
    let text = |role: Role, source: &Option<TemplateSource>| match source {
        None => Ok(None),
        Some(TemplateSource::Inline(text)) => Ok(Some(text.clone())),
        Some(
            TemplateSource::S3 { .. } | TemplateSource::Https(_) | TemplateSource::ConfigMap { .. },
        ) => anyhow::bail!(
            "{role} pod template: nothing is fetched here; give its text inline, as {}",
            inline_property(role)
        ),
    };
    Ok(Texts {
        driver_template: text(Role::Driver, &templates.driver)?,
        executor_template: text(Role::Executor, &templates.executor)?,
        ..Texts::default()
    })
}

fn text(request: &Path) -> anyhow::Result<String> {
    if request == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(request).with_context(|| format!("cannot read {}", request.display()))
}

/// What the configured cluster gives its runs, or what one without settings would.
fn settings(args: &RenderArgs) -> anyhow::Result<(RunSettings, PodSettings)> {
    let Some(id) = &args.cluster else {
        let pod = PodSettings {
            image: Some("apache/spark:{spark_version}".to_owned()),
            ..PodSettings::default()
        };
        return Ok((RunSettings::default(), pod));
    };
    let config = Config::load(args.config.as_deref(), [], &Overrides::default())?;
    let cluster = config.clusters.iter().find(|cluster| cluster.id() == id);
    match cluster {
        Some(cluster @ ClusterConfig::Kubernetes(kubernetes)) => Ok((
            clusters::run_settings(&config, cluster)?,
            clusters::pod(kubernetes),
        )),
        Some(ClusterConfig::Process(_)) => Err(InvalidConfig(format!(
            "cluster {id} runs drivers as processes: it creates no objects"
        ))
        .into()),
        None => Err(InvalidConfig(format!("there is no cluster {id}")).into()),
    }
}
