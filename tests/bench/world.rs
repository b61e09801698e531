//! What the measures stand on: a Kubernetes, a Postgres, and a folder for figures.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use reqwest::Url;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Connection as _, PgConnection};

#[derive(Args)]
pub struct Places {
    /// The kubeconfig of Firesteel's own service account.
    #[arg(long, value_name = "FILE")]
    kubeconfig: PathBuf,
    /// The kubeconfig of who may play the kubelet.
    #[arg(long, value_name = "FILE")]
    admin_kubeconfig: PathBuf,
    /// The namespace of all drivers.
    #[arg(long, default_value = "bench")]
    namespace: String,
    /// A Postgres in which databases may be made; figures are of one that syncs its log.
    #[arg(long, value_name = "URL")]
    database_url: Url,
    /// The processes to count apart, as `name=pid`.
    #[arg(long, value_name = "NAME=PID", value_parser = program)]
    program: Vec<(String, u32)>,
    /// The Spark whose spark-submit is measured.
    #[arg(long, value_name = "DIR")]
    spark_home: Option<PathBuf>,
}

pub struct World {
    pub kubeconfig: PathBuf,
    pub admin_kubeconfig: PathBuf,
    pub namespace: String,
    pub programs: Vec<(String, u32)>,
    pub short: bool,
    spark_home: Option<PathBuf>,
    database_url: Url,
    out: PathBuf,
}

impl World {
    pub fn new(places: Places, out: PathBuf, short: bool) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
        Ok(Self {
            kubeconfig: places.kubeconfig,
            admin_kubeconfig: places.admin_kubeconfig,
            namespace: places.namespace,
            programs: places.program,
            short,
            spark_home: places.spark_home,
            database_url: places.database_url,
            out,
        })
    }

    /// `full`, or a tenth of it.
    pub fn length(&self, full: Duration) -> Duration {
        if self.short { full / 10 } else { full }
    }

    /// `full`, or a tenth of it.
    pub fn number(&self, full: usize) -> usize {
        if self.short { full / 10 } else { full }
    }

    pub fn spark_home(&self) -> anyhow::Result<&Path> {
        self.spark_home
            .as_deref()
            .context("--spark-home is missing")
    }

    /// An empty database of this name, and where it is.
    pub async fn database(&self, name: &str) -> anyhow::Result<Url> {
        self.execute(format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#))
            .await?;
        self.execute(format!(r#"CREATE DATABASE "{name}""#)).await?;
        Ok(self.url_of(name))
    }

    /// Where a database of this name is that an earlier measure has kept.
    pub async fn kept_database(&self, name: &str) -> anyhow::Result<Option<Url>> {
        let mut connection = PgConnection::connect(self.database_url.as_str()).await?;
        let kept = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
        Ok(Some(self.url_of(name)).filter(|_| kept))
    }

    /// Gives a database that nobody uses the name under which it is kept.
    pub async fn keep_database(&self, name: &str, kept: &str) -> anyhow::Result<Url> {
        self.execute(format!(r#"ALTER DATABASE "{name}" RENAME TO "{kept}""#))
            .await?;
        Ok(self.url_of(kept))
    }

    async fn execute(&self, statement: String) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(self.database_url.as_str()).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await?;
        Ok(())
    }

    fn url_of(&self, name: &str) -> Url {
        let mut url = self.database_url.clone();
        url.set_path(name);
        url
    }

    pub async fn postgres_version(&self) -> anyhow::Result<String> {
        let mut connection = PgConnection::connect(self.database_url.as_str()).await?;
        let query = "SELECT split_part(current_setting('server_version'), ' ', 1)";
        Ok(sqlx::query_scalar(query).fetch_one(&mut connection).await?)
    }

    /// A folder for what a measure needs beside its figures.
    pub fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.out.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Keeps a measure's figures for the report.
    pub fn keep<T: Serialize>(&self, name: &str, figures: anyhow::Result<T>) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&figures?)?;
        std::fs::write(self.file(name), format!("{text}\n"))?;
        Ok(())
    }

    /// Whether a measure's figures are kept.
    pub fn has(&self, name: &str) -> bool {
        self.file(name).exists()
    }

    /// A measure's figures, where it was measured.
    pub fn kept<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        if !self.has(name) {
            return Ok(None);
        }
        let file = self.file(name);
        let text = std::fs::read_to_string(&file)?;
        let figures = serde_json::from_str(&text);
        figures.with_context(|| format!("{} is of another version", file.display()))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.out.join(format!("{name}.json"))
    }
}

fn program(text: &str) -> Result<(String, u32), String> {
    let (name, pid) = text.split_once('=').ok_or("it is not name=pid")?;
    let pid = pid.parse().map_err(|_| format!("{pid} is no pid"))?;
    Ok((name.to_owned(), pid))
}
