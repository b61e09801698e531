//! From configured clusters to reachable ones.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::app::{Clusters, Target};
use crate::cluster::Cluster;
use crate::cluster::kubernetes::{self, Access, KubernetesCluster};
use crate::cluster::process::{self, ProcessCluster};
use crate::config::{ClusterConfig, Config, InvalidConfig, KubernetesConfig, ProcessConfig};
use crate::domain::account::Grant;
use crate::domain::ids::ClusterId;
use crate::fetch::{Fetcher, SystemResolver};
use crate::spark::RunSettings;
use crate::spark::driver_pod::PodSettings;
use crate::store::Installation;

/// From the request to end a local driver to its end by force.
const PROCESS_GRACE_PERIOD: Duration = Duration::from_secs(10);

/// Where a pod finds the name of its own namespace.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Prepares the configured clusters. Whether they answer shows later.
pub(super) async fn connect(
    config: &Config,
    installation: &Installation,
) -> anyhow::Result<Clusters> {
    let fetcher = fetcher(config)?;
    let mut targets = Vec::new();
    for configured in &config.clusters {
        let id = ClusterId::parse(configured.id())
            .map_err(|error| InvalidConfig(format!("{}: {error}", configured.id())))?;
        let cluster: Arc<dyn Cluster> = match configured {
            ClusterConfig::Kubernetes(kubernetes) => {
                Arc::new(kubernetes_cluster(&id, kubernetes, installation, &fetcher).await?)
            }
            ClusterConfig::Process(process) => {
                Arc::new(process_cluster(&id, process, config, installation).await?)
            }
        };
        targets.push(Target {
            grant: Grant {
                cluster: id,
                accounts: configured.accounts().cloned(),
                namespaces: configured.namespaces().cloned(),
                reserved: reserved(configured),
            },
            cluster,
            defaults: run_settings(config, configured)?,
        });
    }
    Ok(targets.into_iter().collect())
}

fn fetcher(config: &Config) -> anyhow::Result<Arc<Fetcher>> {
    let settings = config.fetching(|name| std::env::var(name).ok())?;
    let fetcher = Fetcher::new(settings, Arc::new(SystemResolver::default()));
    fetcher
        .map(Arc::new)
        .map_err(|error| InvalidConfig(format!("templates: {error}")).into())
}

async fn kubernetes_cluster(
    id: &ClusterId,
    config: &KubernetesConfig,
    installation: &Installation,
    fetcher: &Arc<Fetcher>,
) -> anyhow::Result<KubernetesCluster> {
    let access = if config.in_cluster {
        Access::InCluster
    } else {
        Access::Kubeconfig {
            path: config.kubeconfig.clone(),
            context: config.context.clone(),
        }
    };
    let settings = kubernetes::Settings {
        id: id.clone(),
        access,
        installation: installation.id.to_string(),
        pod: pod(config),
        fetcher: Arc::clone(fetcher),
        request_timeout: config.request_timeout,
        relist_every: config.relist_every,
    };
    KubernetesCluster::connect(settings)
        .await
        .map_err(|error| invalid(id, error))
}

async fn process_cluster(
    id: &ClusterId,
    process: &ProcessConfig,
    config: &Config,
    installation: &Installation,
) -> anyhow::Result<ProcessCluster> {
    let settings = process::Settings {
        spark_home: process.spark_home.clone(),
        max_processes: process.max_processes.get(),
        threads: process.threads.map(NonZeroUsize::get),
        state_dir: config.data_dir()?.join("processes").join(id.as_str()),
        installation: installation.id.to_string(),
        environment: process.pass_environment.clone(),
        grace_period: PROCESS_GRACE_PERIOD,
    };
    // It asks Java and Python for their homes.
    tokio::task::spawn_blocking(move || ProcessCluster::new(settings))
        .await?
        .map_err(|error| invalid(id, error))
}

/// What a cluster lacks from the start is the configuration's fault.
fn invalid(id: &ClusterId, error: impl Into<anyhow::Error>) -> anyhow::Error {
    let error = error.into();
    InvalidConfig(format!("cluster {id}: {error:#}")).into()
}

/// The namespace that Firesteel itself runs in, where that is in this cluster.
fn reserved(cluster: &ClusterConfig) -> Vec<String> {
    match cluster {
        ClusterConfig::Kubernetes(kubernetes) if kubernetes.in_cluster => {
            let own = std::fs::read_to_string(Path::new(OWN_NAMESPACE));
            own.map(|name| name.trim().to_owned()).into_iter().collect()
        }
        ClusterConfig::Kubernetes(_) | ClusterConfig::Process(_) => Vec::new(),
    }
}

/// What a cluster's configuration says of its driver pods.
pub(super) fn pod(config: &KubernetesConfig) -> PodSettings {
    PodSettings {
        image: Some(config.image.clone()),
        image_pull_policy: config.image_pull_policy.as_str().to_owned(),
        service_account: config.service_account.clone(),
        irsa: config.irsa,
        layout: config.layout,
        node_label_key: config.node_label_key.clone(),
        policy: (&config.policy).into(),
    }
}

/// What a cluster's configuration says of its runs.
pub(super) fn run_settings(
    config: &Config,
    cluster: &ClusterConfig,
) -> Result<RunSettings, InvalidConfig> {
    let defaults = cluster.defaults();
    Ok(RunSettings {
        properties: defaults.properties.clone(),
        releases: config.releases_of(cluster)?,
        release_properties: defaults.releases.clone(),
        environment: defaults.environment.clone(),
        event_log_dir: cluster.event_log_dir().map(str::to_owned),
        policy: cluster.policy().into(),
    })
}
