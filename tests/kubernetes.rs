//! A whole driver's life on a real cluster. `make e2e` runs it; by hand it wants
//! `FIRESTEEL_TEST_KUBECONFIG`, the administrator's `FIRESTEEL_TEST_ADMIN_KUBECONFIG`, a namespace
//! that may carry drivers in `FIRESTEEL_TEST_NAMESPACE` and
//! `cargo test --test kubernetes -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;
use std::time::Duration;

use firesteel::cluster::kubernetes::{Access, KubernetesCluster, Settings};
use firesteel::cluster::{Cluster, CreateError, DriverRef, Event, Prepared, Seen};
use firesteel::domain::ids::{ClusterId, JobRunId, VirtualClusterId};
use firesteel::domain::job_run::decide::{Node, Refusal};
use firesteel::domain::job_run::{DriverPhase, HolderKind};
use firesteel::fetch::{self, Fetcher};
use firesteel::spark::Plan;
use firesteel::spark::driver_pod::{LayoutSetting, PodSettings};
use firesteel::spark::plan::Language;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota, Service};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(180);

struct Bench {
    cluster: Arc<KubernetesCluster>,
    namespace: String,
    events: mpsc::Receiver<Event>,
    _namespaces: watch::Sender<Vec<String>>,
}

impl Bench {
    async fn start() -> Self {
        let namespace = env::var("FIRESTEEL_TEST_NAMESPACE").unwrap();
        let settings = Settings {
            id: ClusterId::parse("test").unwrap(),
            access: Access::Kubeconfig {
                path: Some(env::var("FIRESTEEL_TEST_KUBECONFIG").unwrap().into()),
                context: None,
            },
            // One of its own, so that tests do not see each other's drivers.
            installation: VirtualClusterId::random().to_string(),
            pod: PodSettings {
                image: Some("localhost/firesteel-spark:{spark_version}".to_owned()),
                service_account: Some("spark".to_owned()),
                ..PodSettings::default()
            },
            fetcher: Arc::new(
                Fetcher::new(
                    fetch::Settings::default(),
                    Arc::new(fetch::SystemResolver::default()),
                )
                .unwrap(),
            ),
            request_timeout: Duration::from_secs(10),
            relist_every: Duration::from_secs(20),
        };
        let cluster = Arc::new(KubernetesCluster::connect(settings).await.unwrap());
        let (namespaces, watched) = watch::channel(vec![namespace.clone()]);
        let (send, events) = mpsc::channel(100);
        let watching = Arc::clone(&cluster);
        tokio::spawn(async move { watching.watch(watched, send).await });
        let mut bench = Self {
            cluster,
            namespace,
            events,
            _namespaces: namespaces,
        };
        // From here on, whatever happens is a change.
        bench
            .until(|event| matches!(event, Event::Listed(seen) if seen.is_empty()).then_some(()))
            .await;
        bench
    }

    fn driver(&self) -> DriverRef {
        DriverRef::new(
            &self.namespace,
            &VirtualClusterId::random(),
            &JobRunId::random(Timestamp::now()),
            1,
        )
    }

    /// Waits until the watch says something that `wanted` is content with.
    async fn until<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        timeout(LIMIT, async {
            loop {
                let event = self.events.recv().await.expect("the watch has ended");
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        })
        .await
        .expect("the cluster did not get there in time")
    }

    async fn ended(&mut self) -> (Seen, firesteel::domain::job_run::Exit) {
        self.until(|event| match event {
            Event::Changed(seen) => match &seen.driver.phase {
                DriverPhase::Ended(exit) => Some((seen.clone(), exit.clone())),
                DriverPhase::Unseen | DriverPhase::Waiting { .. } | DriverPhase::Running { .. } => {
                    None
                }
            },
            Event::Listed(_) | Event::Deleted(_) => None,
        })
        .await
    }
}

fn plan(driver: &DriverRef, script: &str, arguments: &[&str]) -> Plan {
    let properties = [
        ("spark.driver.memory", "512m"),
        ("spark.executor.memory", "512m"),
        ("spark.executor.instances", "2"),
        ("spark.kubernetes.driver.request.cores", "0.2"),
        ("spark.kubernetes.executor.request.cores", "0.2"),
        // Escapes on the way to Java and back.
        ("spark.test.text", " a=b:c#d!\\ ü"),
    ];
    Plan {
        spark_version: env::var("FIRESTEEL_TEST_SPARK").unwrap_or_else(|_| "3.5.9".to_owned()),
        app_id: driver.app_id.clone(),
        app_name: "Kubernetes test".to_owned(),
        language: Language::Python,
        main_class: Some("org.apache.spark.deploy.PythonRunner".to_owned()),
        resource: format!("local:///opt/firesteel-jobs/{script}"),
        arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
        proxy_user: None,
        properties: properties
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        conf_files: BTreeMap::new(),
        environment: BTreeMap::new(),
        start_timeout: None,
        run_timeout: None,
        templates: firesteel::spark::Templates::default(),
        layout: None,
        service_accounts: None,
        node_label: None,
        warnings: vec![],
    }
}

#[tokio::test]
#[ignore = "needs a real cluster"]
async fn a_pyspark_driver_with_two_executors_completes() {
    let mut bench = Bench::start().await;
    let cluster = Arc::clone(&bench.cluster);
    cluster.check_namespace(&bench.namespace).await.unwrap();
    let identity = cluster.identity(&bench.namespace).await.unwrap();
    assert_eq!(identity, cluster.identity(&bench.namespace).await.unwrap());

    let driver = bench.driver();
    assert_eq!(cluster.look(&driver).await.unwrap(), None);
    let mut plan = plan(&driver, "pi.py", &["4"]);
    plan.conf_files.insert(
        "fairscheduler.xml".to_owned(),
        "<allocations></allocations>\n".to_owned(),
    );
    let made = cluster
        .create(&driver, &plan, &Prepared::default())
        .await
        .unwrap();
    let again = cluster
        .create(&driver, &plan, &Prepared::default())
        .await
        .unwrap();
    assert_eq!(made.holder, again.holder);

    bench
        .until(|event| match event {
            Event::Changed(seen) => {
                matches!(seen.driver.phase, DriverPhase::Running { .. }).then_some(())
            }
            Event::Listed(_) | Event::Deleted(_) => None,
        })
        .await;
    let (seen, exit) = bench.ended().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert_eq!(seen.holder, made.holder);

    let node = seen.driver.node.unwrap();
    assert!(matches!(
        cluster.node(&node).await.unwrap(),
        Node::Ready { .. }
    ));
    assert_eq!(cluster.node("no-such-node").await.unwrap(), Node::Gone);

    let held = cluster.occupy(&driver).await.unwrap();
    assert_eq!(held.holder.kind, HolderKind::Driver);
    cluster.sweep(&driver).await.unwrap();
    // Another object's uid deletes nothing.
    cluster.delete(&driver, "another").await.unwrap();
    assert!(cluster.look(&driver).await.unwrap().is_some());
    cluster.delete(&driver, &made.holder.uid).await.unwrap();
    bench
        .until(|event| matches!(event, Event::Deleted(_)).then_some(()))
        .await;
    assert_eq!(cluster.look(&driver).await.unwrap(), None);
    cluster.delete(&driver, &made.holder.uid).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a real cluster"]
async fn a_tombstone_keeps_a_late_creation_out() {
    let mut bench = Bench::start().await;
    let cluster = Arc::clone(&bench.cluster);
    let driver = bench.driver();
    let tombstone = cluster.occupy(&driver).await.unwrap();
    assert_eq!(tombstone.holder.kind, HolderKind::Tombstone);
    let late = cluster
        .create(&driver, &plan(&driver, "pi.py", &[]), &Prepared::default())
        .await
        .unwrap();
    assert_eq!(late.holder, tombstone.holder);
    bench
        .until(|event| match event {
            Event::Changed(seen) => match &seen.driver.phase {
                DriverPhase::Waiting { why: Some(why), .. } => {
                    (why.reason == "SchedulingGated").then_some(())
                }
                DriverPhase::Unseen
                | DriverPhase::Waiting { .. }
                | DriverPhase::Running { .. }
                | DriverPhase::Ended(_) => None,
            },
            Event::Listed(_) | Event::Deleted(_) => None,
        })
        .await;
    cluster
        .delete(&driver, &tombstone.holder.uid)
        .await
        .unwrap();
    bench
        .until(|event| matches!(event, Event::Deleted(_)).then_some(()))
        .await;
}

#[tokio::test]
#[ignore = "needs a real cluster"]
async fn a_failing_driver_says_why() {
    let mut bench = Bench::start().await;
    let cluster = Arc::clone(&bench.cluster);
    let driver = bench.driver();
    let made = cluster
        .create(
            &driver,
            &plan(&driver, "fail.py", &[]),
            &Prepared::default(),
        )
        .await
        .unwrap();
    let (_, exit) = bench.ended().await;
    assert_eq!(exit.code, Some(1));
    // The status holds the last 2048 bytes, which Spark's farewell may fill; the log holds it all.
    assert!(exit.message.is_some());
    let log = cluster.inquire(&driver).await.log.unwrap();
    assert!(log.contains("ValueError: the input table is empty"));
    cluster.delete(&driver, &made.holder.uid).await.unwrap();
    bench
        .until(|event| matches!(event, Event::Deleted(_)).then_some(()))
        .await;
}

#[tokio::test]
#[ignore = "needs a real cluster"]
async fn a_deleted_driver_ends_before_it_is_gone() {
    let mut bench = Bench::start().await;
    let cluster = Arc::clone(&bench.cluster);
    let driver = bench.driver();
    let made = cluster
        .create(
            &driver,
            &plan(&driver, "sleep.py", &["600"]),
            &Prepared::default(),
        )
        .await
        .unwrap();
    bench
        .until(|event| match event {
            Event::Changed(seen) => {
                matches!(seen.driver.phase, DriverPhase::Running { .. }).then_some(())
            }
            Event::Listed(_) | Event::Deleted(_) => None,
        })
        .await;
    cluster.delete(&driver, &made.holder.uid).await.unwrap();
    let (seen, exit) = bench.ended().await;
    assert!(seen.driver.deleting);
    assert_ne!(exit.code, Some(0));
    bench
        .until(|event| matches!(event, Event::Deleted(_)).then_some(()))
        .await;
}

/// Whoever tests may change quotas, which Firesteel may not.
async fn administrator() -> kube::Client {
    let path = env::var("FIRESTEEL_TEST_ADMIN_KUBECONFIG").unwrap();
    let kubeconfig = Kubeconfig::read_from(path).unwrap();
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    kube::Client::try_from(config.await.unwrap()).unwrap()
}

/// Tests that make Services wait for one another, since one of them limits their number.
static SERVICES: Mutex<()> = Mutex::const_new(());

/// Waits until the namespace has room for so many Services in all, and its books say so.
async fn limit_services(quotas: &Api<ResourceQuota>, name: &str, most: u32) {
    let hard = json!({ "services": most.to_string() });
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": { "name": name }, "spec": { "hard": hard },
    });
    let apply = PatchParams::apply("test").force();
    quotas
        .patch(name, &apply, &Patch::Apply(quota))
        .await
        .unwrap();
    timeout(LIMIT, async {
        loop {
            let status = quotas.get(name).await.unwrap().status.unwrap_or_default();
            let known = |amounts: Option<BTreeMap<String, Quantity>>| {
                amounts.and_then(|mut amounts| amounts.remove("services"))
            };
            if known(status.hard).is_some_and(|hard| hard.0 == most.to_string())
                && known(status.used).is_some()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("nobody keeps the quota's books");
}

#[tokio::test]
#[ignore = "needs a real cluster"]
async fn a_classic_driver_is_made_complete_once_there_is_room_and_leaves_nothing() {
    let _alone = SERVICES.lock().await;
    let mut bench = Bench::start().await;
    let cluster = Arc::clone(&bench.cluster);
    let admin = administrator().await;
    let maps: Api<ConfigMap> = Api::namespaced(admin.clone(), &bench.namespace);
    let services: Api<Service> = Api::namespaced(admin.clone(), &bench.namespace);
    let quotas: Api<ResourceQuota> = Api::namespaced(admin, &bench.namespace);
    let driver = bench.driver();
    let mut plan = plan(&driver, "pi.py", &["2"]);
    plan.layout = Some(LayoutSetting::Classic);
    let alone = "spark.kubernetes.driver.master".to_owned();
    plan.properties.insert(alone, "local[1]".to_owned());
    let create = async || cluster.create(&driver, &plan, &Prepared::default()).await;

    limit_services(&quotas, "few", 0).await;
    match create().await {
        Err(CreateError::Incomplete {
            refusal: Refusal::Full(why),
            ..
        }) => assert!(why.contains("exceeded quota: few"), "{why}"),
        other => panic!("{other:?}"),
    }
    let seen = cluster.look(&driver).await.unwrap().unwrap();
    assert!(cluster.may_lack_parts(&driver, &seen).await.unwrap());

    limit_services(&quotas, "few", 1).await;
    let made = create().await.unwrap();
    assert_eq!(made.holder, seen.holder);
    // The quota refuses what exists already, too.
    assert_eq!(create().await.unwrap().holder, seen.holder);
    quotas
        .delete("few", &DeleteParams::default())
        .await
        .unwrap();

    let (_, exit) = bench.ended().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    cluster.sweep(&driver).await.unwrap();
    let own = ListParams::default().labels(&format!("spark-app-selector={}", driver.app_id));
    assert!(maps.list(&own).await.unwrap().items.is_empty());
    assert!(services.list(&own).await.unwrap().items.is_empty());
    cluster.delete(&driver, &made.holder.uid).await.unwrap();
}

/// The driver's pod is deleted between its creation and that of what belongs to it.
#[tokio::test]
#[ignore = "needs a real cluster"]
async fn what_a_vanished_pod_would_have_owned_is_collected() {
    let _alone = SERVICES.lock().await;
    let bench = Bench::start().await;
    let cluster = Arc::clone(&bench.cluster);
    let maps: Api<ConfigMap> = Api::namespaced(administrator().await, &bench.namespace);
    let driver = bench.driver();
    let mut plan = plan(&driver, "sleep.py", &["600"]);
    plan.layout = Some(LayoutSetting::Classic);
    // No node has this, so that the pod goes at once.
    plan.node_label = Some("none".to_owned());
    let create = async || cluster.create(&driver, &plan, &Prepared::default()).await;
    let first = create().await.unwrap();
    cluster.delete(&driver, &first.holder.uid).await.unwrap();
    // Under the same name, with objects of the first pod still there or just gone.
    let second = create().await.unwrap();
    assert_ne!(first.holder.uid, second.holder.uid);
    let own = ListParams::default().labels(&format!("spark-app-selector={}", driver.app_id));
    let owners = async || {
        let listed = maps.list(&own).await.unwrap().items;
        let owners = listed
            .into_iter()
            .flat_map(|map| map.metadata.owner_references);
        owners.flatten().map(|owner| owner.uid).collect::<Vec<_>>()
    };
    assert_eq!(owners().await, std::slice::from_ref(&second.holder.uid));
    cluster.delete(&driver, &second.holder.uid).await.unwrap();
    timeout(LIMIT, async {
        while !owners().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("the garbage collector takes what belonged to the pod");
}
