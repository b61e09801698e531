//! A whole driver's life on a real cluster. `make e2e` runs it; by hand it wants
//! `FIRESTEEL_TEST_KUBECONFIG`, a namespace that may carry drivers in `FIRESTEEL_TEST_NAMESPACE`
//! and `cargo test --test kubernetes -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;
use std::time::Duration;

use firesteel::cluster::kubernetes::{Access, KubernetesCluster, Settings};
use firesteel::cluster::{Cluster, DriverRef, Event, Prepared, Seen};
use firesteel::domain::ids::{ClusterId, JobRunId, VirtualClusterId};
use firesteel::domain::job_run::decide::Node;
use firesteel::domain::job_run::{DriverPhase, HolderKind};
use firesteel::fetch::{self, Fetcher};
use firesteel::spark::Plan;
use firesteel::spark::driver_pod::PodSettings;
use firesteel::spark::plan::Language;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
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
    let log = cluster.log_end(&driver).await.unwrap();
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
