//! A Firesteel as an installation runs it: `firesteel serve`, release build, callers who sign.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Url;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::clients::Client;
use super::world::World;

/// Of all callers.
pub const ACCOUNT: &str = "123456789012";
/// A master key for the bench alone: 32 bytes in base64.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const READY: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(60);

pub struct Server {
    pub database: Url,
    process: Child,
    base: String,
    key: Key,
    log: PathBuf,
}

/// What a server does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Api,
    All,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    access_key_id: String,
    secret_access_key: String,
}

impl Server {
    /// Starts one on an empty database of this name. `settings` are more TOML for its worker.
    pub async fn start(
        world: &World,
        name: &str,
        role: Role,
        settings: &str,
    ) -> anyhow::Result<Self> {
        let database = world.database(&format!("bench_{name}")).await?;
        Self::on(world, name, role, settings, database).await
    }

    /// Starts one on a database that is there.
    pub async fn on(
        world: &World,
        name: &str,
        role: Role,
        settings: &str,
        database: Url,
    ) -> anyhow::Result<Self> {
        let folder = world.folder(name)?;
        let (port, admin) = (free_port()?, free_port()?);
        let config = folder.join("firesteel.toml");
        std::fs::write(&config, text(world, settings))?;
        run(command(&config, &database).arg("migrate"))?;
        let created = run(command(&config, &database).args([
            "keys",
            "create",
            &format!("--account={ACCOUNT}"),
        ]))?;
        let log = folder.join("firesteel.log");
        let role = match role {
            Role::Api => "api",
            Role::All => "all",
        };
        let mut server = Self {
            process: command(&config, &database)
                .args(["serve", "--role", role])
                .arg(format!("--listen=127.0.0.1:{port}"))
                .arg(format!("--admin-listen=127.0.0.1:{admin}"))
                .stdout(Stdio::null())
                .stderr(File::create(&log)?)
                .spawn()?,
            base: format!("http://127.0.0.1:{port}"),
            key: serde_json::from_str(&created)?,
            log,
            database,
        };
        server.ready(admin).await?;
        Ok(server)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The programs of the world, and this one.
    pub fn programs(&self, world: &World) -> Vec<(String, u32)> {
        let own = ("firesteel".to_owned(), self.pid());
        world.programs.iter().cloned().chain([own]).collect()
    }

    pub fn client(&self) -> anyhow::Result<Client> {
        Client::new(
            &self.base,
            &self.key.access_key_id,
            &self.key.secret_access_key,
        )
    }

    /// Ends it the clean way, which must succeed.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(self.pid().try_into()?), Signal::SIGTERM)?;
        let limit = Instant::now() + END;
        loop {
            if let Some(status) = self.process.try_wait()? {
                ensure!(
                    status.success(),
                    "the server ended with {status}: {}",
                    self.log.display()
                );
                return Ok(());
            }
            ensure!(Instant::now() < limit, "the server does not end");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn ready(&mut self, admin: u16) -> anyhow::Result<()> {
        let limit = Instant::now() + READY;
        let url = format!("http://127.0.0.1:{admin}/readyz");
        loop {
            if let Ok(answer) = reqwest::get(&url).await
                && answer.status().is_success()
            {
                return Ok(());
            }
            let ended = self.process.try_wait()?;
            ensure!(
                ended.is_none(),
                "the server has ended: {}",
                self.log.display()
            );
            ensure!(Instant::now() < limit, "the server is not ready");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where a measure failed half-way; after `stop` there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(world: &World, settings: &str) -> String {
    format!(
        r#"account = "{ACCOUNT}"
log.filter = "warn"

[worker]
keep_driver = "0s"
{settings}

[[clusters]]
id = "kwok"
backend = "kubernetes"
kubeconfig = "{kubeconfig}"
accounts = ["{ACCOUNT}"]
namespaces = ["{namespace}"]
image = "spark:{{spark_version}}"
service_account = "spark"
[clusters.defaults.properties]
"spark.kubernetes.driver.node.selector.type" = "kwok"
"#,
        kubeconfig = world.kubeconfig.display(),
        namespace = world.namespace,
    )
}

fn command(config: &Path, database: &Url) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firesteel"));
    command
        .env("FIRESTEEL_CONFIG", config)
        .env("FIRESTEEL_DATABASE__URL", database.as_str())
        .env("FIRESTEEL_MASTER_KEY", MASTER_KEY);
    command
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let done = command.output()?;
    let told = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{command:?}: {told}");
    String::from_utf8(done.stdout).context("no text")
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
