//! What settings must hold together, for every command and for one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Auth, ClusterConfig, Config, InvalidConfig, ProcessConfig, values};
use crate::domain::ids::ClusterId;

/// What the process is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Everything in one process, for one person.
    Dev,
    /// A part of an installation.
    Serve,
}

impl Config {
    /// Applies what `command` demands: `Dev` gets its cluster and trusts its one person, `Serve` is
    /// refused what is unsafe.
    pub fn for_command(mut self, command: Command) -> Result<Self, InvalidConfig> {
        self.api.auth = Some(self.api.auth.unwrap_or(match command {
            Command::Dev => Auth::None,
            Command::Serve => Auth::SigV4,
        }));
        if self.api.auth() == Auth::None && !self.api.listen.0.ip().is_loopback() {
            return Err(InvalidConfig(format!(
                "api.listen is {}, but with api.auth = \"none\" the API listens on a loopback \
                 address only",
                self.api.listen
            )));
        }
        match command {
            Command::Dev if self.clusters.is_empty() => {
                self.clusters
                    .push(ClusterConfig::Process(ProcessConfig::local()));
            }
            Command::Dev => {}
            Command::Serve => self.check_serve()?,
        }
        Ok(self)
    }

    /// Where files are kept.
    pub fn data_dir(&self) -> Result<PathBuf, InvalidConfig> {
        self.data_dir
            .clone()
            .or_else(|| values::default_data_dir(|name| std::env::var_os(name)))
            .ok_or_else(|| InvalidConfig("data_dir is not set and there is no HOME".to_owned()))
    }

    /// What holds for every command.
    pub(super) fn check(&self) -> Result<(), InvalidConfig> {
        self.releases()?;
        let mut seen = BTreeSet::new();
        for cluster in &self.clusters {
            self.releases_of(cluster)?;
            let id = cluster.id();
            ClusterId::parse(id).map_err(|_| {
                InvalidConfig(format!(
                    "clusters: \"{id}\" is not an id: letters, digits, - and _, at most 100"
                ))
            })?;
            if !seen.insert(id) {
                return Err(InvalidConfig(format!("clusters: {id} stands there twice")));
            }
            if let Some(mistake) = cluster.policy().mistake() {
                return Err(InvalidConfig(format!("clusters: {id}: {mistake}")));
            }
            if let ClusterConfig::Kubernetes(kubernetes) = cluster {
                let named = kubernetes.kubeconfig.is_some() || kubernetes.context.is_some();
                if kubernetes.in_cluster && named {
                    return Err(InvalidConfig(format!(
                        "clusters: {id} has in_cluster = true and a kubeconfig or context; it \
                         takes one way only"
                    )));
                }
            }
        }
        if self.master_key.is_some() && self.master_key_file.is_some() {
            return Err(InvalidConfig(
                "master_key and master_key_file are both set; one is enough".to_owned(),
            ));
        }
        self.templates.check()?;
        self.check_origins()?;
        let (default, max) = (self.api.default_page_size, self.api.max_page_size);
        if default > max {
            return Err(InvalidConfig(format!(
                "api.default_page_size is {default}, more than api.max_page_size, {max}"
            )));
        }
        Ok(())
    }

    /// A browser's `Origin` is compared letter by letter, so what no browser sends is a mistake.
    fn check_origins(&self) -> Result<(), InvalidConfig> {
        for origin in &self.api.cors_origins {
            if !is_origin(origin) {
                return Err(InvalidConfig(format!(
                    "api.cors_origins: \"{origin}\" is not an origin as browsers write it, such as \
                     https://portal.example.org or http://localhost:3000"
                )));
            }
        }
        Ok(())
    }

    fn check_serve(&self) -> Result<(), InvalidConfig> {
        if self.database.url.is_none() {
            return Err(InvalidConfig(
                "database.url is not set; only `firesteel dev` brings its own Postgres".to_owned(),
            ));
        }
        if self.clusters.is_empty() {
            return Err(InvalidConfig("no [[clusters]] are configured".to_owned()));
        }
        for cluster in &self.clusters {
            let id = cluster.id();
            if matches!(cluster, ClusterConfig::Process(_)) && !self.allow_process_backend {
                return Err(InvalidConfig(format!(
                    "clusters: {id} runs code of callers on this host as Firesteel's own user; \
                     set allow_process_backend = true if that is meant"
                )));
            }
            for (name, missing) in [
                ("accounts", cluster.accounts().is_none()),
                ("namespaces", cluster.namespaces().is_none()),
            ] {
                if missing {
                    return Err(InvalidConfig(format!(
                        "clusters: {id} does not say which {name} may use it"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// Scheme, host and, unless it is the scheme's own, port, all in lower case.
fn is_origin(text: &str) -> bool {
    let (authority, own_port) = match text.split_once("://") {
        Some(("https", authority)) => (authority, "443"),
        Some(("http", authority)) => (authority, "80"),
        _ => return false,
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = port.is_none_or(|port| {
        port != own_port && !port.starts_with('0') && port.parse::<u16>().is_ok()
    });
    let name = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
    };
    let host = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.bytes().all(name),
    };
    host && port
}
