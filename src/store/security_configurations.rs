//! Security configurations: none goes while a virtual cluster that lives has it.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::rows::SecurityConfigurationRow;
use super::{Page, RequestHash, Store, StoreError, TokenError};
use crate::domain::account::Caller;
use crate::domain::ids::{AccountId, SecurityConfigurationId, VirtualClusterId};
use crate::domain::security_configuration::{NewSecurityConfiguration, SecurityConfiguration};

/// What became of a request to delete a security configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecurityConfigurationDeletion {
    /// The account has no such security configuration, or no longer.
    Unknown,
    /// This virtual cluster has it; nothing was changed.
    InUse(VirtualClusterId),
    Deleted,
}

/// Which security configurations to list; what is absent matches all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecurityConfigurationFilter {
    /// Inclusive, as is `created_before`.
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// Selects whole rows; what follows `FROM security_configuration` is the caller's.
macro_rules! security_configurations {
    ($rest:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            SecurityConfigurationRow,
            r#"SELECT id, account, name, data AS "data: _", tags AS "tags: _", created_by,
                created_at, request_hash
            FROM security_configuration "# + $rest,
            $($argument),+
        )
    };
}

impl Store {
    /// Creates a security configuration, or answers with the one that this client token made.
    pub async fn create_security_configuration(
        &self,
        caller: &Caller,
        new: &NewSecurityConfiguration,
        request_hash: &RequestHash,
    ) -> Result<SecurityConfiguration, TokenError> {
        let id = SecurityConfigurationId::random();
        let created_at = sqlx::query_scalar!(
            "INSERT INTO security_configuration (id, account, name, container_provider, data,
                client_token, request_hash, tags, created_by, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, date_trunc('milliseconds', now()))
            ON CONFLICT (account, client_token) DO NOTHING
            RETURNING created_at",
            id.as_str(),
            caller.account.as_str(),
            new.name,
            new.container_provider.as_ref().map(Json) as _,
            Json(&new.data) as _,
            new.client_token,
            &request_hash.0[..],
            Json(&new.tags) as _,
            caller.arn,
        )
        .fetch_optional(&self.pool)
        .await?;
        if let Some(created_at) = created_at {
            return Ok(SecurityConfiguration {
                id,
                account: caller.account.clone(),
                name: new.name.clone(),
                data: new.data.clone(),
                tags: new.tags.clone(),
                created_by: caller.arn.clone(),
                created_at: created_at.to_jiff(),
            });
        }
        let (account, token) = (&caller.account, &new.client_token);
        let original = self.security_configuration_by_token(account, token, request_hash);
        let lost = StoreError::UnknownValue("security_configuration.client_token");
        original.await?.ok_or(TokenError::Store(lost))
    }

    /// A security configuration that was not deleted.
    pub async fn security_configuration(
        &self,
        account: &AccountId,
        id: &SecurityConfigurationId,
    ) -> Result<Option<SecurityConfiguration>, StoreError> {
        security_configurations!(
            "WHERE account = $1 AND id = $2 AND deleted_at IS NULL",
            account.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(SecurityConfiguration::try_from)
        .transpose()
    }

    /// The security configuration that this client token made, deleted or not.
    pub async fn security_configuration_by_token(
        &self,
        account: &AccountId,
        client_token: &str,
        request_hash: &RequestHash,
    ) -> Result<Option<SecurityConfiguration>, TokenError> {
        let row = security_configurations!(
            "WHERE account = $1 AND client_token = $2",
            account.as_str(),
            client_token
        )
        .fetch_optional(&self.pool)
        .await?;
        match row {
            None => Ok(None),
            Some(row) if row.request_hash != request_hash.0 => Err(TokenError::Reused),
            Some(row) => Ok(Some(row.try_into()?)),
        }
    }

    /// The account's security configurations, the newest first.
    pub async fn list_security_configurations(
        &self,
        account: &AccountId,
        filter: &SecurityConfigurationFilter,
        page: &Page,
    ) -> Result<Vec<SecurityConfiguration>, StoreError> {
        let before = page.before(filter.created_before);
        security_configurations!(
            r#"WHERE account = $1 AND deleted_at IS NULL
                AND (created_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::text, ''))
                AND created_at >= coalesce($4::timestamptz, '-infinity')
            ORDER BY created_at DESC, id DESC
            LIMIT $5"#,
            account.as_str(),
            before.as_ref().map(|before| before.created_at.to_sqlx()),
            before.as_ref().map(|before| before.id.as_str()),
            filter.created_after.map(|at| at.to_sqlx()),
            page.limit,
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(SecurityConfiguration::try_from)
        .collect()
    }

    /// Deletes a security configuration that no virtual cluster has.
    pub async fn delete_security_configuration(
        &self,
        account: &AccountId,
        id: &SecurityConfigurationId,
    ) -> Result<SecurityConfigurationDeletion, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // This lock waits for every virtual cluster that comes with the configuration, and the
        // next statement sees it.
        let locked = sqlx::query_scalar!(
            "SELECT id FROM security_configuration
            WHERE account = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE",
            account.as_str(),
            id.as_str()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if locked.is_none() {
            return Ok(SecurityConfigurationDeletion::Unknown);
        }
        let user = sqlx::query_scalar!(
            "SELECT id FROM virtual_cluster
            WHERE security_configuration_id = $1 AND state <> 'TERMINATED' LIMIT 1",
            id.as_str()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(user) = user {
            let user = VirtualClusterId::parse(user)?;
            return Ok(SecurityConfigurationDeletion::InUse(user));
        }
        sqlx::query!(
            "UPDATE security_configuration SET deleted_at = now() WHERE id = $1",
            id.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(SecurityConfigurationDeletion::Deleted)
    }
}
