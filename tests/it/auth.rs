//! Nobody does anything before they have proved who they are, and a proof is good for exactly what
//! it was made for.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use firesteel::domain::access_key::Credentials;
use firesteel::domain::clock::Clock;
use firesteel::domain::ids::AccessKeyId;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, HOST, HeaderValue};
use reqwest::{Method, Request};
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::app::ACCOUNT;
use crate::harness::client::virtual_cluster;
use crate::harness::keys::{Proof, Signer, new_key};
use crate::harness::proxy::Proxy;
use crate::harness::{Client, Reply, TestApp};

pub const SIGV4: &[(&str, &str)] = &[("API__AUTH", "sigv4")];
const THEIRS: &str = "210987654321";

const UNKNOWN: &str = "The security token included in the request is invalid.";
const EXPIRED: &str = "The security token included in the request is expired.";

pub async fn start(pool: PgPool) -> TestApp {
    TestApp::with(pool, SIGV4).await
}

pub fn signer(client: &Client) -> Signer {
    match &client.proof {
        Proof::Signature(signer) => signer.clone(),
        Proof::None | Proof::Bearer(_) => panic!("this client does not sign"),
    }
}

pub fn token(client: &Client) -> String {
    match &client.proof {
        Proof::Bearer(token) => token.clone(),
        Proof::None | Proof::Signature(_) => panic!("this client has no bearer token"),
    }
}

fn key_id(client: &Client) -> AccessKeyId {
    AccessKeyId::parse(signer(client).access_key_id).unwrap()
}

/// The same client, with something else about its signatures.
fn otherwise(client: &Client, change: impl FnOnce(&mut Signer)) -> Client {
    let mut signer = signer(client);
    change(&mut signer);
    client.with(Proof::Signature(signer))
}

/// What a client sends to create a virtual cluster, after `change` and with the signature from
/// before it.
async fn tampered(client: &Client, change: impl FnOnce(&mut Request)) -> Reply {
    let body = virtual_cluster("a", "local", "tampered");
    let request = client.request(Method::POST, "/virtualclusters?a=1&b=%20x");
    let mut request = client.proven(request.header("x-amz-meta", "m").json(&body));
    change(&mut request);
    client.execute(request).await
}

#[track_caller]
fn unknown(reply: &Reply) {
    reply.refused(403, "UnrecognizedClientException", UNKNOWN);
}

#[track_caller]
fn forged(reply: &Reply) {
    let text = "The request signature we calculated does not match";
    reply.refused_with(403, "InvalidSignatureException", text);
}

#[sqlx::test]
async fn nothing_is_said_to_somebody_unknown(pool: PgPool) {
    let app = start(pool).await;
    for (method, path) in [
        (Method::GET, "/virtualclusters"),
        (Method::POST, "/virtualclusters"),
        (Method::GET, "/virtualclusters/UPPER!"),
        (Method::PUT, "/virtualclusters"),
        (Method::OPTIONS, "/virtualclusters"),
        (Method::GET, "/nothing/here"),
        (Method::GET, "/"),
    ] {
        let request = app.client.request(method, path);
        let reply = app.client.send(request).await;
        reply.refused(
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        );
    }
    let basic = app.client.request(Method::GET, "/virtualclusters");
    let reply = app
        .client
        .send(basic.header(AUTHORIZATION, "Basic YTpi"))
        .await;
    assert_eq!(reply.status, 403);
    assert_ne!(reply.body["__type"], "AccessDeniedException");
}

#[sqlx::test]
async fn whoever_signs_is_told_what_they_ask(pool: PgPool) {
    let app = start(pool).await;
    let client = app.signed(ACCOUNT, None).await;
    let cluster = client.virtual_cluster("jobs").await;
    client.describe(&cluster).await;
    let run = client.job_run(&cluster).await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/someone");
    let described = client.describe_run(&cluster, &run).await;
    assert_eq!(described.created_by.as_deref(), Some(arn.as_str()));
    let list = "/virtualclusters?states=RUNNING&states=TERMINATED&containerProviderId=a%20%26b";
    assert_eq!(client.get(list).await.status, 200);
    let resource =
        "/tags/arn%3Aaws%3Aemr-containers%3Aus-east-1%3A123456789012%3A%2Fvirtualclusters%2F";
    let reply = client.get(&format!("{resource}{cluster}")).await;
    assert!([200, 400].contains(&reply.status), "{}", reply.body);
    let reply = client
        .delete(&format!("/virtualclusters/{cluster}/jobruns/{run}"))
        .await;
    assert_eq!(reply.status, 200);
    // What is wrong comes after who asks.
    let reply = client.get("/nothing").await;
    reply.refused_with(404, "UnknownOperationException", "path");
    let reply = client.post("/virtualclusters", &json!({})).await;
    reply.refused_with(400, "ValidationException", "3 validation errors");
    let stranger = app.signed(THEIRS, None).await;
    let reply = stranger.get(&format!("/virtualclusters/{cluster}")).await;
    assert_eq!(reply.status, 400);
}

#[sqlx::test]
async fn a_key_that_is_not_known_is_nobodys(pool: PgPool) {
    let app = start(pool).await;
    let client = app.signed(ACCOUNT, None).await;
    let (never_made, _) = Credentials::permanent();
    for id in [
        never_made.as_str(),
        "AKIAIOSFODNN7EXAMPLE",
        "test",
        "AKIA'--",
    ] {
        let other = otherwise(&client, |signer| signer.access_key_id = id.to_owned());
        unknown(&other.get("/virtualclusters").await);
    }
    // A bearer token's id signs nothing.
    let bearer = app.bearer(ACCOUNT, None).await;
    let id = token(&bearer).split('_').nth(1).unwrap().to_owned();
    let other = otherwise(&client, |signer| signer.access_key_id = id);
    unknown(&other.get("/virtualclusters").await);
}

#[sqlx::test]
async fn a_signature_is_for_one_secret_region_service_and_time(pool: PgPool) {
    let app = start(pool).await;
    let client = app.signed(ACCOUNT, None).await;
    let wrong = otherwise(&client, |signer| signer.secret.replace_range(..1, "?"));
    forged(&wrong.get("/virtualclusters").await);
    for change in [
        |signer: &mut Signer| signer.region = "eu-west-1".to_owned(),
        |signer: &mut Signer| signer.service = "s3".to_owned(),
    ] {
        let reply = otherwise(&client, change).get("/virtualclusters").await;
        reply.refused_with(
            403,
            "InvalidSignatureException",
            "Credential should be scoped",
        );
    }
    let at = |minutes: i64| {
        let now = SystemTime::now();
        let off = Duration::from_secs(minutes.unsigned_abs() * 60);
        otherwise(&client, |signer| {
            signer.time = Some(if minutes < 0 { now - off } else { now + off });
        })
    };
    for (minutes, words) in [
        (-20, "Signature expired"),
        (20, "Signature not yet current"),
    ] {
        let reply = at(minutes).get("/virtualclusters").await;
        reply.refused_with(403, "InvalidSignatureException", words);
    }
    for minutes in [-13, 13] {
        assert_eq!(at(minutes).get("/virtualclusters").await.status, 200);
    }
}

/// Says what it is told.
struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[sqlx::test]
async fn time_is_what_the_application_says(pool: PgPool) {
    let then = "2031-05-06T07:08:09Z".parse::<Timestamp>().unwrap();
    let app = TestApp::changed(pool, SIGV4, |app| app.clock = Arc::new(Stopped(then))).await;
    let client = app.signed(ACCOUNT, None).await;
    let reply = client.get("/virtualclusters").await;
    reply.refused_with(403, "InvalidSignatureException", "Signature expired");
    let then = otherwise(&client, |signer| signer.time = Some(then.into()));
    assert_eq!(then.get("/virtualclusters").await.status, 200);
}

#[sqlx::test]
async fn what_was_signed_is_what_arrives(pool: PgPool) {
    let app = start(pool).await;
    let client = app.signed(ACCOUNT, None).await;
    let changes: [fn(&mut Request); 8] = [
        |request| *request.body_mut() = Some("{}".into()),
        |request| *request.body_mut() = None,
        |request| request.url_mut().set_path("/jobtemplates"),
        |request| request.url_mut().set_query(Some("a=2&b=%20x")),
        |request| request.url_mut().set_query(None),
        |request| *request.method_mut() = Method::PUT,
        |request| {
            let value = HeaderValue::from_static("n");
            request.headers_mut().insert("x-amz-meta", value);
        },
        |request| {
            let value = HeaderValue::from_static("localhost:1");
            request.headers_mut().insert(HOST, value);
        },
    ];
    for change in changes {
        forged(&tampered(&client, change).await);
    }
    assert_eq!(app.count("virtual_cluster").await, 0);
    let reply = tampered(&client, |_| ()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    // The order of a query's pairs is not part of it.
    let reply = tampered(&client, |request| {
        request.url_mut().set_query(Some("b=%20x&a=1"));
    })
    .await;
    assert_ne!(reply.status, 403, "{}", reply.body);
}

#[sqlx::test]
async fn what_is_not_signed_is_not_taken(pool: PgPool) {
    let app = start(pool).await;
    let client = app.signed(ACCOUNT, None).await;
    let unsigned = tampered(&client, |request| {
        let value = HeaderValue::from_static("x");
        request.headers_mut().insert("x-amz-target", value);
    });
    let unsigned = unsigned.await;
    assert_eq!(unsigned.status, 403, "{}", unsigned.body);
    let payload = client
        .request(Method::GET, "/virtualclusters")
        .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    let reply = client.send(payload).await;
    assert_eq!(reply.status, 403, "{}", reply.body);
    let presigned = "/virtualclusters?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a\
                     &X-Amz-Date=20300101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host\
                     &X-Amz-Signature=00";
    let reply = app.client.get(presigned).await;
    reply.refused_with(403, "IncompleteSignatureException", "query string");
    for header in [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE",
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00",
    ] {
        let request = app.client.request(Method::GET, "/virtualclusters");
        let reply = app.client.send(request.header(AUTHORIZATION, header)).await;
        reply.refused_with(403, "IncompleteSignatureException", "");
        assert_ne!(reply.status, 200);
    }
}

#[sqlx::test]
async fn a_session_needs_its_token_and_ends(pool: PgPool) {
    let app = start(pool).await;
    let now = Timestamp::now();
    let session = app
        .session(ACCOUNT, now + SignedDuration::from_mins(5))
        .await;
    assert_eq!(session.get("/virtualclusters").await.status, 200);
    for token in [None, Some("other".to_owned()), Some(String::new())] {
        let other = otherwise(&session, |signer| signer.session_token = token);
        unknown(&other.get("/virtualclusters").await);
    }
    let wrong = otherwise(&session, |signer| signer.secret.push('x'));
    forged(&wrong.get("/virtualclusters").await);
    let permanent = app.signed(ACCOUNT, None).await;
    let with_token = otherwise(&permanent, |own| {
        own.session_token
            .clone_from(&signer(&session).session_token);
    });
    unknown(&with_token.get("/virtualclusters").await);

    let over = app
        .session(ACCOUNT, now - SignedDuration::from_secs(1))
        .await;
    let reply = over.get("/virtualclusters").await;
    reply.refused(403, "ExpiredTokenException", EXPIRED);
    // Only the holder hears that it is over.
    let guess = otherwise(&over, |signer| signer.session_token = Some("x".to_owned()));
    unknown(&guess.get("/virtualclusters").await);
}

#[sqlx::test]
async fn a_bearer_token_is_all_of_its_proof(pool: PgPool) {
    let app = start(pool).await;
    let bearer = app.bearer(ACCOUNT, None).await;
    let cluster = bearer.virtual_cluster("jobs").await;
    let run = bearer.job_run(&cluster).await;
    let described = bearer.describe_run(&cluster, &run).await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/someone");
    assert_eq!(described.created_by.as_deref(), Some(arn.as_str()));

    let good = token(&bearer);
    let (other_id, _) = Credentials::bearer(None);
    let (head, secret) = good.rsplit_once('_').unwrap();
    let head_only = head.to_owned();
    let other = format!("firesteel_{other_id}_{secret}");
    for wrong in [
        good[..good.len() - 1].to_owned(),
        format!("{good}x"),
        good.to_uppercase(),
        head_only,
        other,
        String::new(),
        "x".to_owned(),
    ] {
        unknown(
            &bearer
                .with(Proof::Bearer(wrong))
                .get("/virtualclusters")
                .await,
        );
    }
    let twice = bearer.request(Method::GET, "/virtualclusters");
    let mut twice = bearer.proven(twice);
    let again = HeaderValue::from_str(&format!("Bearer {good}")).unwrap();
    twice.headers_mut().append(AUTHORIZATION, again);
    assert_eq!(bearer.execute(twice).await.status, 403);

    let end = Timestamp::now() - SignedDuration::from_secs(1);
    let (id, credentials) = Credentials::bearer(Some(end));
    let mut new = new_key(ACCOUNT, None);
    new.created_at = end - SignedDuration::from_secs(1);
    app.keep(&id, &credentials, new).await;
    let over = app.client_of(&id, &credentials);
    let reply = over.get("/virtualclusters").await;
    reply.refused(403, "ExpiredTokenException", EXPIRED);
}

#[sqlx::test]
async fn a_revoked_key_is_refused_by_every_replica_at_once(pool: PgPool) {
    let one = start(pool).await;
    let two = one.replica(SIGV4).await;
    let client = one.signed(ACCOUNT, None).await;
    let there = two.client.with(client.proof.clone());
    let bearer = one.bearer(ACCOUNT, None).await;
    for client in [&client, &there, &bearer] {
        assert_eq!(client.get("/virtualclusters").await.status, 200);
    }
    one.app
        .store
        .revoke_access_key(&key_id(&client))
        .await
        .unwrap();
    for client in [&client, &there] {
        unknown(&client.get("/virtualclusters").await);
    }
    assert_eq!(bearer.get("/virtualclusters").await.status, 200);
    let id = token(&bearer).split('_').nth(1).unwrap().to_owned();
    let id = AccessKeyId::parse(id).unwrap();
    two.app.store.revoke_access_key(&id).await.unwrap();
    unknown(&bearer.get("/virtualclusters").await);
}

#[sqlx::test]
async fn a_body_that_takes_its_time_does_not_outlive_a_revocation(pool: PgPool) {
    let app = start(pool).await;
    for signs in [true, false] {
        let client = match signs {
            true => app.signed(ACCOUNT, None).await,
            false => app.bearer(ACCOUNT, None).await,
        };
        let body = virtual_cluster("a", "local", "late");
        let request = client.request(Method::POST, "/virtualclusters").json(&body);
        let request = client.proven(request);
        let address = client.base.strip_prefix("http://").unwrap();
        let mut head = format!("POST /virtualclusters HTTP/1.1\r\nHost: {address}\r\n");
        for (name, value) in request.headers() {
            write!(head, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
        }
        let body = request.body().unwrap().as_bytes().unwrap();
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        head.push_str("Expect: 100-continue\r\n\r\n");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 1000];
        let length = stream.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 100 "));
        let revoked = "UPDATE access_key SET revoked_at = coalesce(revoked_at, now())";
        sqlx::query(revoked).execute(&app.pool).await.unwrap();
        stream.write_all(body).await.unwrap();
        let length = stream.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 403 "));
    }
    assert_eq!(app.count("virtual_cluster").await, 0);
}

#[sqlx::test]
async fn a_policy_bounds_its_keys_holder(pool: PgPool) {
    let app = start(pool).await;
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "emr-containers:List*",
            "Resource": "*",
        }],
    });
    for reader in [
        app.signed(ACCOUNT, Some(policy.clone())).await,
        app.bearer(ACCOUNT, Some(policy)).await,
    ] {
        assert_eq!(reader.get("/virtualclusters").await.status, 200);
        let body = virtual_cluster("a", "local", "jobs");
        let reply = reader.post("/virtualclusters", &body).await;
        reply.refused(
            403,
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/someone is not authorized to perform: \
             emr-containers:CreateVirtualCluster on resource: * because no identity-based policy \
             allows the emr-containers:CreateVirtualCluster action",
        );
    }
    assert_eq!(app.count("virtual_cluster").await, 0);
}

#[sqlx::test]
async fn without_its_database_nobody_is_called_unknown(pool: PgPool) {
    let (proxy, cut_off) = Proxy::before(&pool).await;
    let app = start(cut_off).await;
    let clients = [
        app.signed(ACCOUNT, None).await,
        app.bearer(ACCOUNT, None).await,
    ];
    proxy.cut();
    for client in clients {
        let reply = client.get("/virtualclusters").await;
        reply.refused_with(503, "ServiceUnavailableException", "Try again");
    }
}

#[sqlx::test]
async fn a_long_body_is_refused_and_not_held_for_somebody_unknown(pool: PgPool) {
    let settings = [("API__AUTH", "sigv4"), ("API__MAX_BODY_BYTES", "1000")];
    let app = TestApp::with(pool, &settings).await;
    let client = app.signed(ACCOUNT, None).await;
    let mut body = virtual_cluster("a", "local", "jobs");
    body["ignored"] = json!("x".repeat(1000));
    let reply = client.post("/virtualclusters", &body).await;
    reply.refused_with(413, "RequestEntityTooLargeException", "too long");
    let bearer = app.bearer(ACCOUNT, None).await;
    let reply = bearer.post("/virtualclusters", &body).await;
    reply.refused_with(413, "RequestEntityTooLargeException", "too long");
    let reply = app.client.post("/virtualclusters", &body).await;
    reply.refused_with(403, "MissingAuthenticationTokenException", "Missing");
    let (never_made, _) = Credentials::permanent();
    let stranger = otherwise(&client, |signer| {
        signer.access_key_id = never_made.to_string();
    });
    unknown(&stranger.post("/virtualclusters", &body).await);
    // Short enough, and all of it is sent before anything is read of the answer.
    body["ignored"] = json!("x".repeat(500));
    unknown(&stranger.post("/virtualclusters", &body).await);
}

#[sqlx::test]
async fn off_means_that_any_key_is_taken(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let (id, credentials) = Credentials::permanent();
    for client in [
        app.client_of(&id, &credentials),
        app.client.with(Proof::Bearer("x".to_owned())),
    ] {
        assert_eq!(client.get("/virtualclusters").await.status, 200);
    }
}
