//! An installation as its operator makes it: a database, a cluster, and processes that share both.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::client::Client;
use super::replica::{Addresses, Replica};
use super::server::Server;
use super::wire::Proxy;

pub struct Installation {
    pub server: Server,
    /// Past all wires.
    pub pool: PgPool,
    pub client: Client,
    folder: TempDir,
    recorder: JoinHandle<()>,
}

/// A process, and its own wire to the database.
pub struct Post {
    pub replica: Replica,
    pub wire: Proxy,
    place: usize,
}

/// Times as an operator sets them, shorter: what takes minutes elsewhere takes seconds here.
const SETTINGS: &str = r#"
account = "123456789012"
[api]
listen = "127.0.0.1:0"
auth = "none"
[admin]
listen = "127.0.0.1:0"
[database]
acquire_timeout = "2s"
[templates]
timeout = "800ms"
[log]
filter = "info,firesteel::worker=debug,sqlx=error"
[worker]
lease = "2500ms"
poll_interval = "500ms"
watch_term = "1500ms"
drain_timeout = "1s"
start_timeout = "10s"
image_pull_timeout = "3s"
queue_timeout = "20s"
unreachable_timeout = "600s"
lost_driver_hold = "20s"
keep_driver = "1s"
name_hold = "7s"
sidecar_grace = "1s"
settle = "1s"
tidy_interval = "3s"
retry_pause = "500ms"
longest_retry_pause = "2s"
delete_again = "2s"
grace_period = "3s"
try_again = "400ms"
idle = "5s"
[[clusters]]
id = "scripted"
backend = "kubernetes"
accounts = ["123456789012"]
namespaces = ["jobs-*"]
image = "registry.example.org/spark:{spark_version}"
service_account = "spark"
request_timeout = "800ms"
relist_every = "10s"
"#;

impl Installation {
    pub async fn make(pool: PgPool, seed: u64) -> Self {
        let server = Server::start(seed).await;
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        server.write_kubeconfig(&kubeconfig);
        let settings = format!("{SETTINGS}kubeconfig = \"{}\"\n", kubeconfig.display());
        std::fs::write(folder.path().join("firesteel.toml"), settings).unwrap();
        let recorder = tokio::spawn(note_recorded_drivers(server.clone(), pool.clone()));
        Self {
            server,
            pool,
            client: Client::new(Addresses::default()),
            folder,
            recorder,
        }
    }

    /// Starts a process in this place; `killed_at` names the step where it kills itself.
    pub async fn post(&self, place: usize, killed_at: Option<&str>) -> Post {
        let wire = Proxy::before(Arc::new((*self.pool.connect_options()).clone())).await;
        let replica = self.replica(place, &wire, killed_at).await;
        Post {
            replica,
            wire,
            place,
        }
    }

    /// Another process in the place of one that ended.
    pub async fn again(&self, post: &mut Post) {
        post.replica = self.replica(post.place, &post.wire, None).await;
    }

    async fn replica(&self, place: usize, wire: &Proxy, killed_at: Option<&str>) -> Replica {
        let config = self.folder.path().join("firesteel.toml");
        let log = self.log(place);
        let replica = Replica::start(&config, &wire.url(), &log, killed_at).await;
        self.client.addresses.set(place, &replica.api);
        replica
    }

    fn log(&self, place: usize) -> PathBuf {
        self.folder.path().join(format!("replica-{place}.log"))
    }

    /// What the processes said, for whoever must find out why.
    pub fn logs(&self) -> String {
        let logs = (0..2).map(|place| std::fs::read_to_string(self.log(place)));
        logs.filter_map(Result::ok)
            .collect::<Vec<_>>()
            .join("\n---\n")
    }

    /// Runs that are not over, and work that is not done.
    pub async fn open(&self) -> (i64, i64) {
        let runs = "SELECT count(*) FROM job_run WHERE state < 'COMPLETED'";
        let work = "SELECT count(*) FROM work";
        let count = async |query| {
            let counted = sqlx::query_scalar::<_, i64>(query);
            counted.fetch_one(&self.pool).await.unwrap()
        };
        (count(runs).await, count(work).await)
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.recorder.abort();
    }
}

/// Tells the server which drivers the database knows of, and which queues are longer than they may.
async fn note_recorded_drivers(server: Server, pool: PgPool) {
    let query = "SELECT holder_uid FROM job_run_attempt WHERE holder_uid IS NOT NULL";
    let too_long =
        "SELECT namespace || ' has ' || count(*) || ' runs in its queue, of ' || max_in_queue
        FROM job_run JOIN virtual_cluster_slots USING (virtual_cluster)
        WHERE state < 'RUNNING' GROUP BY namespace, max_in_queue HAVING count(*) > max_in_queue";
    while let Ok(uids) = sqlx::query_scalar(query).fetch_all(&pool).await {
        server.are_recorded(uids);
        if let Ok(queues) = sqlx::query_scalar(too_long).fetch_all(&pool).await {
            server
                .world()
                .record
                .violations
                .extend::<Vec<String>>(queues);
        }
        sleep(Duration::from_millis(200)).await;
    }
}
