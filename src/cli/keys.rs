//! Access keys on the command line. What a key's holder needs is printed once, as one JSON
//! document, and nowhere else.

mod reseal;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{FileArgs, load, master_keys, process};
use crate::config::{
    Config, DEV_MASTER_KEY, InvalidConfig, MAKE_A_KEY, Overrides, Secret, parse_duration,
};
use crate::domain::access_key::{AccessKey, Credentials};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::ids::{AccessKeyId, AccountId, UserName};
use crate::domain::policy::Policy;
use crate::sealing::MasterKeys;
use crate::store::{Store, embedded};
use crate::telemetry;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a key, and print what its holder needs, as JSON. It is not shown again.
    Create(CreateArgs),
    /// Print all keys as JSON, without their secrets.
    List(InstallationArgs),
    /// Refuse a key from now on, on every replica.
    Revoke(RevokeArgs),
    /// Seal anew, with the first master key, what is sealed with another, so that others can go.
    Reseal(InstallationArgs),
}

/// Which installation: a database and its master keys.
#[derive(Args)]
pub(super) struct InstallationArgs {
    #[command(flatten)]
    file: FileArgs,
    /// The Postgres of the installation, whose master key the settings must name.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// The data folder of a running `firesteel dev`; its default one if no database is named.
    #[arg(long, value_name = "DIR", conflicts_with = "database_url")]
    data_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct CreateArgs {
    /// The account that the key's holder acts for: 12 digits.
    #[arg(long, value_name = "ID", value_parser = account)]
    account: AccountId,
    /// The user that the key's holder is; the key's id if it is not given.
    #[arg(long, value_name = "NAME", value_parser = user_name)]
    name: Option<UserName>,
    /// What the key's holder may do, as a policy document in IAM's JSON; else everything.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Make a bearer token, for curl and web pages, in place of a key that signs.
    #[arg(long)]
    bearer: bool,
    /// The key's life, such as 12h; else it has no end. A key that signs comes with a session token.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    expires_in: Option<Duration>,
    #[command(flatten)]
    installation: InstallationArgs,
}

#[derive(Args)]
pub(super) struct RevokeArgs {
    /// The accessKeyId that `create` and `list` print.
    #[arg(value_name = "KEYID")]
    id: String,
    #[command(flatten)]
    installation: InstallationArgs,
}

/// What is printed of a new key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    access_key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_access_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<Timestamp>,
}

/// What is printed of a kept one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    access_key_id: String,
    account: String,
    name: String,
    kind: &'static str,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Value>,
}

/// Does what the command says.
pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(args) => create(args).await,
        Command::List(args) => list(args).await,
        Command::Revoke(args) => revoke(args).await,
        Command::Reseal(args) => {
            let (store, keys) = args.open().await?;
            reseal::everything(&store, &keys).await
        }
    }
}

async fn create(args: CreateArgs) -> anyhow::Result<()> {
    let policy = args.policy.map(read_policy).transpose()?;
    let created_at = SystemClock.now();
    let expires_at = args
        .expires_in
        .map(|life| end_of(created_at, life))
        .transpose()?;
    let (id, credentials) = match (args.bearer, expires_at) {
        (true, expires_at) => Credentials::bearer(expires_at),
        (false, None) => Credentials::permanent(),
        (false, Some(expires_at)) => Credentials::temporary(expires_at),
    };
    let name = match args.name {
        Some(name) => name,
        None => UserName::parse(id.as_str())?,
    };
    let (store, keys) = args.installation.open().await?;
    let key = AccessKey {
        account: args.account,
        name,
        policy,
        proof: credentials.proof(|secret| keys.seal(&id.sealing_place(), secret)),
        id,
        created_at,
        revoked_at: None,
    };
    if key.proof.sealed_secret().is_some() {
        master_keys::check(&store, &keys, created_at).await?;
    }
    store.create_access_key(&key).await?;
    print(&Created::new(&key.id, &credentials))
}

async fn list(args: InstallationArgs) -> anyhow::Result<()> {
    let (store, _) = args.open().await?;
    let keys = store.list_access_keys().await?;
    print(&keys.iter().map(Listed::from).collect::<Vec<_>>())
}

async fn revoke(args: RevokeArgs) -> anyhow::Result<()> {
    let (store, _) = args.installation.open().await?;
    let revoked = match AccessKeyId::parse(args.id.as_str()) {
        Ok(id) => store.revoke_access_key(&id).await?,
        Err(_) => None,
    };
    match revoked {
        Some(key) => print(&Listed::from(&key)),
        None => bail!("there is no access key {}", args.id),
    }
}

impl InstallationArgs {
    /// The store, and the master keys of its secrets.
    async fn open(self) -> anyhow::Result<(Store, MasterKeys)> {
        let of_dev = self.data_dir.is_some();
        let overrides = Overrides {
            database_url: self.database_url,
            data_dir: self.data_dir,
            ..Overrides::default()
        };
        let mut config = load(&self.file, &overrides)?;
        telemetry::start_log(&config.log)?;
        let keys = if of_dev || config.database.url.is_none() {
            keys_of_dev(&mut config)?
        } else {
            let missing = || InvalidConfig(format!("there is no master key: {MAKE_A_KEY}"));
            config.master_keys()?.ok_or_else(missing)?
        };
        let settings = process::database(&config)
            .ok_or_else(|| InvalidConfig("database.url is not set".to_owned()))?;
        let store = Store::connect(&settings).await?;
        store.check_schema().await?;
        Ok((store, keys))
    }
}

/// Points the settings to the database of the `dev` that runs on their data folder.
fn keys_of_dev(config: &mut Config) -> anyhow::Result<MasterKeys> {
    let data_dir = config.data_dir()?;
    let url = embedded::running(&data_dir.join("postgres"))?;
    config.database.url = Some(Secret::new(url));
    match config.master_keys_of_dev(&data_dir)? {
        Some(keys) => Ok(keys),
        None => bail!(
            "{} holds no {DEV_MASTER_KEY}: give the settings that `firesteel dev` was started with",
            data_dir.display()
        ),
    }
}

fn account(text: &str) -> Result<AccountId, &'static str> {
    AccountId::parse(text).map_err(|_| "an account is 12 digits")
}

fn user_name(text: &str) -> Result<UserName, &'static str> {
    UserName::parse(text).map_err(|_| "a name is 1 to 64 letters, digits and _+=,.@-")
}

/// A policy document that can be evaluated, as it is in the file.
fn read_policy(file: PathBuf) -> Result<String, InvalidConfig> {
    let wrong = |error: &dyn std::error::Error| {
        InvalidConfig(format!("the policy {}: {error}", file.display()))
    };
    let document = std::fs::read_to_string(&file).map_err(|error| wrong(&error))?;
    Policy::parse(&document).map_err(|error| wrong(&error))?;
    Ok(document)
}

/// In whole seconds, as AWS counts them; never less than the life that was asked for.
fn end_of(start: Timestamp, life: Duration) -> Result<Timestamp, InvalidConfig> {
    let end = start
        .checked_add(life)
        .and_then(|end| Timestamp::from_second(end.as_second().saturating_add(1)));
    end.map_err(|_| InvalidConfig("--expires-in ends after the year 9999".to_owned()))
}

fn print(document: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

impl<'a> Created<'a> {
    fn new(id: &'a AccessKeyId, credentials: &'a Credentials) -> Self {
        let (secret_access_key, session_token, token, expiration) = match credentials {
            Credentials::Permanent { secret } => (Some(secret.as_str()), None, None, None),
            Credentials::Temporary {
                secret,
                session_token,
                expires_at,
            } => (
                Some(secret.as_str()),
                Some(session_token.as_str()),
                None,
                Some(*expires_at),
            ),
            Credentials::Bearer { token, expires_at } => {
                (None, None, Some(token.as_str()), *expires_at)
            }
        };
        Self {
            access_key_id: id.as_str(),
            secret_access_key,
            session_token,
            token,
            expiration,
        }
    }
}

impl From<&AccessKey> for Listed {
    fn from(key: &AccessKey) -> Self {
        let policy = key.policy.as_deref();
        Self {
            access_key_id: key.id.to_string(),
            account: key.account.to_string(),
            name: key.name.to_string(),
            kind: key.proof.kind(),
            created_at: key.created_at,
            expires_at: key.proof.expires_at(),
            revoked_at: key.revoked_at,
            policy: policy.and_then(|policy| serde_json::from_str(policy).ok()),
        }
    }
}
