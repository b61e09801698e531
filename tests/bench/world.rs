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
}

pub struct World {
    pub kubeconfig: PathBuf,
    pub admin_kubeconfig: PathBuf,
    pub namespace: String,
    pub programs: Vec<(String, u32)>,
    pub short: bool,
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

    /// An empty database of this name, and where it is.
    pub async fn database(&self, name: &str) -> anyhow::Result<Url> {
        let mut connection = PgConnection::connect(self.database_url.as_str()).await?;
        for statement in [
            format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#),
            format!(r#"CREATE DATABASE "{name}""#),
        ] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
                .execute(&mut connection)
                .await?;
        }
        let mut url = self.database_url.clone();
        url.set_path(name);
        Ok(url)
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

    /// A measure's figures, where it was measured.
    pub fn kept<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let file = self.file(name);
        if !Path::new(&file).exists() {
            return Ok(None);
        }
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
