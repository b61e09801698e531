//! Job templates. What is sealed stays sealed here: the store has no keys.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::{Page, RequestHash, Store, StoreError, TokenError};
use crate::domain::account::Caller;
use crate::domain::ids::{AccountId, JobTemplateId};
use crate::domain::job_template::{JobTemplate, JobTemplateData, KeptData, NewJobTemplate};

/// Which templates to list; what is absent matches all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobTemplateFilter {
    /// Inclusive, as is `created_before`.
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// A template's data as it is sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedJobTemplate {
    pub id: JobTemplateId,
    pub sealed: Vec<u8>,
}

struct JobTemplateRow {
    id: String,
    account: String,
    name: String,
    request_hash: Vec<u8>,
    data: Option<Json<JobTemplateData>>,
    sealed_data: Option<Vec<u8>>,
    kms_key_arn: Option<String>,
    tags: Json<BTreeMap<String, String>>,
    created_by: String,
    created_at: jiff_sqlx::Timestamp,
}

/// Selects whole rows; what follows `FROM job_template` is the caller's.
macro_rules! job_templates {
    ($rest:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            JobTemplateRow,
            r#"SELECT id, account, name, request_hash, data AS "data: _", sealed_data, kms_key_arn,
                tags AS "tags: _", created_by, created_at
            FROM job_template "# + $rest,
            $($argument),+
        )
    };
}

impl Store {
    /// Creates a template, or answers with the one that this client token made.
    pub async fn create_job_template(
        &self,
        caller: &Caller,
        new: &NewJobTemplate,
        request_hash: &RequestHash,
    ) -> Result<JobTemplate, TokenError> {
        // Once more only where the template was deleted between the two statements.
        loop {
            if let Some(created) = self.insert_job_template(caller, new, request_hash).await? {
                return Ok(created);
            }
            let (account, token) = (&caller.account, &new.client_token);
            let original = self.job_template_by_token(account, token, request_hash);
            if let Some(original) = original.await? {
                return Ok(original);
            }
        }
    }

    pub async fn job_template(
        &self,
        account: &AccountId,
        id: &JobTemplateId,
    ) -> Result<Option<JobTemplate>, StoreError> {
        job_templates!(
            "WHERE account = $1 AND id = $2",
            account.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(JobTemplate::try_from)
        .transpose()
    }

    /// The template that this client token made, while it is there.
    pub async fn job_template_by_token(
        &self,
        account: &AccountId,
        client_token: &str,
        request_hash: &RequestHash,
    ) -> Result<Option<JobTemplate>, TokenError> {
        let row = job_templates!(
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

    /// The account's templates, the newest first.
    pub async fn list_job_templates(
        &self,
        account: &AccountId,
        filter: JobTemplateFilter,
        page: &Page,
    ) -> Result<Vec<JobTemplate>, StoreError> {
        let before = page.before(filter.created_before);
        job_templates!(
            r#"WHERE account = $1
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
        .map(JobTemplate::try_from)
        .collect()
    }

    /// Deletes a template and its client token. `false` if the account has no such template.
    pub async fn delete_job_template(
        &self,
        account: &AccountId,
        id: &JobTemplateId,
    ) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "DELETE FROM job_template WHERE account = $1 AND id = $2",
            account.as_str(),
            id.as_str()
        )
        .execute(&self.pool)
        .await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// The sealed templates of all accounts, in the order of their ids, up to `limit` of them after
    /// the one given.
    pub async fn sealed_job_templates(
        &self,
        after: Option<&JobTemplateId>,
        limit: i64,
    ) -> Result<Vec<SealedJobTemplate>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id, sealed_data AS "sealed_data!" FROM job_template
            WHERE sealed_data IS NOT NULL AND id > coalesce($1::text, '')
            ORDER BY id LIMIT $2"#,
            after.map(JobTemplateId::as_str),
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(SealedJobTemplate {
                    id: JobTemplateId::parse(row.id)?,
                    sealed: row.sealed_data,
                })
            })
            .collect()
    }

    /// Puts data that was sealed anew in the place of what `known` has. `false` if that is not
    /// there any more; nothing was changed then.
    pub async fn reseal_job_template(
        &self,
        known: &SealedJobTemplate,
        anew: &[u8],
    ) -> Result<bool, StoreError> {
        let changed = sqlx::query!(
            "UPDATE job_template SET sealed_data = $3 WHERE id = $1 AND sealed_data = $2",
            known.id.as_str(),
            &known.sealed,
            anew
        )
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() > 0)
    }

    /// `None` where the client token is known already.
    async fn insert_job_template(
        &self,
        caller: &Caller,
        new: &NewJobTemplate,
        request_hash: &RequestHash,
    ) -> Result<Option<JobTemplate>, StoreError> {
        let (open, sealed) = match &new.data {
            KeptData::Open(data) => (Some(Json(data)), None),
            KeptData::Sealed(sealed) => (None, Some(sealed)),
        };
        let created_at = sqlx::query_scalar!(
            r#"INSERT INTO job_template (
                id, account, name, client_token, request_hash, data, sealed_data, kms_key_arn, tags,
                created_by, created_at
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, date_trunc('milliseconds', now()))
            ON CONFLICT (account, client_token) DO NOTHING
            RETURNING created_at"#,
            new.id.as_str(),
            caller.account.as_str(),
            new.name,
            new.client_token,
            &request_hash.0[..],
            open as _,
            sealed,
            new.kms_key_arn,
            Json(&new.tags) as _,
            caller.arn,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(created_at.map(|created_at| JobTemplate {
            id: new.id.clone(),
            account: caller.account.clone(),
            name: new.name.clone(),
            data: new.data.clone(),
            kms_key_arn: new.kms_key_arn.clone(),
            tags: new.tags.clone(),
            created_by: caller.arn.clone(),
            created_at: created_at.to_jiff(),
        }))
    }
}

impl TryFrom<JobTemplateRow> for JobTemplate {
    type Error = StoreError;

    fn try_from(row: JobTemplateRow) -> Result<Self, StoreError> {
        let data = match (row.data, row.sealed_data) {
            (Some(Json(data)), None) => KeptData::Open(Box::new(data)),
            (None, Some(sealed)) => KeptData::Sealed(sealed),
            (Some(_), Some(_)) | (None, None) => {
                return Err(StoreError::UnknownValue("job_template.data"));
            }
        };
        Ok(Self {
            data,
            id: JobTemplateId::parse(row.id)?,
            account: AccountId::parse(row.account)?,
            name: row.name,
            kms_key_arn: row.kms_key_arn,
            tags: row.tags.0,
            created_by: row.created_by,
            created_at: row.created_at.to_jiff(),
        })
    }
}
