//! The executable: how it starts, ends and refuses.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use firesteel::wire::ListVirtualClustersResponse;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgListener;
use sqlx::{ConnectOptions as _, PgPool};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::harness::{Client, TestApp};

const PATIENCE: Duration = Duration::from_secs(20);

/// What is said beside the address where nobody proves who they are.
const OPEN: &str = "Authentication is off";

pub fn firesteel(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firesteel"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FIRESTEEL_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Exit code, standard output, standard error.
pub async fn output(mut command: Command) -> (Option<i32>, String, String) {
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A process that has said that it is ready.
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    ready: String,
}

impl Running {
    pub async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        let Some(ready) = line else {
            let mut errors = String::new();
            let mut stderr = child.stderr.take().unwrap();
            stderr.read_to_string(&mut errors).await.unwrap();
            panic!("it is not ready: {errors}");
        };
        Self {
            child,
            lines,
            ready,
        }
    }

    pub fn client(&self) -> Client {
        let address = self.ready.strip_prefix("Firesteel listens on ").unwrap();
        Client::new(address.to_owned())
    }

    /// Sends a signal and gives all that was logged until the end.
    pub async fn log(mut self, signal: Signal) -> String {
        let mut stderr = self.child.stderr.take().unwrap();
        assert_eq!(self.end(signal).await, (Some(0), None));
        let mut log = String::new();
        stderr.read_to_string(&mut log).await.unwrap();
        log
    }

    /// Sends a signal and gives the exit code, and what else was written to standard output.
    pub async fn end(mut self, signal: Signal) -> (Option<i32>, Option<String>) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        let mut rest = self.lines.next_line().await.unwrap();
        if rest.as_deref().is_some_and(|line| line.starts_with(OPEN)) {
            rest = self.lines.next_line().await.unwrap();
        }
        (status.code(), rest)
    }
}

pub fn url(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

/// What looks like a Spark and a JDK; nothing is run with them.
pub fn with_spark(command: &mut Command, folder: &TempDir) {
    for (variable, program) in [("SPARK_HOME", "spark-submit"), ("JAVA_HOME", "java")] {
        let home = folder.path().join(variable);
        std::fs::create_dir_all(home.join("bin")).unwrap();
        std::fs::write(home.join("bin").join(program), "").unwrap();
        command.env(variable, home);
    }
}

fn dev(pool: &PgPool, folder: &TempDir) -> Command {
    let mut command = firesteel(&["dev", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]);
    with_spark(&mut command, folder);
    command.arg("--data-dir").arg(folder.path());
    command.arg("--database-url").arg(url(pool));
    command
}

/// Settings for `serve`, with a cluster that nobody answers for.
pub fn serve_config(folder: &Path) -> String {
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(
        &kubeconfig,
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
         clusters: [{name: x, cluster: {server: 'http://127.0.0.1:1'}}]\n\
         users: [{name: x, user: {token: y}}]\n\
         contexts: [{name: x, context: {cluster: x, user: x}}]\n",
    )
    .unwrap();
    let file = folder.join("firesteel.toml");
    let text = format!(
        "[api]\nauth = \"none\"\n\
         [[clusters]]\nid = \"prod\"\nbackend = \"kubernetes\"\nkubeconfig = \"{}\"\n\
         accounts = [\"123456789012\"]\nnamespaces = [\"*\"]\n",
        kubeconfig.display()
    );
    std::fs::File::create(&file)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    file.display().to_string()
}

pub fn serve(config: &str, pool: &PgPool, role: &str) -> Command {
    let mut command = firesteel(&["serve", "--config", config, "--role", role]);
    command.args(["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]);
    command.arg("--database-url").arg(url(pool));
    command
}

#[sqlx::test]
async fn dev_says_where_it_is_answers_and_ends_when_asked(pool: PgPool) {
    let folder = TempDir::new().unwrap();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let running = Running::start(dev(&pool, &folder)).await;
        let reply = running.client().get("/virtualclusters").await;
        reply.ok::<ListVirtualClustersResponse>();
        assert_eq!(running.end(signal).await, (Some(0), None));
    }
}

#[sqlx::test]
async fn dev_says_whom_it_trusts(pool: PgPool) {
    let folder = TempDir::new().unwrap();
    let mut running = Running::start(dev(&pool, &folder)).await;
    let line = running.lines.next_line().await.unwrap().unwrap();
    assert!(line.starts_with(OPEN), "{line}");
    assert!(line.contains("account 123456789012"), "{line}");
    let log = running.log(Signal::SIGTERM).await;
    assert!(log.contains(OPEN), "{log}");

    let mut command = dev(&pool, &folder);
    command.env("FIRESTEEL_API__AUTH", "sigv4");
    let running = Running::start(command).await;
    let reply = running.client().get("/virtualclusters").await;
    reply.refused_with(403, "MissingAuthenticationTokenException", "");
    let log = running.log(Signal::SIGTERM).await;
    assert!(!log.contains(OPEN), "{log}");
}

#[tokio::test]
async fn dev_brings_its_own_database_and_keeps_it() {
    let folder = TempDir::new().unwrap();
    // Where the tests run as root, Postgres runs as somebody else, who has to get there.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let dev = || {
        let mut command = firesteel(&["dev", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]);
        with_spark(&mut command, &folder);
        command.arg("--data-dir").arg(folder.path());
        command
    };
    let running = Running::start(dev()).await;
    let id = running.client().virtual_cluster("jobs").await;
    assert_eq!(running.end(Signal::SIGTERM).await, (Some(0), None));

    let mut running = Running::start(dev()).await;
    running.client().describe(&id).await;
    let server = folder.path().join("postgres/data/postmaster.pid");
    let server = std::fs::read_to_string(server).unwrap();
    let server = server.lines().next().unwrap().parse().unwrap();
    kill(Pid::from_raw(server), Signal::SIGKILL).unwrap();
    let status = timeout(PATIENCE, running.child.wait()).await.unwrap();
    assert_eq!(status.unwrap().code(), Some(1));

    // A terminal's signal and its echo by a wrapper are one request, which is not to be hurried.
    let mut running = Running::start(dev()).await;
    running.client().describe(&id).await;
    let mut stderr = running.child.stderr.take().unwrap();
    let pid = i32::try_from(running.child.id().unwrap()).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    assert_eq!(running.end(Signal::SIGINT).await, (Some(0), None));
    let mut log = String::new();
    stderr.read_to_string(&mut log).await.unwrap();
    assert!(!log.contains("is dropped"), "{log}");
}

#[sqlx::test]
async fn a_process_without_workers_wakes_those_of_others(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let run = app.client.job_run(&cluster).await;
    let mut wakes = PgListener::connect_with(&pool).await.unwrap();
    wakes.listen("firesteel_work").await.unwrap();

    let folder = TempDir::new().unwrap();
    let api = Running::start(serve(&serve_config(folder.path()), &pool, "api")).await;
    let path = format!("/virtualclusters/{cluster}/jobruns/{run}");
    assert_eq!(api.client().delete(&path).await.status, 200);
    let wake = timeout(PATIENCE, wakes.recv()).await.unwrap().unwrap();
    assert_eq!(wake.payload(), "local");
    assert_eq!(api.end(Signal::SIGTERM).await, (Some(0), None));
}

#[sqlx::test]
async fn a_port_that_is_taken_is_named(pool: PgPool) {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = dev(&pool, &folder);
    command.env("FIRESTEEL_LOG__FILTER", "off");
    command.arg("--listen").arg(&address);
    let (code, out, _) = output(command).await;
    // `--listen` stands there twice.
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let mut command = firesteel(&["dev", "--listen", &address, "--admin-listen=127.0.0.1:0"]);
    command.env("FIRESTEEL_LOG__FILTER", "off");
    with_spark(&mut command, &folder);
    command.arg("--data-dir").arg(folder.path());
    command.arg("--database-url").arg(url(&pool));
    let (code, out, errors) = output(command).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(
        errors.starts_with(&format!("firesteel: cannot listen on {address}: ")),
        "{errors}"
    );
}

#[tokio::test]
async fn wrong_settings_are_one_clear_line_and_exit_code_2() {
    for (arguments, variable, said) in [
        (
            vec!["dev"],
            ("FIRESTEEL_API__LISTEN", "0.0.0.0:9400"),
            "loopback",
        ),
        (vec!["dev"], ("FIRESTEEL_API__LISTEM", "x"), "listem"),
        (
            vec!["dev"],
            ("FIRESTEEL_LOG__FILTER", "a=b=c"),
            "log.filter",
        ),
        (
            vec!["dev", "--config", "/nowhere.toml"],
            ("A", "b"),
            "/nowhere.toml",
        ),
        (vec!["serve"], ("A", "b"), "database.url"),
        (vec!["migrate"], ("A", "b"), "database.url"),
        (
            vec!["serve"],
            ("FIRESTEEL_DATABASE__URL", "postgres://x"),
            "[[clusters]]",
        ),
    ] {
        let mut command = firesteel(&arguments);
        command.env(variable.0, variable.1);
        let (code, out, errors) = output(command).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(
            errors.starts_with("firesteel: ") && errors.contains(said),
            "{errors}"
        );
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_without_its_password() {
    let mut command = firesteel(&[
        "migrate",
        "--database-url=postgres://u:hunter2@127.0.0.1:1/x",
    ]);
    command.env("FIRESTEEL_DATABASE__ACQUIRE_TIMEOUT", "100ms");
    let (code, _, errors) = output(command).await;
    assert_eq!(code, Some(1));
    assert!(
        errors.starts_with("firesteel: the database is not available"),
        "{errors}"
    );
    assert!(errors.contains("Connection refused"), "{errors}");
    assert!(!errors.contains("hunter2"), "{errors}");
}

#[tokio::test]
async fn a_password_under_a_misspelt_name_is_not_logged() {
    for filter in ["info", "trace", "sqlx_postgres=trace"] {
        let mut command = firesteel(&[
            "migrate",
            "--database-url=postgres://u@127.0.0.1:1/x?pasword=hunter2",
        ]);
        command.env("FIRESTEEL_DATABASE__ACQUIRE_TIMEOUT", "100ms");
        command.env("FIRESTEEL_LOG__FILTER", filter);
        let (code, _, errors) = output(command).await;
        assert_eq!(code, Some(1), "{errors}");
        assert!(!errors.contains("hunter2"), "{filter}: {errors}");
    }
}

#[tokio::test]
async fn a_url_that_is_none_is_a_wrong_setting() {
    for url in [
        "hunter2",
        "postgres://u:hunter2@[x/db",
        "postgres://u:hunter2@h/x?port=y",
    ] {
        let (code, _, errors) = output(firesteel(&["migrate", "--database-url", url])).await;
        assert_eq!(code, Some(2), "{url}: {errors}");
        assert!(
            errors.contains("the database's URL is not valid"),
            "{errors}"
        );
        assert!(!errors.contains("hunter2"), "{errors}");
    }
}

#[sqlx::test(migrations = false)]
async fn serve_waits_for_nobody_to_migrate(pool: PgPool) {
    let folder = TempDir::new().unwrap();
    let config = serve_config(folder.path());
    let (code, out, errors) = output(serve(&config, &pool, "all")).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(errors.contains("firesteel migrate"), "{errors}");
    for _ in 0..2 {
        let migrate = firesteel(&["migrate", "--database-url", &url(&pool)]);
        let (code, _, errors) = output(migrate).await;
        assert_eq!(code, Some(0), "{errors}");
    }
    let running = Running::start(serve(&config, &pool, "api")).await;
    running
        .client()
        .get("/virtualclusters")
        .await
        .ok::<ListVirtualClustersResponse>();
    assert_eq!(running.end(Signal::SIGTERM).await, (Some(0), None));
}

#[sqlx::test]
async fn what_a_cluster_lacks_is_said(pool: PgPool) {
    let folder = TempDir::new().unwrap();
    let config = serve_config(folder.path());
    let mut short = serve(&config, &pool, "worker");
    short.env("FIRESTEEL_WORKER__LEASE", "20s");
    // Getting a template may take long, too.
    let mut slow = serve(&config, &pool, "worker");
    slow.env("FIRESTEEL_TEMPLATES__TIMEOUT", "15s");
    let mut no_spark = dev(&pool, &folder);
    no_spark.env("SPARK_HOME", "/nowhere");
    std::fs::remove_file(folder.path().join("kubeconfig")).unwrap();
    let no_kubeconfig = serve(&config, &pool, "api");
    let (code, _, errors) = output(no_kubeconfig).await;
    assert_eq!(code, Some(2));
    assert!(errors.contains("firesteel: cluster prod: "), "{errors}");
    serve_config(folder.path());
    for (command, said) in [
        (
            short,
            "firesteel: worker.lease is 20 s; cluster prod needs more than 25 s",
        ),
        (
            slow,
            "firesteel: worker.lease is 30 s; cluster prod needs more than 30 s, of which it may \
             take 15 s to get templates (templates.timeout)",
        ),
        (
            no_spark,
            "firesteel: cluster local: /nowhere holds no bin/spark-submit",
        ),
    ] {
        let (code, out, errors) = output(command).await;
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(errors.contains(said), "{errors}");
    }
}

#[sqlx::test]
async fn a_healthcheck_asks_the_admin_port(pool: PgPool) {
    let folder = TempDir::new().unwrap();
    let config = serve_config(folder.path());
    let running = Running::start(serve(&config, &pool, "worker")).await;
    let admin = "Firesteel works; its admin port is http://";
    let address = running.ready.strip_prefix(admin).unwrap().to_owned();
    let check = || firesteel(&["healthcheck", "--admin-listen", &address]);
    let (code, _, errors) = output(check()).await;
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(running.end(Signal::SIGTERM).await.0, Some(0));
    let (code, _, errors) = output(check()).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("does not answer"), "{errors}");
}

#[tokio::test]
async fn the_description_of_the_api_is_printed() {
    let (code, out, _) = output(firesteel(&["openapi"])).await;
    assert_eq!(code, Some(0));
    let specification = firesteel::http::specification().to_pretty_json().unwrap();
    assert_eq!(out.trim_end(), specification);
}
