//! The command line: one executable, whose subcommands are the roles of an installation.

mod clusters;
mod healthcheck;
mod keys;
mod master_keys;
mod process;
mod render;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Command, Config, InvalidConfig, Overrides};
use crate::store::{Store, StoreError};
use crate::{http, telemetry};

/// The Amazon EMR on EKS API for any Kubernetes cluster.
#[derive(Parser)]
#[command(name = "firesteel", version, after_help = EXIT_CODES)]
struct CommandLine {
    #[command(subcommand)]
    command: Subcommands,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, or ended when asked to; 1 failed; 2 wrong settings or arguments.";

#[derive(Subcommand)]
enum Subcommands {
    /// Run everything in one process, for one person on this host, with a private Postgres.
    ///
    /// Callers need no key unless `[api] auth = "sigv4"`. Without `[[clusters]]` there is one, `local`,
    /// which runs Spark on this host.
    Dev(DevArgs),
    /// Run the API, the workers or both, with a Postgres of yours.
    ///
    /// Needs `database.url` (see `migrate`), `[[clusters]]`, and for the API a master key (see `keys`).
    Serve(ServeArgs),
    /// Bring the database's schema up to this version.
    Migrate(DatabaseArgs),
    /// Print the description of the API: OpenAPI, as JSON.
    Openapi,
    /// Make, list and revoke the keys with which callers prove who they are.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print the Kubernetes objects that a job run, or a spark-submit command line, would create.
    Render(Box<render::RenderArgs>),
    /// Ask a running process whether it is ready; exit with 0 if it is.
    Healthcheck(HealthcheckArgs),
}

#[derive(Args)]
struct FileArgs {
    /// A TOML file with settings. Each but lists can also be a variable: FIRESTEEL_API__LISTEN is
    /// `listen` of `[api]`.
    #[arg(long, value_name = "FILE", env = "FIRESTEEL_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Args)]
struct ListenArgs {
    /// Where the API listens, instead of 127.0.0.1:9400; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where health and metrics are served, instead of 127.0.0.1:9401.
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,
}

#[derive(Args)]
struct DatabaseArgs {
    #[command(flatten)]
    file: FileArgs,
    /// The Postgres to use; one with a password is better given as FIRESTEEL_DATABASE__URL.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Args)]
struct DevArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    listen: ListenArgs,
    /// Where the private Postgres, the master key and the files of runs are kept, instead of
    /// ~/.local/share/firesteel.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The folder of Postgres' programs, for the private Postgres.
    #[arg(long, value_name = "DIR", env = "FIRESTEEL_POSTGRES_BIN")]
    postgres_bin: Option<PathBuf>,
}

#[derive(Args)]
struct ServeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    listen: ListenArgs,
    /// What this process does.
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
}

#[derive(Args)]
struct HealthcheckArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Where the process's admin port is, if not at 127.0.0.1:9401.
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Answers requests.
    Api,
    /// Drives runs.
    Worker,
    /// Both.
    All,
}

/// Reads the command line and does what it says; `EXIT_CODES` tells how it ends.
pub fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(command)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error);
            exit_code(&error)
        }
    }
}

async fn run(command: Subcommands) -> anyhow::Result<()> {
    match command {
        Subcommands::Dev(args) => {
            let overrides = Overrides {
                data_dir: args.data_dir,
                postgres_bin: args.postgres_bin,
                ..args.listen.overrides(args.database.database_url)
            };
            let config = load(&args.database.file, &overrides)?.for_command(Command::Dev)?;
            telemetry::start_log(&config.log)?;
            process::dev(config).await
        }
        Subcommands::Serve(args) => {
            let overrides = args.listen.overrides(args.database.database_url);
            let config = load(&args.database.file, &overrides)?.for_command(Command::Serve)?;
            telemetry::start_log(&config.log)?;
            process::serve(config, args.role).await
        }
        Subcommands::Migrate(args) => {
            let overrides = Overrides {
                database_url: args.database_url,
                ..Overrides::default()
            };
            let config = load(&args.file, &overrides)?;
            telemetry::start_log(&config.log)?;
            migrate(&config).await
        }
        Subcommands::Openapi => {
            let text = http::specification().to_pretty_json()?;
            writeln!(std::io::stdout(), "{text}")?;
            Ok(())
        }
        Subcommands::Keys(command) => keys::run(command).await,
        Subcommands::Render(args) => render::run(&args),
        Subcommands::Healthcheck(args) => {
            let overrides = Overrides {
                admin_listen: args.admin_listen,
                ..Overrides::default()
            };
            let config = load(&args.file, &overrides)?;
            healthcheck::ask(config.admin.listen.0).await
        }
    }
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let settings = process::database(config)
        .ok_or_else(|| InvalidConfig("database.url is not set".to_owned()))?;
    let store = Store::connect(&settings).await?;
    Ok(store.migrate().await?)
}

fn load(file: &FileArgs, overrides: &Overrides) -> Result<Config, InvalidConfig> {
    // A variable that is not text cannot be a setting's.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Config::load(file.config.as_deref(), environment, overrides)
}

impl ListenArgs {
    fn overrides(self, database_url: Option<String>) -> Overrides {
        Overrides {
            listen: self.listen,
            admin_listen: self.admin_listen,
            database_url,
            ..Overrides::default()
        }
    }
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    let invalid_url = matches!(error.downcast_ref(), Some(StoreError::InvalidUrl(_)));
    if invalid_url || error.is::<InvalidConfig>() {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the person at the terminal reads it there"
)]
fn tell(error: &anyhow::Error) {
    // The alternate form has all causes on the one line.
    eprintln!("firesteel: {error:#}");
}
