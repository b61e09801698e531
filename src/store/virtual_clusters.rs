//! Virtual clusters: one that lives has its namespace to itself, and none ends under a live run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgPool;
use sqlx::types::Json;

use super::errors::Constraint;
use super::gather::{Statement, each};
use super::rows::VirtualClusterRow;
use super::{Page, RequestHash, Store, StoreError, TokenError};
use crate::domain::account::Caller;
use crate::domain::ids::{AccountId, SecurityConfigurationId, VirtualClusterId};
use crate::domain::virtual_cluster::{
    NewVirtualCluster, SchedulerConfiguration, SchedulerStatus, State, VirtualCluster,
};

/// A virtual cluster was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateVirtualClusterError {
    #[error("the namespace belongs to another virtual cluster")]
    NamespaceTaken,
    #[error("the account has no such security configuration")]
    UnknownSecurityConfiguration,
    #[error("the security configuration belongs to another virtual cluster")]
    SecurityConfigurationTaken,
    #[error("the client token was used for a different request")]
    TokenReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An update of a virtual cluster.
#[derive(Clone, Copy, Debug)]
pub struct UpdateVirtualCluster<'a> {
    pub caller: &'a Caller,
    pub id: &'a VirtualClusterId,
    /// Replaces what there is, where it is given at all; one that limits nothing clears it.
    pub scheduler: Option<SchedulerConfiguration>,
    pub client_token: &'a str,
    pub request_hash: &'a RequestHash,
}

/// A virtual cluster was not updated.
#[derive(Debug, thiserror::Error)]
pub enum UpdateVirtualClusterError {
    #[error("the account has no such virtual cluster")]
    Unknown,
    #[error("the virtual cluster is {0}")]
    NotRunning(State),
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
            r#"SELECT id, account, name, state, state_details, cluster, namespace, node_label,
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
            // Twins of one request may meet elsewhere before they meet at the token.
            Err(error) => match error.constraint() {
                Some(Constraint::Namespace) => Some(CreateVirtualClusterError::NamespaceTaken),
                Some(Constraint::SecurityConfiguration) => {
                    Some(CreateVirtualClusterError::SecurityConfigurationTaken)
                }
                Some(Constraint::JobRunId | Constraint::VirtualClusterId) | None => {
                    return Err(error.into());
                }
            },
        };
        let original = self
            .virtual_cluster_by_token(&caller.account, &new.client_token, request_hash)
            .await?;
        match (original, refused) {
            (Some(original), _) => Ok(original),
            (None, Some(refused)) => Err(refused),
            (None, None) => Err(CreateVirtualClusterError::UnknownSecurityConfiguration),
        }
    }

    pub async fn virtual_cluster(
        &self,
        account: &AccountId,
        id: &VirtualClusterId,
    ) -> Result<Option<VirtualCluster>, StoreError> {
        let question = (account.clone(), id.clone());
        self.virtual_clusters.ask((), question).await
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
        let before = page.before(filter.created_before);
        virtual_clusters!(
            r#"WHERE account = $1
                AND (created_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::text, ''))
                AND created_at >= coalesce($4::timestamptz, '-infinity')
                AND ($5::text IS NULL OR cluster = $5)
                AND (cardinality($6::text[]) = 0 OR state = ANY($6))
            ORDER BY created_at DESC, id DESC
            LIMIT $7"#,
            account.as_str(),
            before.as_ref().map(|before| before.created_at.to_sqlx()),
            before.as_ref().map(|before| before.id.as_str()),
            filter.created_after.map(|at| at.to_sqlx()),
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

    /// Updates a RUNNING virtual cluster, once for a client token, and gives it as it is now.
    pub async fn update_virtual_cluster(
        &self,
        update: &UpdateVirtualCluster<'_>,
    ) -> Result<VirtualCluster, UpdateVirtualClusterError> {
        let account = &update.caller.account;
        let limits = update
            .scheduler
            .and_then(SchedulerConfiguration::limiting)
            .map(Json);
        let updated = sqlx::query_file_scalar!(
            "src/store/queries/update_virtual_cluster.sql",
            account.as_str(),
            update.id.as_str(),
            update.client_token,
            &update.request_hash.0[..],
            update.caller.arn,
            update.scheduler.is_some(),
            limits as _,
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::from)?;
        let (id, token, hash) = (update.id, update.client_token, update.request_hash);
        let done = updated.is_some() || self.knows_update(account, id, token, hash).await?;
        match self.virtual_cluster(account, id).await? {
            None => Err(UpdateVirtualClusterError::Unknown),
            Some(found) if done => Ok(found),
            Some(found) => Err(UpdateVirtualClusterError::NotRunning(found.state)),
        }
    }

    /// How many runs count against the limits of each of these virtual clusters; those without
    /// limits are not among them.
    pub async fn scheduler_status(
        &self,
        ids: &[String],
    ) -> Result<BTreeMap<VirtualClusterId, SchedulerStatus>, StoreError> {
        sqlx::query_file!("src/store/queries/scheduler_status.sql", ids)
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(|row| {
                let status = SchedulerStatus {
                    in_queue: row.in_queue,
                    concurrent: row.running,
                };
                Ok((VirtualClusterId::parse(row.virtual_cluster)?, status))
            })
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
            "UPDATE virtual_cluster
            SET state = 'TERMINATED', state_details = NULL, terminated_at = now() WHERE id = $1",
            id.as_str()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Deletion::Deleted)
    }

    /// Whether this client token has updated the virtual cluster already.
    async fn knows_update(
        &self,
        account: &AccountId,
        id: &VirtualClusterId,
        client_token: &str,
        request_hash: &RequestHash,
    ) -> Result<bool, TokenError> {
        let known = sqlx::query_scalar!(
            "SELECT made.request_hash FROM virtual_cluster_update AS made
            JOIN virtual_cluster ON virtual_cluster.id = made.virtual_cluster
            WHERE virtual_cluster.account = $1 AND made.virtual_cluster = $2
                AND made.client_token = $3",
            account.as_str(),
            id.as_str(),
            client_token
        )
        .fetch_optional(&self.pool)
        .await?;
        match known {
            None => Ok(false),
            Some(known) if known != request_hash.0 => Err(TokenError::Reused),
            Some(_) => Ok(true),
        }
    }

    /// `None` where the client token is known already, or the security configuration is not.
    async fn insert_virtual_cluster(
        &self,
        caller: &Caller,
        new: &NewVirtualCluster,
        request_hash: &RequestHash,
    ) -> Result<Option<VirtualCluster>, StoreError> {
        let id = VirtualClusterId::random();
        let security_configuration_id = new
            .security_configuration_id
            .as_ref()
            .map(SecurityConfigurationId::as_str);
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
            security_configuration_id,
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
            state_details: None,
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

/// Finds virtual clusters by their accounts and ids.
pub(super) struct VirtualClusters(pub PgPool);

impl Statement for VirtualClusters {
    type Lane = ();
    type Question = (AccountId, VirtualClusterId);
    type Answer = Option<VirtualCluster>;

    async fn ask(
        &self,
        questions: &[Self::Question],
    ) -> Result<Vec<Result<Self::Answer, StoreError>>, StoreError> {
        let distinct: BTreeSet<_> = questions.iter().map(|(_, id)| id.as_str()).collect();
        let distinct: Vec<_> = distinct.into_iter().collect();
        let rows = virtual_clusters!("WHERE id = ANY($1)", &distinct as &[&str])
            .fetch_all(&self.0)
            .await?;
        let mut found = HashMap::new();
        for row in rows {
            // One of another account answers nobody's question.
            let of = (
                AccountId::parse(row.account.as_str())?,
                VirtualClusterId::parse(row.id.as_str())?,
            );
            found.insert(of, VirtualCluster::try_from(row));
        }
        Ok(each(questions, &found))
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

impl From<TokenError> for UpdateVirtualClusterError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Reused => Self::TokenReused,
            TokenError::Store(error) => Self::Store(error),
        }
    }
}
