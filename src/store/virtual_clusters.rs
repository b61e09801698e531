//! Virtual clusters: one that lives has its namespace to itself, and none ends under a live run.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::errors::Constraint;
use super::rows::VirtualClusterRow;
use super::{Page, RequestHash, Store, StoreError, TokenError};
use crate::domain::account::Caller;
use crate::domain::ids::{AccountId, VirtualClusterId};
use crate::domain::virtual_cluster::{NewVirtualCluster, State, VirtualCluster};

/// A virtual cluster was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateVirtualClusterError {
    #[error("the namespace belongs to another virtual cluster")]
    NamespaceTaken,
    #[error("the client token was used for a different request")]
    TokenReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a request to delete a virtual cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The account has no such virtual cluster.
    Unknown,
    /// This many runs are not over yet; nothing was changed.
    HasLiveRuns(i64),
    /// It is TERMINATED, now or since an earlier request.
    Deleted,
}

/// Which virtual clusters to list; what is empty or absent matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VirtualClusterFilter {
    /// `containerProvider.id`, as the caller wrote it.
    pub cluster: Option<String>,
    pub states: Vec<State>,
    /// Inclusive, as is `created_before`.
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// Selects whole rows; what follows `FROM virtual_cluster` is the caller's.
macro_rules! virtual_clusters {
    ($rest:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            VirtualClusterRow,
            r#"SELECT id, account, name, state, cluster, namespace, node_label,
                tags AS "tags: _", security_configuration_id, session_enabled,
                scheduler AS "scheduler: _", created_at, request_hash
            FROM virtual_cluster "# + $rest,
            $($argument),+
        )
    };
}

impl Store {
    /// Creates a virtual cluster, or answers with the one that this client token made.
    pub async fn create_virtual_cluster(
        &self,
        caller: &Caller,
        new: &NewVirtualCluster,
        request_hash: &RequestHash,
    ) -> Result<VirtualCluster, CreateVirtualClusterError> {
        let refused = match self.insert_virtual_cluster(caller, new, request_hash).await {
            Ok(Some(created)) => return Ok(created),
            Ok(None) => None,
            // Twins of one request may meet at the namespace before they meet at the token.
            Err(error) if error.constraint() == Some(Constraint::Namespace) => {
                Some(CreateVirtualClusterError::NamespaceTaken)
            }
            Err(error) => return Err(error.into()),
        };
        let original = self
            .virtual_cluster_by_token(&caller.account, &new.client_token, request_hash)
            .await?;
        match (original, refused) {
            (Some(original), _) => Ok(original),
            (None, Some(refused)) => Err(refused),
            (None, None) => Err(StoreError::UnknownValue("virtual_cluster.client_token").into()),
        }
    }

    pub async fn virtual_cluster(
        &self,
        account: &AccountId,
        id: &VirtualClusterId,
    ) -> Result<Option<VirtualCluster>, StoreError> {
        virtual_clusters!(
            "WHERE account = $1 AND id = $2",
            account.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.pool)
        .await?
        .map(VirtualCluster::try_from)
        .transpose()
    }

    /// The virtual cluster that this client token made, whatever its state.
    pub async fn virtual_cluster_by_token(
        &self,
        account: &AccountId,
        client_token: &str,
        request_hash: &RequestHash,
    ) -> Result<Option<VirtualCluster>, TokenError> {
        let row = virtual_clusters!(
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

    /// The account's virtual clusters, the newest first.
    pub async fn list_virtual_clusters(
        &self,
        account: &AccountId,
        filter: &VirtualClusterFilter,
        page: &Page,
    ) -> Result<Vec<VirtualCluster>, StoreError> {
        let states: Vec<String> = filter.states.iter().map(State::to_string).collect();
        let after = page.after.as_ref();
        virtual_clusters!(
            r#"WHERE account = $1
                AND (created_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::text, ''))
                AND created_at >= coalesce($4::timestamptz, '-infinity')
                AND created_at <= coalesce($5::timestamptz, 'infinity')
                AND ($6::text IS NULL OR cluster = $6)
                AND (cardinality($7::text[]) = 0 OR state = ANY($7))
            ORDER BY created_at DESC, id DESC
            LIMIT $8"#,
            account.as_str(),
            after.map(|after| after.created_at.to_sqlx()),
            after.map(|after| after.id.as_str()),
            filter.created_after.map(|at| at.to_sqlx()),
            filter.created_before.map(|at| at.to_sqlx()),
            filter.cluster.as_deref(),
            &states,
            page.limit,
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(VirtualCluster::try_from)
        .collect()
    }

    /// Terminates a virtual cluster whose runs are all over.
    pub async fn delete_virtual_cluster(
        &self,
        account: &AccountId,
        id: &VirtualClusterId,
    ) -> Result<Deletion, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // This lock waits for every start that has seen the cluster RUNNING and stops new ones.
        let state = sqlx::query_scalar!(
            "SELECT state FROM virtual_cluster WHERE account = $1 AND id = $2 FOR UPDATE",
            account.as_str(),
            id.as_str()
        )
        .fetch_optional(&mut *transaction)
        .await?;
        match state.as_deref().map(State::parse) {
            None => return Ok(Deletion::Unknown),
            Some(Some(State::Terminated)) => return Ok(Deletion::Deleted),
            Some(Some(State::Running | State::Terminating | State::Arrested)) => {}
            Some(None) => return Err(StoreError::UnknownValue("virtual_cluster.state")),
        }
        let live = sqlx::query_scalar!(
            r#"SELECT count(*) AS "live!"
            FROM virtual_cluster AS place
            JOIN work ON work.cluster = place.cluster AND work.account = place.account
                AND work.virtual_cluster = place.id
            JOIN job_run ON job_run.id = work.run
            WHERE place.id = $1 AND job_run.state < 'COMPLETED'"#,
            id.as_str()
        )
        .fetch_one(&mut *transaction)
        .await?;
        if live > 0 {
            return Ok(Deletion::HasLiveRuns(live));
        }
        sqlx::query!(
            "UPDATE virtual_cluster SET state = 'TERMINATED', terminated_at = now() WHERE id = $1",
            id.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Deletion::Deleted)
    }

    /// `None` where the client token is known already.
    async fn insert_virtual_cluster(
        &self,
        caller: &Caller,
        new: &NewVirtualCluster,
        request_hash: &RequestHash,
    ) -> Result<Option<VirtualCluster>, StoreError> {
        let id = VirtualClusterId::random();
        let created_at = sqlx::query_file_scalar!(
            "src/store/queries/insert_virtual_cluster.sql",
            id.as_str(),
            caller.account.as_str(),
            new.name,
            new.cluster.as_str(),
            new.namespace,
            new.node_label,
            new.client_token,
            &request_hash.0[..],
            Json(&new.tags) as _,
            new.security_configuration_id,
            new.session_enabled,
            new.scheduler.map(Json) as _,
            caller.arn,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(created_at.map(|created_at| VirtualCluster {
            id,
            account: caller.account.clone(),
            name: new.name.clone(),
            state: State::Running,
            cluster: new.cluster.clone(),
            namespace: new.namespace.clone(),
            node_label: new.node_label.clone(),
            tags: new.tags.clone(),
            security_configuration_id: new.security_configuration_id.clone(),
            session_enabled: new.session_enabled,
            scheduler: new.scheduler,
            created_at: created_at.to_jiff(),
        }))
    }
}

impl From<TokenError> for CreateVirtualClusterError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Reused => Self::TokenReused,
            TokenError::Store(error) => Self::Store(error),
        }
    }
}
