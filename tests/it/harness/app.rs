//! The application in this process, on free ports.

use std::collections::BTreeMap;
use std::sync::Arc;

use firesteel::app::{App, Clusters, Target};
use firesteel::cluster::Cluster;
use firesteel::config::{Config, Overrides};
use firesteel::domain::account::Grant;
use firesteel::domain::clock::SystemClock;
use firesteel::domain::ids::{AccountId, ClusterId};
use firesteel::sealing::MasterKeys;
use firesteel::spark::RunSettings;
use firesteel::spark::releases::{Release, Releases};
use firesteel::store::Store;
use firesteel::wakes::Wakes;
use firesteel::{http, telemetry};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Client, FakeCluster};

pub const ACCOUNT: &str = "123456789012";

/// A running application; it ends with this value.
pub struct TestApp {
    pub client: Client,
    pub admin: String,
    /// The cluster `local`, open to everybody.
    pub local: Arc<FakeCluster>,
    pub pool: PgPool,
    pub app: Arc<App>,
    /// Ends its ports, as when the process is asked to end.
    pub running: CancellationToken,
    _ends_with_this: DropGuard,
}

impl TestApp {
    pub async fn start(pool: PgPool) -> Self {
        Self::with(pool, &[]).await
    }

    /// With settings as environment variables, such as `("API__MAX_PAGE_SIZE", "7")`.
    /// Authentication is off unless they say otherwise.
    pub async fn with(pool: PgPool, settings: &[(&str, &str)]) -> Self {
        Self::changed(pool, settings, |_| ()).await
    }

    /// Another application of the same installation.
    pub async fn replica(&self, settings: &[(&str, &str)]) -> Self {
        let master_keys = self.app.master_keys.clone();
        Self::changed(self.pool.clone(), settings, |app| {
            app.master_keys = master_keys;
        })
        .await
    }

    /// As `with`, with parts of it changed before it starts.
    pub async fn changed(
        pool: PgPool,
        settings: &[(&str, &str)],
        change: impl FnOnce(&mut App),
    ) -> Self {
        let environment = [("API__AUTH", "none")]
            .iter()
            .chain(settings)
            .map(|(name, value)| (format!("FIRESTEEL_{name}"), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>();
        let config = Config::load(None, environment, &Overrides::default()).unwrap();
        let local = Arc::new(FakeCluster::default());
        let store = Store::from_pool(pool.clone());
        let mut app = App {
            installation: store.installation().await.unwrap(),
            store,
            clusters: clusters(local.clone()),
            wakes: Wakes::default(),
            clock: Arc::new(SystemClock),
            region: config.naming(),
            master_keys: Some(MasterKeys::parse(&MasterKeys::random()).unwrap()),
            config,
        };
        change(&mut app);
        let app = Arc::new(app);
        let running = CancellationToken::new();
        let limits = http::Limits {
            patience: app.config.api.request_timeout,
            connections: app.config.api.max_connections,
        };
        let api = serve(http::api(app.clone()).unwrap(), limits, &running).await;
        let admin = http::admin(app.clone(), telemetry::metrics());
        let admin = serve(admin, limits, &running).await;
        Self {
            client: Client::new(api),
            admin,
            local,
            pool,
            app,
            running: running.clone(),
            _ends_with_this: running.drop_guard(),
        }
    }

    /// Puts a run into a state, as a worker would.
    pub async fn set_run(&self, id: &str, state: &str) {
        let finished = ["COMPLETED", "FAILED", "CANCELLED"].contains(&state);
        let reason = (state == "FAILED").then_some("USER_ERROR");
        let changed = sqlx::query(
            "UPDATE job_run SET state = $2::job_run_state, failure_reason = $3, \
             state_details = 'as the test says', \
             finished_at = CASE WHEN $4 THEN now() END WHERE id = $1",
        )
        .bind(id)
        .bind(state)
        .bind(reason)
        .bind(finished)
        .execute(&self.pool)
        .await
        .unwrap();
        assert_eq!(changed.rows_affected(), 1);
    }

    pub async fn set_virtual_cluster(&self, id: &str, state: &str) {
        let changed = sqlx::query(
            "UPDATE virtual_cluster SET state = $2, \
             terminated_at = CASE WHEN $2 = 'TERMINATED' THEN now() END WHERE id = $1",
        )
        .bind(id)
        .bind(state)
        .execute(&self.pool)
        .await
        .unwrap();
        assert_eq!(changed.rows_affected(), 1);
    }

    pub async fn count(&self, table: &str) -> i64 {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(query)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}

/// `local` for everybody; `shared` for `team-*` of our account; `theirs` for another account.
fn clusters(local: Arc<FakeCluster>) -> Clusters {
    let target = |id: &str, account: Option<&str>, namespaces: Option<&str>, cluster| Target {
        grant: Grant {
            cluster: ClusterId::parse(id).unwrap(),
            accounts: account.map(|account| vec![AccountId::parse(account).unwrap()]),
            namespaces: namespaces.map(|pattern| vec![pattern.to_owned()]),
            reserved: vec!["firesteel".to_owned()],
        },
        cluster,
        defaults: RunSettings {
            releases: Releases::new([releases(id)]).unwrap(),
            ..RunSettings::default()
        },
    };
    let other = || Arc::new(FakeCluster::default()) as Arc<dyn Cluster>;
    [
        target("local", None, None, local),
        target("shared", Some(ACCOUNT), Some("team-*"), other()),
        target("theirs", Some("210987654321"), None, other()),
    ]
    .into_iter()
    .collect()
}

/// `shared` has a release of its own.
fn releases(cluster: &str) -> Vec<Release> {
    let own = Release {
        label: "spark-4.3.0".to_owned(),
        spark: Some("4.3.0".to_owned()),
        ..Release::default()
    };
    if cluster == "shared" {
        vec![own]
    } else {
        Vec::new()
    }
}

async fn serve(router: axum::Router, limits: http::Limits, running: &CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(http::serve(listener, router, limits, running.child_token()));
    address
}
