//! `firesteel keys`: what it prints is enough to call, and is never seen again.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use firesteel::domain::ids::AccessKeyId;
use firesteel::sealing::MasterKeys;
use jiff::Timestamp;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::process::Command;

use crate::cli::{Running, firesteel, output, serve, serve_config, url, with_spark};
use crate::harness::TestApp;
use crate::harness::app::ACCOUNT;
use crate::harness::keys::{Proof, Signer};

/// The keys of one database, with their master keys.
struct Keys {
    url: String,
    master_keys: String,
}

impl Keys {
    fn new(pool: &PgPool) -> Self {
        Self {
            url: url(pool),
            master_keys: MasterKeys::random(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = firesteel(&["keys"]);
        command.args(arguments);
        command.args(["--database-url", &self.url]);
        command.env("FIRESTEEL_MASTER_KEY", &self.master_keys);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Value {
        let (code, out, errors) = output(self.command(arguments)).await;
        assert_eq!(code, Some(0), "{errors}");
        serde_json::from_str(&out).unwrap()
    }

    async fn create(&self, arguments: &[&str]) -> Value {
        let create = [&["create", "--account", ACCOUNT], arguments].concat();
        self.run(&create).await
    }

    /// Exit code and standard error of what is refused and prints nothing.
    async fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let (code, out, errors) = output(self.command(arguments)).await;
        assert_eq!(out, "");
        (code, errors)
    }
}

fn text<'a>(document: &'a Value, member: &str) -> &'a str {
    document[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member}: {document}"))
}

fn names(document: &Value) -> Vec<&str> {
    document
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// What a new key's holder does with the printed document.
fn proof(created: &Value) -> Proof {
    if let Some(token) = created["token"].as_str() {
        return Proof::Bearer(token.to_owned());
    }
    let id = AccessKeyId::parse(text(created, "accessKeyId")).unwrap();
    let secret = text(created, "secretAccessKey");
    Proof::Signature(Signer::new(&id, secret, created["sessionToken"].as_str()))
}

#[sqlx::test]
async fn what_is_printed_is_enough_to_call(pool: PgPool) {
    let keys = Keys::new(&pool);
    let permanent = keys.create(&["--name", "ci"]).await;
    assert_eq!(names(&permanent), ["accessKeyId", "secretAccessKey"]);
    let session = keys.create(&["--expires-in", "12h"]).await;
    let members = [
        "accessKeyId",
        "expiration",
        "secretAccessKey",
        "sessionToken",
    ];
    assert_eq!(names(&session), members);
    let end: Timestamp = text(&session, "expiration").parse().unwrap();
    let life = end.duration_since(Timestamp::now()).as_secs();
    assert!((43_000..=43_201).contains(&life), "{life}");
    let bearer = keys.create(&["--bearer"]).await;
    assert_eq!(names(&bearer), ["accessKeyId", "token"]);
    let ending = keys.create(&["--bearer", "--expires-in", "90d"]).await;
    assert_eq!(names(&ending), ["accessKeyId", "expiration", "token"]);

    let folder = TempDir::new().unwrap();
    let config = serve_config(folder.path());
    let mut command = serve(&config, &pool, "api");
    command.env("FIRESTEEL_API__AUTH", "sigv4");
    command.env("FIRESTEEL_MASTER_KEY", &keys.master_keys);
    let running = Running::start(command).await;
    let client = running.client();
    for created in [&permanent, &session, &bearer, &ending] {
        let reply = client.with(proof(created)).get("/virtualclusters").await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    let id = text(&permanent, "accessKeyId");
    assert_eq!(text(&keys.run(&["revoke", id]).await, "accessKeyId"), id);
    let reply = client.with(proof(&permanent)).get("/virtualclusters").await;
    reply.refused_with(403, "UnrecognizedClientException", "invalid");

    let log = running.log(Signal::SIGTERM).await;
    assert!(log.contains(id), "{log}");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/ci");
    assert!(log.contains(&arn), "{log}");
    for created in [&permanent, &session, &bearer] {
        for member in ["secretAccessKey", "sessionToken", "token"] {
            if let Some(secret) = created[member].as_str() {
                assert!(!log.contains(secret), "{log}");
            }
        }
    }
    assert!(!log.contains("Signature="), "{log}");
}

#[sqlx::test]
async fn lists_tell_everything_but_secrets(pool: PgPool) {
    let keys = Keys::new(&pool);
    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("policy.json");
    let document = r#"{"Version": "2012-10-17", "Statement":
        [{"Effect": "Allow", "Action": "emr-containers:*", "Resource": "*"}]}"#;
    std::fs::write(&policy, document).unwrap();
    let policy = policy.display().to_string();
    let created = [
        keys.create(&["--name", "ci", "--policy", &policy]).await,
        keys.create(&["--expires-in", "1h"]).await,
        keys.create(&["--bearer"]).await,
    ];
    keys.run(&["revoke", text(&created[2], "accessKeyId")])
        .await;
    let listed = keys.run(&["list"]).await;
    for (created, listed) in created.iter().zip(listed.as_array().unwrap()) {
        assert_eq!(created["accessKeyId"], listed["accessKeyId"]);
        assert_eq!(text(listed, "account"), ACCOUNT);
        text(listed, "createdAt").parse::<Timestamp>().unwrap();
        for member in ["secretAccessKey", "sessionToken", "token"] {
            if let Some(secret) = created[member].as_str() {
                assert!(!listed.to_string().contains(secret));
            }
        }
    }
    let kinds: Vec<_> = (0..3).map(|at| text(&listed[at], "kind")).collect();
    assert_eq!(kinds, ["PERMANENT", "TEMPORARY", "BEARER"]);
    assert_eq!(text(&listed[0], "name"), "ci");
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(listed[0]["policy"], document);
    assert_eq!(listed[1]["name"], listed[1]["accessKeyId"]);
    assert_eq!(listed[1]["expiresAt"], created[1]["expiration"]);
    text(&listed[2], "revokedAt").parse::<Timestamp>().unwrap();
}

#[sqlx::test]
async fn what_no_key_can_have_is_refused_in_one_breath(pool: PgPool) {
    let keys = Keys::new(&pool);
    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("policy.json");
    let unevaluated = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": "emr-containers:*", "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}"#;
    std::fs::write(&policy, unevaluated).unwrap();
    let policy = policy.display().to_string();
    for (arguments, said) in [
        (&["create", "--account", "12"][..], "12 digits"),
        (&["create"], "--account"),
        (
            &["create", "--account", ACCOUNT, "--name", "a b"],
            "letters",
        ),
        (
            &["create", "--account", ACCOUNT, "--expires-in", "0h"],
            "not a duration",
        ),
        (
            &["create", "--account", ACCOUNT, "--expires-in", "9999999d"],
            "9999",
        ),
        (
            &["create", "--account", ACCOUNT, "--policy", "/nowhere"],
            "/nowhere",
        ),
        (
            &["create", "--account", ACCOUNT, "--policy", &policy],
            "IpAddress",
        ),
        (&["list", "--data-dir", "/tmp"], "--data-dir"),
    ] {
        let (code, errors) = keys.refused(arguments).await;
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
    for id in ["AKIAIOSFODNN7EXAMPLE", "nonsense"] {
        let (code, errors) = keys.refused(&["revoke", id]).await;
        assert_eq!(code, Some(1));
        assert_eq!(errors, format!("firesteel: there is no access key {id}\n"));
    }
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM access_key")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(count, 0);
}

#[sqlx::test]
async fn no_master_key_is_a_wrong_setting(pool: PgPool) {
    let keys = Keys::new(&pool);
    let mut create = keys.command(&["create", "--account", ACCOUNT]);
    create.env_remove("FIRESTEEL_MASTER_KEY");
    let folder = TempDir::new().unwrap();
    let config = serve_config(folder.path());
    let mut api = serve(&config, &pool, "api");
    api.env("FIRESTEEL_API__AUTH", "sigv4");
    let mut all = serve(&config, &pool, "all");
    all.env("FIRESTEEL_API__AUTH", "sigv4");
    let mut wrong = serve(&config, &pool, "api");
    wrong.env("FIRESTEEL_MASTER_KEY", "hunter2");
    for (command, said) in [
        (create, "openssl rand -base64 32"),
        (api, "openssl rand -base64 32"),
        (all, "openssl rand -base64 32"),
        (wrong, "master_key: a master key is 32 random bytes"),
    ] {
        let (code, out, errors) = output(command).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{errors}");
        assert!(errors.contains(said), "{errors}");
        assert!(!errors.contains("hunter2"), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
    // A worker proves nobody's identity.
    let mut worker = serve(&config, &pool, "worker");
    worker.env("FIRESTEEL_API__AUTH", "sigv4");
    let running = Running::start(worker).await;
    assert_eq!(running.end(Signal::SIGTERM).await, (Some(0), None));
}

#[sqlx::test]
async fn a_key_is_not_sealed_with_another_installations_master_key(pool: PgPool) {
    let mut keys = Keys::new(&pool);
    keys.create(&[]).await;
    let own = std::mem::replace(&mut keys.master_keys, MasterKeys::random());
    let create = ["create", "--account", ACCOUNT];
    let (code, errors) = keys.refused(&create).await;
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("is not this installation's"), "{errors}");
    // A bearer token's hash is not sealed; and a key can be replaced, and even lost.
    keys.create(&["--bearer"]).await;
    let strange = std::mem::replace(&mut keys.master_keys, own);
    keys.master_keys = format!("{strange} {}", keys.master_keys);
    keys.create(&[]).await;
    keys.master_keys = MasterKeys::random();
    for key in keys.run(&["list"]).await.as_array().unwrap() {
        keys.run(&["revoke", text(key, "accessKeyId")]).await;
    }
    keys.create(&[]).await;
}

#[sqlx::test]
async fn a_replica_with_another_installations_master_key_does_not_start(pool: PgPool) {
    let mut keys = Keys::new(&pool);
    keys.create(&[]).await;
    let folder = TempDir::new().unwrap();
    let config = serve_config(folder.path());
    let serve = |master_keys: &str| {
        let mut command = serve(&config, &pool, "api");
        command.env("FIRESTEEL_API__AUTH", "sigv4");
        command.env("FIRESTEEL_MASTER_KEY", master_keys);
        command
    };
    let own = std::mem::replace(&mut keys.master_keys, MasterKeys::random());
    let (code, _, errors) = output(serve(&keys.master_keys)).await;
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("is not this installation's"), "{errors}");
    let both = format!("{} {own}", keys.master_keys);
    Running::start(serve(&both))
        .await
        .end(Signal::SIGTERM)
        .await;
}

#[sqlx::test]
async fn everything_is_sealed_anew_or_what_is_not_is_named(pool: PgPool) {
    let mut keys = Keys::new(&pool);
    let created = keys.create(&[]).await;
    keys.create(&["--bearer"]).await;
    let template = json!({
        "name": "nightly",
        "clientToken": "a",
        "kmsKeyArn": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/a"),
        "jobTemplateData": {
            "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/job"),
            "releaseLabel": "emr-7.12.0-latest",
            "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "s3://b/secret.py"}},
        },
    });
    let app = async |master_keys: &str| {
        let master_keys = MasterKeys::parse(master_keys).unwrap();
        TestApp::changed(pool.clone(), &[], |app| app.master_keys = Some(master_keys)).await
    };
    let before = app(&keys.master_keys).await;
    let id = before.client.post("/jobtemplates", &template).await;
    let id = id.text("id");

    let (old, new) = (keys.master_keys.clone(), MasterKeys::random());
    keys.master_keys = format!("{new} {old}");
    assert_eq!(keys.run(&["reseal"]).await["resealed"], 2);
    assert_eq!(keys.run(&["reseal"]).await["resealed"], 0);
    let after = app(&new).await;
    let described = after.client.get(&format!("/jobtemplates/{id}")).await;
    let data = &described.body["jobTemplate"]["jobTemplateData"];
    assert_eq!(*data, template["jobTemplateData"]);

    keys.master_keys = old;
    let (code, out, errors) = output(keys.command(&["reseal"])).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("\"resealed\": 0"), "{out}");
    for named in [text(&created, "accessKeyId"), &id] {
        assert!(errors.contains(named), "{errors}");
    }
    // A key that is over needs no master key any more: what is lost may be lost for it.
    let key = text(&created, "accessKeyId");
    keys.run(&["revoke", key]).await;
    let (_, _, errors) = output(keys.command(&["reseal"])).await;
    assert!(!errors.contains(key) && errors.contains(&id), "{errors}");
}

#[tokio::test]
async fn keys_of_a_running_dev_are_made_by_its_folder() {
    let folder = TempDir::new().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let data_dir = folder.path().display().to_string();
    let create = || {
        firesteel(&[
            "keys",
            "create",
            "--account",
            ACCOUNT,
            "--data-dir",
            &data_dir,
        ])
    };
    let (code, out, errors) = output(create()).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(
        errors.contains("no `firesteel dev` is running on"),
        "{errors}"
    );

    let mut dev = firesteel(&["dev", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]);
    with_spark(&mut dev, &folder);
    dev.args(["--data-dir", &data_dir]);
    dev.env("FIRESTEEL_API__AUTH", "sigv4");
    let running = Running::start(dev).await;
    let (code, out, errors) = output(create()).await;
    assert_eq!(code, Some(0), "{errors}");
    let created: Value = serde_json::from_str(&out).unwrap();
    let client = running.client();
    let reply = client.get("/virtualclusters").await;
    reply.refused_with(403, "MissingAuthenticationTokenException", "Missing");
    let reply = client.with(proof(&created)).get("/virtualclusters").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let mode = std::fs::metadata(folder.path().join("master.key")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    // Settings name the folder as well as the argument does.
    let mut list = firesteel(&["keys", "list"]);
    list.env("FIRESTEEL_DATA_DIR", &data_dir);
    let (code, out, errors) = output(list).await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.contains(text(&created, "accessKeyId")));
    assert_eq!(running.end(Signal::SIGTERM).await, (Some(0), None));

    let ended = tokio::time::timeout(Duration::from_secs(20), output(create()));
    let (code, _, errors) = ended.await.unwrap();
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("no `firesteel dev` is running on"),
        "{errors}"
    );
}
