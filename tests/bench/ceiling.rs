//! What the cluster itself gives: a bare client makes the objects that Firesteel makes, sees their
//! ends by one watch and deletes them, and does nothing else. No database, no API, no promise.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use firesteel::domain::ids::{AccountId, ClusterId, JobRunId, VirtualClusterId};
use firesteel::domain::job_run::{JobDriver, JobRun, State};
use firesteel::spark::driver_pod::{
    self, Dependent, Identity, Layout, Objects, PodSettings, Texts,
};
use firesteel::spark::{self, DriverNames, RunSettings, labels};
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions, WatchEvent, WatchParams};
use kube::core::Request as Paths;
use kube::{Api, Resource};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::clients::job_run;
use super::figures::Latency;
use super::machine::{Sample, Used};
use super::pods;
use super::world::World;

/// Drivers alive at any time: that which gives most is kept.
const LIVE: [usize; 2] = [64, 128];
const LASTS: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_secs(10);
const STEADY: Duration = Duration::from_secs(40);
/// Much longer than any life.
const LIMIT: Duration = Duration::from_secs(60);
/// Until what a garbage collector has to remove is gone.
const REMOVAL: Duration = Duration::from_secs(300);
const WATCH_SECONDS: u32 = 290;

#[derive(Debug, Deserialize, Serialize)]
pub struct Ceiling {
    /// The pod alone.
    pub compact: Bare,
    /// The pod with its Service and its ConfigMap.
    pub classic: Bare,
}

#[derive(Debug, Deserialize, Serialize)]
pub struct Bare {
    pub objects: usize,
    pub live: usize,
    pub lives: u64,
    pub per_second: f64,
    /// Creating the pod alone.
    pub post: Latency,
    pub used: Used,
    /// ConfigMaps without a pod when the last driver had ended.
    pub orphans: usize,
}

pub async fn measure(world: &World) -> anyhow::Result<Ceiling> {
    Ok(Ceiling {
        compact: best(world, Layout::Compact).await?,
        classic: best(world, Layout::Classic).await?,
    })
}

async fn best(world: &World, layout: Layout) -> anyhow::Result<Bare> {
    let mut best: Option<Bare> = None;
    for live in LIVE {
        let bare = lives(world, layout, live).await?;
        eprintln!(
            "{layout:?}, {live} alive: {:.1} lives/s, {:.2} ms of CPU each, POST p50 {:.1} ms, p99 {:.1} ms, \
             {} left behind",
            bare.per_second,
            bare.used.ms_per("load", bare.lives),
            bare.post.p50,
            bare.post.p99,
            bare.orphans,
        );
        if best
            .as_ref()
            .is_none_or(|best| bare.per_second > best.per_second)
        {
            best = Some(bare);
        }
    }
    best.context("nothing was tried")
}

async fn lives(world: &World, layout: Layout, live: usize) -> anyhow::Result<Bare> {
    let client = Arc::new(Client::new(&world.kubeconfig, &world.namespace, layout).await?);
    let objects = 1 + client.objects()?.1.dependents.len();
    let from = client.version().await?;
    let watch = tokio::spawn(Arc::clone(&client).watch(from));

    let stop = Arc::new(AtomicBool::new(false));
    let mut lanes = JoinSet::new();
    for _ in 0..live {
        let (client, stop) = (Arc::clone(&client), Arc::clone(&stop));
        lanes.spawn(async move {
            let mut ended = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let post = client.life().await?;
                ended.push((Instant::now(), post));
            }
            anyhow::Ok(ended)
        });
    }
    sleep(world.length(WARM_UP)).await;
    let (begun, before) = (Instant::now(), Sample::take(&world.programs)?);
    sleep(world.length(STEADY)).await;
    let (done, after) = (Instant::now(), Sample::take(&world.programs)?);
    stop.store(true, Ordering::Relaxed);

    let mut posts = Vec::new();
    while let Some(ended) = lanes.join_next().await {
        let ended = ended?.context(if watch.is_finished() {
            "the watch has ended"
        } else {
            "a life"
        })?;
        let middle = ended.iter().filter(|(at, _)| (begun..done).contains(at));
        posts.extend(middle.map(|(_, post)| *post));
    }
    watch.abort();
    let orphans = client.orphans().await?;
    client.all_gone().await?;
    Ok(Bare {
        objects,
        live,
        lives: posts.len() as u64,
        per_second: posts.len() as f64 / done.duration_since(begun).as_secs_f64(),
        post: Latency::of(posts),
        used: before.until(&after),
        orphans,
    })
}

struct Client {
    kube: kube::Client,
    namespace: String,
    layout: Layout,
    /// Marks this trial's objects.
    installation: String,
    /// Who waits for the end of a driver, by its name.
    waiting: Mutex<HashMap<String, oneshot::Sender<()>>>,
}

/// As much of a pod as has to be known.
#[derive(Clone, Deserialize)]
struct Driver {
    metadata: Metadata,
    status: Option<Status>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    uid: String,
    resource_version: String,
}

#[derive(Clone, Deserialize)]
struct Status {
    phase: Option<String>,
}

impl Client {
    async fn new(kubeconfig: &Path, namespace: &str, layout: Layout) -> anyhow::Result<Self> {
        Ok(Self {
            kube: pods::client(kubeconfig).await?,
            namespace: namespace.to_owned(),
            layout,
            installation: Uuid::new_v4().to_string(),
            waiting: Mutex::default(),
        })
    }

    /// From before the creation to after the deletion; answers with the time of the POST.
    async fn life(&self) -> anyhow::Result<Duration> {
        let (name, mut objects) = self.objects()?;
        let (end, ended) = oneshot::channel();
        self.waiting().insert(name.clone(), end);
        let body = serde_json::to_vec(&objects.pod)?;
        let begun = Instant::now();
        let request = self.paths::<Pod>().create(&PostParams::default(), body)?;
        let driver: Driver = self.kube.request(request).await.context("POST")?;
        let post = begun.elapsed();
        objects.owned_by(&driver.metadata.uid);
        for dependent in &objects.dependents {
            self.create(dependent).await?;
        }
        timeout(LIMIT, ended)
            .await
            .with_context(|| format!("{name} does not end"))??;
        // As Firesteel does: what the pod owns is left to the garbage collector.
        let params = DeleteParams::default().preconditions(Preconditions {
            uid: Some(driver.metadata.uid),
            resource_version: None,
        });
        let request = self.paths::<Pod>().delete(&name, &params)?;
        self.kube
            .request::<IgnoredAny>(request)
            .await
            .context("DELETE")?;
        Ok(post)
    }

    async fn create(&self, dependent: &Dependent) -> anyhow::Result<()> {
        let (paths, body) = match dependent {
            Dependent::Service(service) => (self.paths::<Service>(), serde_json::to_vec(service)?),
            Dependent::ConfigMap(map) => (self.paths::<ConfigMap>(), serde_json::to_vec(map)?),
            Dependent::Secret(_)
            | Dependent::NetworkPolicy(_)
            | Dependent::PersistentVolumeClaim(_) => bail!("no run of the bench has one"),
        };
        let request = paths.create(&PostParams::default(), body)?;
        self.kube.request::<IgnoredAny>(request).await?;
        Ok(())
    }

    /// Tells who waits for it of every driver's end; does not return while all is well.
    async fn watch(self: Arc<Self>, mut version: String) -> anyhow::Result<()> {
        let params = WatchParams::default()
            .labels(&self.selector())
            .timeout(WATCH_SECONDS);
        loop {
            let request = self.paths::<Pod>().watch(&params, &version)?;
            let mut events = Box::pin(self.kube.request_events::<Driver>(request).await?);
            while let Some(event) = events.next().await {
                let driver = match event? {
                    WatchEvent::Added(driver) | WatchEvent::Modified(driver) => driver,
                    WatchEvent::Deleted(driver) => {
                        version = driver.metadata.resource_version;
                        continue;
                    }
                    WatchEvent::Bookmark(mark) => {
                        version = mark.metadata.resource_version;
                        continue;
                    }
                    WatchEvent::Error(status) => bail!("{status}"),
                };
                let phase = driver.status.and_then(|status| status.phase);
                if let Some("Succeeded" | "Failed") = phase.as_deref()
                    && let Some(end) = self.waiting().remove(&driver.metadata.name)
                {
                    // Who waited has given up, and says so.
                    let _ = end.send(());
                }
                version = driver.metadata.resource_version;
            }
        }
    }

    /// Of a new run: its driver's name, and what is created for it.
    fn objects(&self) -> anyhow::Result<(String, Objects)> {
        let run = run(&self.namespace)?;
        let name = format!("spark-{}-driver", run.id);
        let identity = Identity {
            installation: self.installation.clone(),
            name: name.clone(),
            namespace: run.namespace.clone(),
            virtual_cluster: run.virtual_cluster.clone(),
            job_run: run.id.clone(),
            attempt: 1,
        };
        let names = DriverNames {
            app_id: format!("spark-{}", run.id),
        };
        let settings = RunSettings {
            properties: BTreeMap::from([(
                "spark.kubernetes.driver.node.selector.type".to_owned(),
                "kwok".to_owned(),
            )]),
            ..RunSettings::default()
        };
        let pod = PodSettings {
            image: Some("spark:{spark_version}".to_owned()),
            service_account: Some("spark".to_owned()),
            ..PodSettings::default()
        };
        let plan = spark::plan(&run, &names, &settings)?;
        let texts = Texts::default();
        let objects = driver_pod::of_job_run(&plan, &identity, &pod, self.layout, &texts)?;
        Ok((name, objects))
    }

    async fn version(&self) -> anyhow::Result<String> {
        let pods: Api<Pod> = Api::namespaced(self.kube.clone(), &self.namespace);
        let list = pods.list_metadata(&self.list()).await?;
        list.metadata.resource_version.context("no version")
    }

    async fn orphans(&self) -> anyhow::Result<usize> {
        let maps: Api<ConfigMap> = Api::namespaced(self.kube.clone(), &self.namespace);
        Ok(maps.list_metadata(&self.list()).await?.items.len())
    }

    async fn all_gone(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.orphans().await? > 0 {
            ensure!(begun.elapsed() < REMOVAL, "owned objects stay");
            sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn paths<K: Resource<DynamicType = ()>>(&self) -> Paths {
        Paths::new(K::url_path(&(), Some(&self.namespace)))
    }

    fn list(&self) -> ListParams {
        ListParams::default().labels(&self.selector())
    }

    fn selector(&self) -> String {
        format!("{}={}", labels::INSTALLATION, self.installation)
    }
}

/// The run that callers of the other measures ask for, as Firesteel has it.
fn run(namespace: &str) -> anyhow::Result<JobRun> {
    let asked = job_run(LASTS);
    let text = |at: &str| -> anyhow::Result<String> {
        let value = asked.pointer(at).and_then(|value| value.as_str());
        Ok(value.with_context(|| format!("no {at}"))?.to_owned())
    };
    let now = Timestamp::now();
    Ok(JobRun {
        id: JobRunId::random(now),
        account: AccountId::parse("123456789012")?,
        virtual_cluster: VirtualClusterId::random(),
        cluster: ClusterId::parse("kwok")?,
        namespace: namespace.to_owned(),
        name: Some(text("/name")?),
        client_token: text("/clientToken")?,
        execution_role_arn: Some(text("/executionRoleArn")?),
        release_label: text("/releaseLabel")?,
        driver: JobDriver::SparkSubmit {
            entry_point: text("/jobDriver/sparkSubmitJobDriver/entryPoint")?,
            arguments: Some(vec![text(
                "/jobDriver/sparkSubmitJobDriver/entryPointArguments/0",
            )?]),
            parameters: Some(text(
                "/jobDriver/sparkSubmitJobDriver/sparkSubmitParameters",
            )?),
        },
        overrides: None,
        tags: BTreeMap::new(),
        max_attempts: None,
        created_by: String::new(),
        created_at: now,
        state: State::Pending,
        state_details: None,
        failure_reason: None,
        finished_at: None,
        cancel_requested_at: None,
    })
}
