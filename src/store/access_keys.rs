//! Access keys. Every request looks its key up here, so a revoked one is refused at once, by every
//! replica: a statement that answers for many began after each of them asked.

use std::collections::{BTreeSet, HashMap};

use jiff_sqlx::ToSqlx as _;
use sqlx::PgPool;

use super::gather::{Statement, each};
use super::{Store, StoreError};
use crate::domain::access_key::{AccessKey, Proof, TokenHash};
use crate::domain::ids::{AccessKeyId, AccountId, UserName};

struct AccessKeyRow {
    id: String,
    account: String,
    name: String,
    kind: String,
    sealed_secret: Option<Vec<u8>>,
    token_hash: Option<Vec<u8>>,
    policy: Option<String>,
    created_at: jiff_sqlx::Timestamp,
    expires_at: Option<jiff_sqlx::Timestamp>,
    revoked_at: Option<jiff_sqlx::Timestamp>,
}

/// Selects whole rows; what follows `FROM access_key` is the caller's.
macro_rules! access_keys {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            AccessKeyRow,
            r#"SELECT id, account, name, kind, sealed_secret, token_hash, policy::text AS policy,
                created_at, expires_at, revoked_at
            FROM access_key "# + $rest,
            $($argument),*
        )
    };
}

impl Store {
    /// Keeps a new key. Its policy document is a JSON object.
    pub async fn create_access_key(&self, key: &AccessKey) -> Result<(), StoreError> {
        let token_hash = match &key.proof {
            Proof::Permanent { .. } => None,
            Proof::Temporary { session_token, .. } => Some(session_token),
            Proof::Bearer { token, .. } => Some(token),
        };
        sqlx::query!(
            "INSERT INTO access_key (id, account, name, kind, sealed_secret, token_hash, policy,
                created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9)",
            key.id.as_str(),
            key.account.as_str(),
            key.name.as_str(),
            key.proof.kind(),
            key.proof.sealed_secret(),
            token_hash.map(|hash| hash.0.as_slice()),
            key.policy,
            key.created_at.to_sqlx() as _,
            key.proof.expires_at().map(|at| at.to_sqlx()) as _,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The key, also where it is revoked.
    pub async fn access_key(&self, id: &AccessKeyId) -> Result<Option<AccessKey>, StoreError> {
        self.access_keys.ask((), id.clone()).await
    }

    /// All keys, the oldest first.
    pub async fn list_access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        access_keys!("ORDER BY created_at, id")
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(AccessKey::try_from)
            .collect()
    }

    /// Revokes a key for good; `None` where there is no such key.
    pub async fn revoke_access_key(
        &self,
        id: &AccessKeyId,
    ) -> Result<Option<AccessKey>, StoreError> {
        sqlx::query!(
            "UPDATE access_key SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL",
            id.as_str()
        )
        .execute(&self.pool)
        .await?;
        self.access_key(id).await
    }

    /// Puts a secret that was sealed anew in the place of `known`. `false` if that is not there any
    /// more; nothing was changed then.
    pub async fn reseal_access_key(
        &self,
        id: &AccessKeyId,
        known: &[u8],
        anew: &[u8],
    ) -> Result<bool, StoreError> {
        let changed = sqlx::query!(
            "UPDATE access_key SET sealed_secret = $3 WHERE id = $1 AND sealed_secret = $2",
            id.as_str(),
            known,
            anew
        )
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() > 0)
    }
}

/// Finds keys by their ids.
pub(super) struct AccessKeys(pub PgPool);

impl Statement for AccessKeys {
    type Lane = ();
    type Question = AccessKeyId;
    type Answer = Option<AccessKey>;

    async fn ask(
        &self,
        ids: &[AccessKeyId],
    ) -> Result<Vec<Result<Option<AccessKey>, StoreError>>, StoreError> {
        let distinct: BTreeSet<_> = ids.iter().map(AccessKeyId::as_str).collect();
        let distinct: Vec<_> = distinct.into_iter().collect();
        let rows = access_keys!("WHERE id = ANY($1)", &distinct as &[&str])
            .fetch_all(&self.0)
            .await?;
        let mut found = HashMap::new();
        for row in rows {
            found.insert(
                AccessKeyId::parse(row.id.as_str())?,
                AccessKey::try_from(row),
            );
        }
        Ok(each(ids, &found))
    }
}

impl TryFrom<AccessKeyRow> for AccessKey {
    type Error = StoreError;

    fn try_from(row: AccessKeyRow) -> Result<Self, StoreError> {
        let unknown = |column| move |_| StoreError::UnknownValue(column);
        let expires_at = row.expires_at.map(|at| at.to_jiff());
        let token = row
            .token_hash
            .map(|hash| hash.try_into().map(TokenHash))
            .transpose()
            .map_err(|_| StoreError::UnknownValue("access_key.token_hash"))?;
        let proof = match (row.kind.as_str(), row.sealed_secret, token, expires_at) {
            ("PERMANENT", Some(sealed_secret), None, None) => Proof::Permanent { sealed_secret },
            ("TEMPORARY", Some(sealed_secret), Some(session_token), Some(expires_at)) => {
                Proof::Temporary {
                    sealed_secret,
                    session_token,
                    expires_at,
                }
            }
            ("BEARER", None, Some(token), expires_at) => Proof::Bearer { token, expires_at },
            _ => return Err(StoreError::UnknownValue("access_key.kind")),
        };
        Ok(Self {
            id: AccessKeyId::parse(row.id).map_err(unknown("access_key.id"))?,
            account: AccountId::parse(row.account).map_err(unknown("access_key.account"))?,
            name: UserName::parse(row.name).map_err(unknown("access_key.name"))?,
            policy: row.policy,
            proof,
            created_at: row.created_at.to_jiff(),
            revoked_at: row.revoked_at.map(|at| at.to_jiff()),
        })
    }
}
