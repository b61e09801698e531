//! What is kept of keys proves its holder and gives nobody else the means to.

use super::*;
use crate::domain::access_key::{AccessKey, Credentials};
use crate::domain::ids::{AccessKeyId, UserName};
use crate::sealing::MasterKeys;

fn master_keys() -> MasterKeys {
    MasterKeys::parse(&MasterKeys::random()).unwrap()
}

fn key(drawn: (AccessKeyId, Credentials), keys: &MasterKeys) -> AccessKey {
    let (id, credentials) = drawn;
    AccessKey {
        account: us().account,
        name: UserName::parse("someone").unwrap(),
        policy: None,
        proof: credentials.proof(|secret| keys.seal(&id.sealing_place(), secret)),
        id,
        created_at: at(0),
        revoked_at: None,
    }
}

fn of_each_kind(keys: &MasterKeys) -> [AccessKey; 3] {
    [
        key(Credentials::permanent(), keys),
        key(Credentials::temporary(at(3600)), keys),
        key(Credentials::bearer(Some(at(60))), keys),
    ]
}

#[sqlx::test]
async fn a_key_is_found_as_it_was_made(pool: PgPool) {
    let store = Store::from_pool(pool);
    let keys = master_keys();
    let mut made = of_each_kind(&keys);
    made[0].policy = Some(r#"{"Version": "2012-10-17", "Statement": []}"#.to_owned());
    for key in &made {
        store.create_access_key(key).await.unwrap();
        assert_eq!(store.access_key(&key.id).await.unwrap().as_ref(), Some(key));
    }
    made.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(store.list_access_keys().await.unwrap(), made);
    let (unknown, _) = Credentials::permanent();
    assert_eq!(store.access_key(&unknown).await.unwrap(), None);
}

#[sqlx::test]
async fn a_revoked_key_stays_revoked(pool: PgPool) {
    let store = Store::from_pool(pool);
    let keys = master_keys();
    let [key, other, _] = of_each_kind(&keys);
    store.create_access_key(&key).await.unwrap();
    store.create_access_key(&other).await.unwrap();
    let revoked = store.revoke_access_key(&key.id).await.unwrap().unwrap();
    assert!(revoked.revoked_at.is_some());
    let again = store.revoke_access_key(&key.id).await.unwrap().unwrap();
    assert_eq!(again, revoked);
    let other = store.access_key(&other.id).await.unwrap().unwrap();
    assert_eq!(other.revoked_at, None);
    let (unknown, _) = Credentials::permanent();
    assert_eq!(store.revoke_access_key(&unknown).await.unwrap(), None);
}

#[sqlx::test]
async fn a_secret_is_replaced_where_it_is_as_known(pool: PgPool) {
    let store = Store::from_pool(pool);
    let keys = master_keys();
    let [key, ..] = of_each_kind(&keys);
    store.create_access_key(&key).await.unwrap();
    let sealed = key.proof.sealed_secret().unwrap();
    let reseal = |known, anew| store.reseal_access_key(&key.id, known, anew);
    assert!(!reseal(b"other", b"anew").await.unwrap());
    assert_eq!(store.access_key(&key.id).await.unwrap(), Some(key.clone()));
    assert!(reseal(sealed, b"anew").await.unwrap());
    assert!(!reseal(sealed, b"again").await.unwrap());
    let kept = store.access_key(&key.id).await.unwrap().unwrap();
    assert_eq!(kept.proof.sealed_secret(), Some(&b"anew"[..]));
}

#[sqlx::test]
async fn what_no_key_can_be_is_refused(pool: PgPool) {
    let store = Store::from_pool(pool.clone());
    let keys = master_keys();
    for key in of_each_kind(&keys) {
        store.create_access_key(&key).await.unwrap();
    }
    let refused = async |sql: &'static str| {
        let error = sqlx::query(sql).execute(&pool).await.unwrap_err();
        let error = error.into_database_error().unwrap();
        error.constraint().unwrap().to_owned()
    };
    for sql in [
        "UPDATE access_key SET account = '222222222222'",
        "UPDATE access_key SET policy = '{}'",
        "UPDATE access_key SET expires_at = now() WHERE kind = 'BEARER'",
        "UPDATE access_key SET token_hash = sha256('x') WHERE kind = 'BEARER'",
        "UPDATE access_key SET name = 'root'",
    ] {
        assert_eq!(refused(sql).await, "access_key_is_final", "{sql}");
    }
    sqlx::query("UPDATE access_key SET revoked_at = now()")
        .execute(&pool)
        .await
        .unwrap();
    let sql = "UPDATE access_key SET revoked_at = NULL";
    assert_eq!(refused(sql).await, "access_key_is_final");

    // Columns of a good row of each kind, and what is wrong with this one.
    let insert = async |kind: &str, changed: &str, value: &str| {
        let mut row = BTreeMap::from([
            ("account", "'111111111111'"),
            ("name", "'someone'"),
            ("created_at", "now()"),
            ("sealed_secret", "'x'"),
            ("token_hash", "sha256('x')"),
            ("expires_at", "now() + interval '1 h'"),
        ]);
        let id = match kind {
            "PERMANENT" => {
                row.remove("token_hash");
                row.remove("expires_at");
                "'AKIA2222222222222222'"
            }
            "TEMPORARY" => "'ASIA2222222222222222'",
            _ => {
                row.remove("sealed_secret");
                "'ABIA2222222222222222'"
            }
        };
        row.insert("id", id);
        let kind = format!("'{kind}'");
        row.insert("kind", &kind);
        row.insert(changed, value);
        let columns: Vec<_> = row.keys().copied().collect();
        let values: Vec<_> = row.values().copied().collect();
        let sql = format!(
            "INSERT INTO access_key ({}) VALUES ({})",
            columns.join(", "),
            values.join(", ")
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await
    };
    for (kind, changed, value, constraint) in [
        ("PERMANENT", "kind", "'ROOT'", "access_key_kind"),
        (
            "PERMANENT",
            "id",
            "'ASIA2222222222222222'",
            "access_key_id_form",
        ),
        (
            "BEARER",
            "id",
            "'ABIA222222222222222'",
            "access_key_id_form",
        ),
        (
            "TEMPORARY",
            "id",
            "'ASIA222222222222222a'",
            "access_key_id_form",
        ),
        ("PERMANENT", "account", "'1'", "access_key_account"),
        ("PERMANENT", "name", "'a b'", "access_key_name"),
        ("PERMANENT", "name", "''", "access_key_name"),
        ("PERMANENT", "sealed_secret", "NULL", "access_key_secret"),
        ("TEMPORARY", "sealed_secret", "NULL", "access_key_secret"),
        ("BEARER", "sealed_secret", "'x'", "access_key_secret"),
        ("PERMANENT", "token_hash", "sha256('x')", "access_key_token"),
        ("TEMPORARY", "token_hash", "NULL", "access_key_token"),
        ("BEARER", "token_hash", "NULL", "access_key_token"),
        (
            "BEARER",
            "token_hash",
            "'x'",
            "access_key_token_hash_length",
        ),
        ("BEARER", "policy", "'[]'", "access_key_policy"),
        (
            "PERMANENT",
            "expires_at",
            "now() + interval '1 h'",
            "access_key_expires_at",
        ),
        ("TEMPORARY", "expires_at", "NULL", "access_key_expires_at"),
        ("BEARER", "expires_at", "now()", "access_key_lives"),
    ] {
        let error = insert(kind, changed, value).await.unwrap_err();
        let error = error.into_database_error().unwrap();
        assert_eq!(error.constraint(), Some(constraint), "{kind} {changed}");
    }
    for kind in ["PERMANENT", "TEMPORARY", "BEARER"] {
        insert(kind, "policy", "'{}'").await.unwrap();
    }
}
