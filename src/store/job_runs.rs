//! Job runs as callers see them: each belongs to an account, and to nobody else it is there.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::PgPool;

use super::gather::{Statement, each};
use super::rows::{JobRunRow, job_run_state};
use super::{Page, RequestHash, Store, StoreError, TokenError};
use crate::domain::ids::{AccountId, JobRunId, VirtualClusterId};
use crate::domain::job_run::{JobRun, State};

/// What became of a request to cancel a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// The virtual cluster has no such run.
    Unknown,
    NotCancellable(State),
    /// The run is CANCEL_PENDING and due now.
    Accepted,
}

/// Which runs to list; what is empty or absent matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobRunFilter {
    pub name: Option<String>,
    pub states: Vec<State>,
    /// Inclusive, as is `created_before`.
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// Selects whole rows; what follows `FROM` is the caller's.
macro_rules! job_runs {
    ($rest:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            JobRunRow,
            r#"SELECT id, account, virtual_cluster, cluster, namespace, name, client_token,
                request_hash, execution_role_arn, release_label, driver AS "driver: _",
                overrides AS "overrides: _", tags AS "tags: _", max_attempts, created_by,
                created_at, state::text AS "state!", state_details, failure_reason, finished_at,
                cancel_requested_at
            FROM "# + $rest,
            $($argument),+
        )
    };
}

impl Store {
    /// How many attempts each of these runs has had that count, the latest included; who had none
    /// is not among them.
    pub async fn attempt_counts(
        &self,
        runs: &[String],
    ) -> Result<BTreeMap<String, i32>, StoreError> {
        let counts = sqlx::query!(
            r#"SELECT run, (1 + count(*) FILTER (WHERE charged AND number < latest))::integer AS "count!"
            FROM (
                SELECT run, number, charged, max(number) OVER (PARTITION BY run) AS latest
                FROM job_run_attempt WHERE run = ANY($1)
            ) AS attempt
            GROUP BY run"#,
            runs,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(counts.into_iter().map(|row| (row.run, row.count)).collect())
    }

    /// The run that this client token started, whatever its state.
    pub async fn job_run_by_token(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        client_token: &str,
        request_hash: &RequestHash,
    ) -> Result<Option<JobRun>, TokenError> {
        let token = ClientToken {
            account: account.to_string(),
            virtual_cluster: virtual_cluster.to_string(),
            token: client_token.to_owned(),
        };
        match self.client_tokens.ask((), token).await? {
            None => Ok(None),
            Some((hash, _)) if hash != request_hash.0 => Err(TokenError::Reused),
            Some((_, run)) => Ok(Some(run)),
        }
    }

    pub async fn job_run(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        id: &JobRunId,
    ) -> Result<Option<JobRun>, StoreError> {
        job_runs!(
            "job_run WHERE account = $1 AND virtual_cluster = $2 AND id = $3",
            account.as_str(),
            virtual_cluster.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(JobRun::try_from)
        .transpose()
    }

    /// The virtual cluster's runs, the newest first.
    pub async fn list_job_runs(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        filter: &JobRunFilter,
        page: &Page,
    ) -> Result<Vec<JobRun>, StoreError> {
        let states: Vec<String> = State::ALL
            .iter()
            .filter(|state| filter.states.is_empty() || filter.states.contains(state))
            .map(State::to_string)
            .collect();
        let (from, below) = ids(filter, page);
        sqlx::query_file_as!(
            JobRunRow,
            "src/store/queries/list_job_runs.sql",
            account.as_str(),
            virtual_cluster.as_str(),
            below,
            from,
            filter.name,
            &states,
            page.limit,
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(JobRun::try_from)
        .collect()
    }

    /// Marks a run as to be cancelled and wakes it.
    pub async fn cancel_job_run(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        id: &JobRunId,
    ) -> Result<Cancellation, StoreError> {
        let accepted = sqlx::query_file_scalar!(
            "src/store/queries/cancel_job_run.sql",
            account.as_str(),
            virtual_cluster.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        if accepted.is_some() {
            return Ok(Cancellation::Accepted);
        }
        let state = sqlx::query_scalar!(
            r#"SELECT state::text AS "state!" FROM job_run
            WHERE account = $1 AND virtual_cluster = $2 AND id = $3"#,
            account.as_str(),
            virtual_cluster.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        match state {
            None => Ok(Cancellation::Unknown),
            Some(state) => Ok(Cancellation::NotCancellable(job_run_state(&state)?)),
        }
    }
}

/// Finds the runs that client tokens started.
pub(super) struct ClientTokens(pub PgPool);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ClientToken {
    account: String,
    virtual_cluster: String,
    token: String,
}

impl Statement for ClientTokens {
    type Lane = ();
    type Question = ClientToken;
    /// The run, and the hash of its request.
    type Answer = Option<(Vec<u8>, JobRun)>;

    async fn ask(
        &self,
        tokens: &[ClientToken],
    ) -> Result<Vec<Result<Self::Answer, StoreError>>, StoreError> {
        let of = |column: fn(&ClientToken) -> &str| tokens.iter().map(column).collect::<Vec<_>>();
        // Each token by the index, whatever the database believes of the table: LIMIT sees to it.
        let rows = job_runs!(
            r#"unnest($1::text[], $2::text[], $3::text[]) AS asked (of, place, token)
            CROSS JOIN LATERAL (
                SELECT * FROM job_run
                WHERE account = asked.of AND virtual_cluster = asked.place
                    AND client_token = asked.token
                LIMIT 1
            ) AS job_run"#,
            &of(|token| &token.account) as &[&str],
            &of(|token| &token.virtual_cluster) as &[&str],
            &of(|token| &token.token) as &[&str],
        )
        .fetch_all(&self.0)
        .await?;
        let mut found = HashMap::new();
        for row in rows {
            let token = ClientToken {
                account: row.account.clone(),
                virtual_cluster: row.virtual_cluster.clone(),
                token: row.client_token.clone(),
            };
            let hash = row.request_hash.clone();
            found.insert(token, JobRun::try_from(row).map(|run| (hash, run)));
        }
        Ok(each(tokens, &found))
    }
}

/// From which id on, and below which, the page lies: an id's time is its run's `created_at`, a whole
/// number of milliseconds.
fn ids(filter: &JobRunFilter, page: &Page) -> (String, String) {
    let first_after = |at: Timestamp| {
        let next = at.as_millisecond().saturating_add(1);
        JobRunId::first_of(Timestamp::from_millisecond(next).unwrap_or(Timestamp::MAX)).to_string()
    };
    let just_before = |at: Timestamp| at.checked_sub(Duration::from_nanos(1)).unwrap_or(at);
    let from = filter.created_after.unwrap_or(Timestamp::UNIX_EPOCH);
    let end = first_after(filter.created_before.unwrap_or(Timestamp::MAX));
    let after = page.after.as_ref().map(|after| after.id.clone());
    let below = after.map_or(end.clone(), |after| after.min(end));
    (first_after(just_before(from)), below)
}
