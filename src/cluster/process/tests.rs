//! With a shell script in Spark's place: its first argument is what it does.

mod abandoned;
mod ends;
mod names;
mod notes;

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use jiff::Timestamp;
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::host::Group;
use super::*;
use crate::domain::ids::VirtualClusterId;
use crate::domain::job_run::Exit;
use crate::spark::plan::Language;

const FAKE_SPARK_SUBMIT: &str = r#"#!/bin/sh
while [ "$1" != /job ]; do shift; done
eval "$2"
"#;

struct Bench {
    folder: TempDir,
    settings: Settings,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let bin = folder.path().join("spark/bin");
        std::fs::create_dir_all(&bin).unwrap();
        let script = bin.join("spark-submit");
        std::fs::write(&script, FAKE_SPARK_SUBMIT).unwrap();
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        let settings = Settings {
            spark_home: Some(folder.path().join("spark")),
            max_processes: 10,
            threads: Some(1),
            state_dir: folder.path().join("state"),
            installation: "installation".to_owned(),
            environment: Vec::new(),
            grace_period: Duration::from_secs(10),
        };
        Self { folder, settings }
    }

    /// A Firesteel of this host; each further one is a restart or a second replica.
    fn cluster(&self) -> ProcessCluster {
        let toolchain = Toolchain {
            spark_home: self.folder.path().join("spark"),
            java_home: None,
            python: None,
        };
        ProcessCluster::with_toolchain(self.settings.clone(), toolchain).unwrap()
    }

    fn folder(&self, driver: &DriverRef) -> PathBuf {
        self.settings
            .state_dir
            .join(&driver.namespace)
            .join(&driver.name)
    }

    fn group(&self, driver: &DriverRef) -> Group {
        let text = std::fs::read_to_string(self.folder(driver).join("started")).unwrap();
        Group::parse(&text).unwrap()
    }
}

/// No test leaves a process behind.
impl Drop for Bench {
    fn drop(&mut self) {
        let boot = host::boot_id();
        for namespace in folders(&self.settings.state_dir).unwrap_or_default() {
            let namespace = self.settings.state_dir.join(namespace);
            for name in folders(&namespace).unwrap_or_default() {
                let started = std::fs::read_to_string(namespace.join(name).join("started"));
                if let Some(group) = started.ok().as_deref().and_then(Group::parse) {
                    group.signal(&boot, Signal::SIGKILL);
                }
            }
        }
    }
}

fn driver() -> DriverRef {
    let run = JobRunId::random(Timestamp::now());
    DriverRef::new("jobs", &VirtualClusterId::random(), &run, 1)
}

fn plan(command: &str) -> Plan {
    Plan {
        spark_version: "3.5.6".to_owned(),
        app_id: "spark-1".to_owned(),
        app_name: "job".to_owned(),
        language: Language::Java,
        main_class: Some("dev.Main".to_owned()),
        resource: "/job".to_owned(),
        arguments: vec![command.to_owned()],
        proxy_user: None,
        properties: BTreeMap::from([("spark.password".to_owned(), "s3cret".to_owned())]),
        conf_files: BTreeMap::new(),
        environment: BTreeMap::from([("GIVEN".to_owned(), "it's".to_owned())]),
        start_timeout: None,
        run_timeout: None,
        templates: crate::spark::Templates::default(),
        layout: None,
        service_accounts: None,
        node_label: None,
        warnings: Vec::new(),
    }
}

/// What is seen of the driver once `is_so`.
async fn seen_when(
    cluster: &ProcessCluster,
    driver: &DriverRef,
    is_so: impl Fn(&Seen) -> bool,
) -> Seen {
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        let seen = cluster.look(driver).await.unwrap().expect("it exists");
        if is_so(&seen) {
            return seen;
        }
        assert!(Instant::now() < limit, "still {seen:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_running(seen: &Seen) -> bool {
    matches!(seen.driver.phase, DriverPhase::Running { .. })
}

fn exit_of(seen: &Seen) -> Option<&Exit> {
    if let DriverPhase::Ended(exit) = &seen.driver.phase {
        Some(exit)
    } else {
        None
    }
}

async fn exit_when_ended(cluster: &ProcessCluster, driver: &DriverRef) -> Exit {
    let seen = seen_when(cluster, driver, |seen| exit_of(seen).is_some()).await;
    exit_of(&seen).unwrap().clone()
}

/// Waits until the file of the driver's folder holds a whole line.
async fn line_of(bench: &Bench, driver: &DriverRef, file: &str) -> String {
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(bench.folder(driver).join(file)).unwrap_or_default();
        if let Some((line, _)) = text.split_once('\n') {
            return line.to_owned();
        }
        assert!(Instant::now() < limit, "{file} stays empty");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_restarted_firesteel_sees_what_runs_and_what_ended() {
    let bench = Bench::new();
    let (running, ended) = (driver(), driver());
    let before = bench.cluster();
    before
        .create(&running, &plan("exec sleep 60"), &Prepared::default())
        .await
        .unwrap();
    before
        .create(
            &ended,
            &plan("echo 'ValueError: empty' >&2; exit 7"),
            &Prepared::default(),
        )
        .await
        .unwrap();
    seen_when(&before, &running, is_running).await;
    let exit = exit_when_ended(&before, &ended).await;
    drop(before);

    let after = bench.cluster();
    assert!(is_running(&after.look(&running).await.unwrap().unwrap()));
    assert_eq!(exit_when_ended(&after, &ended).await, exit);
    assert_eq!(exit.code, Some(7));
    assert_eq!(exit.message.as_deref(), Some("ValueError: empty\n"));
    assert!(exit.started_at.unwrap() <= exit.at);
}

#[tokio::test]
async fn success_has_no_message_and_stdout_serves_where_stderr_is_empty() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let (well, badly) = (driver(), driver());
    cluster
        .create(&well, &plan("echo fine"), &Prepared::default())
        .await
        .unwrap();
    cluster
        .create(&badly, &plan("echo bad; exit 3"), &Prepared::default())
        .await
        .unwrap();
    let exit = exit_when_ended(&cluster, &well).await;
    assert_eq!((exit.code, exit.message), (Some(0), None));
    let exit = exit_when_ended(&cluster, &badly).await;
    assert_eq!(exit.message.as_deref(), Some("bad\n"));
}

#[tokio::test]
async fn a_python_program_says_its_errors_on_stdout() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    let mut plan = plan("echo warning >&2; echo 'ValueError: empty'; exit 1");
    plan.language = Language::Python;
    cluster
        .create(&driver, &plan, &Prepared::default())
        .await
        .unwrap();
    let exit = exit_when_ended(&cluster, &driver).await;
    assert_eq!(
        exit.message.as_deref(),
        Some("warning\nValueError: empty\n")
    );
}

#[tokio::test]
async fn secrets_stay_out_of_its_last_words_and_its_log_says_what_they_leave_open() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    let command = "echo 'ValueError: salary=7 token=abc' >&2; i=0; \
                   while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done >&2; exit 1";
    let mut plan = plan(command);
    let regex = ("spark.redaction.regex".to_owned(), "salary".to_owned());
    plan.properties.extend([regex]);
    cluster
        .create(&driver, &plan, &Prepared::default())
        .await
        .unwrap();
    let message = exit_when_ended(&cluster, &driver).await.message.unwrap();
    assert!(!message.contains("ValueError"), "{message}");
    let log = cluster.inquire(&driver).await.log.unwrap();
    let redacted = "*********(redacted)";
    let first = format!("ValueError: salary={redacted} token={redacted}\n");
    assert!(log.starts_with(&first), "{log}");
}

#[tokio::test]
async fn a_message_is_the_end_of_a_long_log() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    let command = "i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done >&2; exit 1";
    cluster
        .create(&driver, &plan(command), &Prepared::default())
        .await
        .unwrap();
    let message = exit_when_ended(&cluster, &driver).await.message.unwrap();
    assert!(message.len() <= 4096);
    assert!(message.starts_with("line "), "{message}");
    assert!(message.ends_with("line 999\n"), "{message}");
}

fn watching(cluster: &ProcessCluster) -> (sync_watch::Sender<Vec<String>>, mpsc::Receiver<Event>) {
    let (namespaces_sender, namespaces) = sync_watch::channel(Vec::new());
    let (sender, events) = mpsc::channel(100);
    let cluster = cluster.clone();
    tokio::spawn(async move { cluster.watch(namespaces, sender).await });
    (namespaces_sender, events)
}

#[tokio::test]
async fn a_watch_tells_the_whole_life() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let (old, new) = (driver(), driver());
    cluster
        .create(&old, &plan("exit 0"), &Prepared::default())
        .await
        .unwrap();
    exit_when_ended(&cluster, &old).await;
    let (_namespaces, mut events) = watching(&cluster);
    let Some(Event::Listed(listed)) = events.recv().await else {
        panic!("the first event is a list");
    };
    assert_eq!(listed, [cluster.look(&old).await.unwrap().unwrap()]);

    let command = "while [ ! -e ../go ]; do sleep 0.01; done";
    let uid = cluster
        .create(&new, &plan(command), &Prepared::default())
        .await
        .unwrap()
        .holder
        .uid;
    let mut ran = false;
    let mut ended = false;
    let life = async {
        while let Some(event) = events.recv().await {
            match event {
                Event::Listed(_) => {}
                Event::Changed(seen) => {
                    assert_eq!(seen.name, new.name);
                    if is_running(&seen) {
                        ran = true;
                        std::fs::write(bench.folder(&new).join("go"), "").unwrap();
                    }
                    if exit_of(&seen).is_some() {
                        ended = true;
                        cluster.delete(&new, &uid).await.unwrap();
                    }
                }
                Event::Deleted(seen) => {
                    assert!(exit_of(&seen).is_some());
                    break;
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), life)
        .await
        .unwrap();
    assert!(ran && ended);
}

#[tokio::test]
async fn a_full_host_asks_for_patience() {
    let mut bench = Bench::new();
    bench.settings.max_processes = 1;
    let cluster = bench.cluster();
    let (first, second) = (driver(), driver());
    let long = plan("exec sleep 60");
    let seen = cluster
        .create(&first, &long, &Prepared::default())
        .await
        .unwrap();
    let full = cluster
        .create(&second, &long, &Prepared::default())
        .await
        .unwrap_err();
    assert!(
        matches!(full, CreateError::Refused(Refusal::Busy)),
        "{full}"
    );
    // Who is in stays in, and a tombstone needs no room.
    assert_eq!(
        cluster
            .create(&first, &long, &Prepared::default())
            .await
            .unwrap()
            .holder,
        seen.holder
    );
    cluster.occupy(&driver()).await.unwrap();
    seen_when(&cluster, &first, is_running).await;
    cluster.delete(&first, &seen.holder.uid).await.unwrap();
    exit_when_ended(&cluster, &first).await;
    cluster
        .create(&second, &long, &Prepared::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_stops_no_other_driver() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let broken = driver();
    cluster.occupy(&broken).await.unwrap();
    let record = bench.folder(&broken).join("driver.json");
    std::fs::write(record, "{").unwrap();
    cluster
        .create(&driver(), &plan("true"), &Prepared::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_driver_gets_a_clean_environment() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    cluster
        .create(&driver, &plan("env > ../env; exit 0"), &Prepared::default())
        .await
        .unwrap();
    exit_when_ended(&cluster, &driver).await;
    let env = std::fs::read_to_string(bench.folder(&driver).join("env")).unwrap();
    let allowed = [
        "GIVEN",
        "HOME",
        "LANG",
        "PATH",
        "SPARK_APPLICATION_ID",
        "SPARK_CONF_DIR",
        "SPARK_HOME",
        "SPARK_LOCAL_DIRS",
        "SPARK_LOCAL_IP",
        // The shell's own.
        "OLDPWD",
        "PWD",
        "SHLVL",
        "_",
    ];
    for line in env.lines() {
        let (name, _) = line.split_once('=').unwrap();
        assert!(allowed.contains(&name), "{line}");
    }
    assert!(env.contains("GIVEN=it's\n"), "{env}");
}

#[tokio::test]
async fn only_their_owner_reads_a_drivers_files() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let driver = driver();
    cluster
        .create(&driver, &plan("exit 0"), &Prepared::default())
        .await
        .unwrap();
    let folder = bench.folder(&driver);
    let mode = |file: &Path| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bench.settings.state_dir), 0o700);
    for file in ["driver.json", "run.sh", "conf/spark.properties"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let record = std::fs::read_to_string(folder.join("driver.json")).unwrap();
    assert!(
        !record.contains("exit 0") && !record.contains("s3cret"),
        "{record}"
    );
}

#[tokio::test]
async fn the_hosts_id_outlives_firesteel() {
    let bench = Bench::new();
    let (one, two) = (bench.cluster(), bench.cluster());
    assert!(one.host().is_some());
    assert_eq!(one.host(), two.host());
    assert_eq!(one.identity("jobs").await.unwrap(), one.host().unwrap());
    assert!(
        matches!(one.node("here").await.unwrap(), Node::Ready { since } if since < Timestamp::now())
    );
}

#[tokio::test]
async fn a_namespace_is_a_name_and_no_path() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    assert!(cluster.check_namespace("team-a1").await.is_ok());
    for wrong in ["", "..", "a/b", "Team", "-a", "a-", &"a".repeat(64)] {
        assert!(cluster.check_namespace(wrong).await.is_err(), "{wrong}");
        let mut driver = driver();
        driver.namespace = wrong.to_owned();
        assert!(
            cluster
                .create(&driver, &plan("exit 0"), &Prepared::default())
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn what_is_asked_of_pods_is_told_to_do_nothing() {
    let bench = Bench::new();
    let cluster = bench.cluster();
    let account = AccountId::parse("123456789012").unwrap();
    let mut plan = plan("exit 0");
    let notes = async |plan: &Plan| {
        let prepared = cluster.prepare(&account, &driver(), plan).await;
        prepared.map(|prepared| prepared.notes).unwrap().concat()
    };
    assert_eq!(notes(&plan).await, "");
    plan.node_label = Some("gpu".to_owned());
    plan.templates.executor = Some(crate::spark::TemplateSource::Inline("spec: {}".to_owned()));
    let told = notes(&plan).await;
    assert!(
        told.contains("Pod templates") && told.contains("nodeLabel"),
        "{told}"
    );
}
