//! The tags of whatever has tags. A change is one statement that looks at what it finds, so that
//! two at once lose nothing and together do not exceed what a resource may have.

use sqlx::types::Json;

use super::{Store, StoreError};
use crate::domain::arn::Resource;
use crate::domain::ids::AccountId;
use crate::domain::tags::{MAX_TAGS, Tags};

/// What became of a request to tag a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagging {
    /// The account has no such resource.
    Unknown,
    /// It would have more tags than a resource may have; nothing was changed.
    TooMany,
    Done,
}

/// Reads the tags of one row, if it is there.
macro_rules! read {
    ($store:expr, $row:tt, $($which:expr),+) => {
        sqlx::query_scalar!(r#"SELECT tags AS "tags: Json<Tags>" FROM "# + $row, $($which),+)
            .fetch_optional(&$store.pool)
            .await?
    };
}

/// Writes the tags of one row; gives how many rows that were.
macro_rules! write {
    ($store:expr, $table:tt, $change:tt, $($argument:expr),+) => {
        sqlx::query!("UPDATE " + $table + " SET tags = " + $change, $($argument),+)
            .execute(&$store.pool)
            .await?
            .rows_affected()
    };
}

impl Store {
    /// The tags of a resource that the account has.
    pub async fn tags(
        &self,
        account: &AccountId,
        resource: &Resource,
    ) -> Result<Option<Tags>, StoreError> {
        let account = account.as_str();
        let tags = match resource {
            Resource::VirtualCluster(id) => read!(
                self,
                "virtual_cluster WHERE account = $1 AND id = $2",
                account,
                id.as_str()
            ),
            Resource::JobRun(cluster, id) => read!(
                self,
                "job_run WHERE account = $1 AND id = $2 AND virtual_cluster = $3",
                account,
                id.as_str(),
                cluster.as_str()
            ),
            Resource::JobTemplate(id) => read!(
                self,
                "job_template WHERE account = $1 AND id = $2",
                account,
                id.as_str()
            ),
            Resource::SecurityConfiguration(id) => read!(
                self,
                "security_configuration WHERE account = $1 AND id = $2 AND deleted_at IS NULL",
                account,
                id.as_str()
            ),
        };
        Ok(tags.map(|tags| tags.0))
    }

    /// Adds tags to a resource; a key that it has gets the new value.
    pub async fn tag(
        &self,
        account: &AccountId,
        resource: &Resource,
        tags: &Tags,
    ) -> Result<Tagging, StoreError> {
        let most = i64::try_from(MAX_TAGS).unwrap_or(i64::MAX);
        let (owner, new) = (account.as_str(), Json(tags));
        let written = match resource {
            Resource::VirtualCluster(id) => write!(
                self,
                "virtual_cluster",
                "tags || $1 WHERE (SELECT count(*) FROM jsonb_object_keys(tags || $1)) <= $2
                AND account = $3 AND id = $4",
                new as _,
                most,
                owner,
                id.as_str()
            ),
            Resource::JobRun(cluster, id) => write!(
                self,
                "job_run",
                "tags || $1 WHERE (SELECT count(*) FROM jsonb_object_keys(tags || $1)) <= $2
                AND account = $3 AND id = $4 AND virtual_cluster = $5",
                new as _,
                most,
                owner,
                id.as_str(),
                cluster.as_str()
            ),
            Resource::JobTemplate(id) => write!(
                self,
                "job_template",
                "tags || $1 WHERE (SELECT count(*) FROM jsonb_object_keys(tags || $1)) <= $2
                AND account = $3 AND id = $4",
                new as _,
                most,
                owner,
                id.as_str()
            ),
            Resource::SecurityConfiguration(id) => write!(
                self,
                "security_configuration",
                "tags || $1 WHERE (SELECT count(*) FROM jsonb_object_keys(tags || $1)) <= $2
                AND account = $3 AND id = $4 AND deleted_at IS NULL",
                new as _,
                most,
                owner,
                id.as_str()
            ),
        };
        if written > 0 {
            return Ok(Tagging::Done);
        }
        let there = self.tags(account, resource).await?.is_some();
        Ok(if there {
            Tagging::TooMany
        } else {
            Tagging::Unknown
        })
    }

    /// Takes tags from a resource; one that it does not have is not missed.
    pub async fn untag(
        &self,
        account: &AccountId,
        resource: &Resource,
        keys: &[String],
    ) -> Result<(), StoreError> {
        let account = account.as_str();
        match resource {
            Resource::VirtualCluster(id) => write!(
                self,
                "virtual_cluster",
                "tags - $1::text[] WHERE tags ?| $1 AND account = $2 AND id = $3",
                keys,
                account,
                id.as_str()
            ),
            Resource::JobRun(cluster, id) => write!(
                self,
                "job_run",
                "tags - $1::text[] WHERE tags ?| $1 AND account = $2 AND id = $3
                AND virtual_cluster = $4",
                keys,
                account,
                id.as_str(),
                cluster.as_str()
            ),
            Resource::JobTemplate(id) => write!(
                self,
                "job_template",
                "tags - $1::text[] WHERE tags ?| $1 AND account = $2 AND id = $3",
                keys,
                account,
                id.as_str()
            ),
            Resource::SecurityConfiguration(id) => write!(
                self,
                "security_configuration",
                "tags - $1::text[] WHERE tags ?| $1 AND account = $2 AND id = $3
                AND deleted_at IS NULL",
                keys,
                account,
                id.as_str()
            ),
        };
        Ok(())
    }
}
