//! A process from its start to its end. It ends in this order: no new requests, the open ones
//! finished, leases released, Postgres stopped.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Role, clusters, master_keys};
use crate::app::App;
use crate::config::{Auth, Config, InvalidConfig, MAKE_A_KEY, Secret};
use crate::domain::clock::SystemClock;
use crate::sealing::MasterKeys;
use crate::shutdown::{Signals, Tasks};
use crate::store::embedded::Embedded;
use crate::store::{self, Store};
use crate::wakes::Wakes;
use crate::worker::{self, WorkerError};
use crate::{http, telemetry};

/// How long the admin port may take to end: scrapes are short.
const ADMIN_DRAIN: Duration = Duration::from_secs(2);

/// Probes and scrapes are few.
const ADMIN_CONNECTIONS: NonZeroUsize = NonZeroUsize::new(100).unwrap();

/// What workers get beyond their drain, to give leases back.
const RELEASE: Duration = Duration::from_secs(5);

/// Longer than the private Postgres takes to be stopped by force.
const POSTGRES_DRAIN: Duration = Duration::from_secs(70);

/// Runs everything until the process is asked to end.
pub(super) async fn dev(mut config: Config) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let data_dir = config.data_dir()?;
    std::fs::create_dir_all(&data_dir)
        .with_context(|| format!("cannot create {}", data_dir.display()))?;
    let master_keys = config.make_master_keys_of_dev(&data_dir)?;
    let postgres = match config.database.url {
        Some(_) => None,
        None => {
            let bin_dir = config.database.postgres_bin.as_deref();
            let postgres = Embedded::start(&data_dir.join("postgres"), bin_dir).await?;
            config.database.url = Some(Secret::new(postgres.url()));
            Some(postgres)
        }
    };
    let keys = Some(master_keys);
    run(config, keys, Role::All, Schema::Migrated, postgres, signals).await
}

/// Runs a part of an installation until the process is asked to end.
pub(super) async fn serve(config: Config, role: Role) -> anyhow::Result<()> {
    let keys = config.master_keys()?;
    if keys.is_none() && role != Role::Worker && config.api.auth() == Auth::SigV4 {
        return Err(InvalidConfig(format!(
            "there is no master key, with which the secrets of access keys are sealed: {MAKE_A_KEY}"
        ))
        .into());
    }
    let signals = Signals::listen()?;
    run(config, keys, role, Schema::Checked, None, signals).await
}

/// How to reach the configured database.
pub(super) fn database(config: &Config) -> Option<store::Settings> {
    let url = config.database.url.as_ref()?;
    Some(store::Settings {
        url: url.expose().to_owned(),
        max_connections: config.database.max_connections.get(),
        acquire_timeout: config.database.acquire_timeout,
    })
}

/// What this process does about the database's schema.
enum Schema {
    Migrated,
    /// `firesteel migrate` comes before this process.
    Checked,
}

async fn run(
    config: Config,
    master_keys: Option<MasterKeys>,
    role: Role,
    schema: Schema,
    postgres: Option<Embedded>,
    mut signals: Signals,
) -> anyhow::Result<()> {
    let mut tasks = Tasks::default();
    let started = tokio::select! {
        started = start(&mut tasks, config, master_keys, role, schema) => started.map(Some),
        () = signals.next() => Ok(None),
    };
    if let Some(postgres) = postgres {
        tasks.spawn("Postgres", POSTGRES_DRAIN, |token| keep(postgres, token));
    }
    match started {
        Ok(Some(ready)) => {
            writeln!(std::io::stdout(), "{ready}")?;
            tasks.run(async || signals.next().await).await?;
        }
        // What runs already ends in its order all the same.
        Ok(None) => tasks.run(async || ()).await?,
        Err(error) => {
            tasks.end().await;
            return Err(error);
        }
    }
    tracing::info!("Firesteel has ended");
    Ok(())
}

/// Starts the tasks; the text says where to find them.
async fn start(
    tasks: &mut Tasks,
    config: Config,
    master_keys: Option<MasterKeys>,
    role: Role,
    schema: Schema,
) -> anyhow::Result<String> {
    let metrics = telemetry::metrics();
    let app = Arc::new(app(config, master_keys, schema).await?);
    let admin = bind(app.config.admin.listen.0).await?;
    let admin_address = admin.local_addr()?;
    let mut ready = format!("Firesteel works; its admin port is http://{admin_address}");
    if role != Role::Worker {
        let listener = bind(app.config.api.listen.0).await?;
        ready = format!("Firesteel listens on http://{}", listener.local_addr()?);
        if app.config.api.auth() == Auth::None {
            let account = &app.config.account;
            let open = format!(
                "Authentication is off: everybody on this host is account {account}, and any \
                 access key is accepted"
            );
            tracing::warn!("{open}");
            ready = format!("{ready}\n{open}");
        }
        if let (Auth::SigV4, Some(keys)) = (app.config.api.auth(), &app.master_keys) {
            master_keys::check(&app.store, keys, app.clock.now()).await?;
        }
        let api = http::api(app.clone())?;
        let limits = http::Limits {
            patience: app.config.api.request_timeout,
            connections: app.config.api.max_connections,
        };
        tasks.spawn("The API", app.config.api.drain_timeout, |token| {
            http::serve(listener, api, limits, token)
        });
    }
    if role == Role::Api {
        let wakes = (app.store.clone(), app.wakes.clone());
        tasks.spawn("The notifier", RELEASE, |token| async move {
            worker::send_wakes(wakes.0, wakes.1, token).await;
            Ok::<(), Infallible>(())
        });
        if let Some(url) = listen_url(&app.config) {
            let wakes = (app.store.clone(), app.wakes.clone());
            tasks.spawn("The listener", RELEASE, |token| async move {
                worker::hear_wakes(wakes.0, wakes.1, url, token).await;
                Ok::<(), Infallible>(())
            });
        }
    } else {
        check_lease(&app)?;
        let limit = app.config.worker.drain_timeout.saturating_add(RELEASE);
        tasks.spawn("The workers", limit, |token| work(&app, token));
    }
    let limits = http::Limits {
        patience: app.config.api.request_timeout,
        connections: ADMIN_CONNECTIONS,
    };
    tasks.spawn("The admin port", ADMIN_DRAIN, |token| {
        http::serve(admin, http::admin(app, metrics), limits, token)
    });
    tracing::info!("The admin port is http://{admin_address}");
    Ok(ready)
}

fn work(
    app: &App,
    shutdown: CancellationToken,
) -> impl Future<Output = Result<(), WorkerError>> + use<> {
    let context = worker::Context {
        settings: worker_settings(&app.config),
        store: app.store.clone(),
        clock: app.clock.clone(),
        wakes: app.wakes.clone(),
    };
    let targets = app.clusters.iter().map(|target| worker::Target {
        id: target.grant.cluster.clone(),
        cluster: target.cluster.clone(),
        defaults: target.defaults.clone(),
        remove_unknown_objects: app.config.removes_unknown_objects_of(&target.grant.cluster),
    });
    worker::run(
        context,
        targets.collect(),
        listen_url(&app.config),
        shutdown,
    )
}

/// Where notifications are heard.
fn listen_url(config: &Config) -> Option<String> {
    let database = &config.database;
    let url = database.listen_url.as_ref().or(database.url.as_ref())?;
    Some(url.expose().to_owned())
}

/// A worker creates no driver unless its lease outlasts all that takes, so a short one would never.
fn check_lease(app: &App) -> Result<(), InvalidConfig> {
    let lease = app.config.worker.lease;
    for target in app.clusters.iter() {
        let preparation = target.cluster.prepare_timeout();
        // Beyond one request there must be time to claim, decide and record.
        let needed = preparation.saturating_add(target.cluster.request_timeout() * 3 / 2);
        if lease <= needed {
            return Err(InvalidConfig(format!(
                "worker.lease is {} s; cluster {} needs more than {} s, of which it may take {} s \
                 to get templates (templates.timeout)",
                lease.as_secs_f32(),
                target.grant.cluster,
                needed.as_secs_f32(),
                preparation.as_secs_f32(),
            )));
        }
    }
    Ok(())
}

fn worker_settings(config: &Config) -> worker::Settings {
    let worker = &config.worker;
    worker::Settings {
        lease: worker.lease,
        poll: worker.poll_interval,
        steps_in_flight: worker.steps_per_cluster.get(),
        watch_term: worker.watch_term,
        namespace_check: worker.namespace_check,
        drain: worker.drain_timeout,
        tidy: worker::TidySettings {
            period: worker.tidy_interval,
            most_ended_drivers: worker.most_ended_drivers.get(),
            keep_job_runs: config.retention.job_runs,
        },
        policy: worker.into(),
    }
}

/// Keeps the private Postgres until everything else has ended.
async fn keep(mut postgres: Embedded, shutdown: CancellationToken) -> anyhow::Result<()> {
    tokio::select! {
        () = shutdown.cancelled() => Ok(postgres.stop().await?),
        () = postgres.ended() => bail!("the server has ended"),
    }
}

async fn app(
    config: Config,
    master_keys: Option<MasterKeys>,
    schema: Schema,
) -> anyhow::Result<App> {
    let settings = database(&config).context("database.url is not set")?;
    let store = Store::connect(&settings).await?;
    match schema {
        Schema::Migrated => store.migrate().await?,
        Schema::Checked => store.check_schema().await?,
    }
    let installation = store.installation().await?;
    Ok(App {
        clusters: clusters::connect(&config, &installation).await?,
        wakes: Wakes::default(),
        region: config.naming(),
        clock: Arc::new(SystemClock),
        config,
        store,
        installation,
        master_keys,
    })
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}"))
}
