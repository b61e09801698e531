//! What is kept of keys lets nobody in who does not have the master key, which can be replaced.

use firesteel::sealing::MasterKeys;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;

use crate::auth::{SIGV4, signer, start, token};
use crate::cli::{firesteel, output, url};
use crate::harness::TestApp;
use crate::harness::app::ACCOUNT;
use crate::harness::client::job_run;

#[sqlx::test]
async fn a_copy_of_the_database_lets_nobody_in(pool: PgPool) {
    let app = start(pool.clone()).await;
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    let permanent = app.signed(ACCOUNT, None).await;
    let session = app.session(ACCOUNT, later).await;
    let bearer = app.bearer(ACCOUNT, None).await;
    let cluster = permanent.virtual_cluster("jobs").await;
    permanent.start(&cluster, &job_run()).await;
    let dump = dump(&pool).await;
    assert!(dump.contains(&signer(&permanent).access_key_id));
    let secrets = [
        signer(&permanent).secret,
        signer(&session).secret,
        signer(&session).session_token.unwrap(),
        token(&bearer),
        token(&bearer).rsplit_once('_').unwrap().1.to_owned(),
    ];
    for secret in secrets {
        assert!(!dump.contains(&secret));
        assert!(!dump.contains(&hex(secret.as_bytes())));
    }
}

/// Every row of every table, as text.
async fn dump(pool: &PgPool) -> String {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut dump = String::new();
    for table in tables {
        let query = sqlx::AssertSqlSafe(format!("SELECT t::text FROM \"{table}\" t"));
        let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
        dump.push_str(&rows.join("\n"));
    }
    dump
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[sqlx::test]
async fn a_master_key_is_replaced_while_keys_are_in_use(pool: PgPool) {
    let (old, new) = (MasterKeys::random(), MasterKeys::random());
    let with = |text: &str| {
        let keys = MasterKeys::parse(text).unwrap();
        TestApp::changed(pool.clone(), SIGV4, |app| app.master_keys = Some(keys))
    };
    let first = with(&old).await;
    let client = first.signed(ACCOUNT, None).await;
    let at = |app: &TestApp| app.client.with(client.proof.clone());

    let both = with(&format!("{new}\n{old}")).await;
    assert_eq!(at(&both).get("/virtualclusters").await.status, 200);
    let only_new = with(&new).await;
    let reply = at(&only_new).get("/virtualclusters").await;
    reply.refused_with(500, "InternalServerException", "internal error");

    let mut reseal = firesteel(&["keys", "reseal", "--database-url", &url(&pool)]);
    reseal.env("FIRESTEEL_MASTER_KEY", format!("{new} {old}"));
    let (code, _, errors) = output(reseal).await;
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(at(&only_new).get("/virtualclusters").await.status, 200);
    assert_eq!(at(&both).get("/virtualclusters").await.status, 200);
}
