//! Drivers as the cluster has them: when they came, and their end by a kubelet's word.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Config};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The annotation that tells KWOK how long a driver runs.
pub const LASTS: &str = "bench.firesteel.dev/lasts";
const DRIVERS: &str = "spark-role=driver";
const JOB_RUN: &str = "emr-containers.amazonaws.com/job.id";

/// The drivers of a namespace.
pub async fn drivers(kubeconfig: &Path, namespace: &str) -> anyhow::Result<Api<Pod>> {
    Ok(Api::namespaced(client(kubeconfig).await?, namespace))
}

pub async fn client(kubeconfig: &Path) -> anyhow::Result<kube::Client> {
    let file = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    Ok(kube::Client::try_from(config)?)
}

/// When the driver of each run came to be, by a watch of their metadata alone.
pub struct Births {
    seen: Arc<Mutex<HashMap<String, Instant>>>,
    watch: JoinHandle<anyhow::Result<()>>,
}

impl Births {
    pub async fn watch(drivers: Api<Pod>) -> anyhow::Result<Self> {
        let params = WatchParams::default().labels(DRIVERS).timeout(290);
        let start = drivers.list_metadata(&Default::default()).await?;
        let mut version = start.metadata.resource_version.context("no version")?;
        let seen = Arc::new(Mutex::new(HashMap::new()));
        let born = Arc::clone(&seen);
        let watch = tokio::spawn(async move {
            loop {
                let mut events = drivers.watch_metadata(&params, &version).await?.boxed();
                while let Some(event) = events.next().await {
                    match event? {
                        WatchEvent::Added(pod) => {
                            let labels = pod.metadata.labels.unwrap_or_default();
                            if let Some(run) = labels.get(JOB_RUN) {
                                let now = Instant::now();
                                born.lock().await.entry(run.clone()).or_insert(now);
                            }
                            version = pod.metadata.resource_version.context("no version")?;
                        }
                        WatchEvent::Modified(pod) | WatchEvent::Deleted(pod) => {
                            version = pod.metadata.resource_version.context("no version")?;
                        }
                        WatchEvent::Bookmark(mark) => version = mark.metadata.resource_version,
                        WatchEvent::Error(error) => return Err(error).context("the watch"),
                    }
                }
            }
        });
        Ok(Self { seen, watch })
    }

    /// Fails where the watch has.
    pub async fn end(self) -> anyhow::Result<HashMap<String, Instant>> {
        if self.watch.is_finished() {
            self.watch.await??;
        } else {
            self.watch.abort();
        }
        Ok(self.seen.lock().await.clone())
    }
}

/// Says of a driver what a kubelet says of one that ended well.
pub async fn succeed(drivers: &Api<Pod>, name: &str) -> anyhow::Result<()> {
    let pod = drivers.get_status(name).await?;
    let status = pod.status.context("no status")?;
    let started = status
        .start_time
        .map(|time| time.0)
        .unwrap_or_else(Timestamp::now);
    let mut container = status.container_statuses.unwrap_or_default();
    let container = container.first_mut().context("it has not started")?;
    let ended = json!({
        "phase": "Succeeded",
        "containerStatuses": [{
            "name": container.name,
            "image": container.image,
            "imageID": container.image_id,
            "ready": false,
            "started": false,
            "restartCount": 0,
            "state": {"terminated": {
                "exitCode": 0,
                "reason": "Completed",
                "startedAt": started.to_string(),
                "finishedAt": Timestamp::now().to_string(),
            }},
        }],
    });
    let patch = Patch::Merge(json!({"status": ended}));
    drivers
        .patch_status(name, &PatchParams::default(), &patch)
        .await?;
    Ok(())
}
