//! What the database says becomes one of few errors here, and constraint names are known here
//! alone. Rows never enter an error: Postgres' details quote them, and they hold secrets.

use sqlx::error::DatabaseError;

const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A statement did not do its work.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is overloaded or shutting down, or gave this statement up:
    /// the same call may succeed later.
    #[error("the database is not available")]
    Unavailable(#[source] QueryFailure),
    #[error("the database refused a statement")]
    Query(#[source] QueryFailure),
    #[error("the database's URL is not valid")]
    InvalidUrl(#[source] QueryFailure),
    /// A column holds something that only another version, or a hand, can have written.
    #[error("the database holds a value of {0} that this version does not know")]
    UnknownValue(&'static str),
    #[error("the database's schema is older than this version: run `firesteel migrate`")]
    SchemaOlder,
    #[error("the database's schema is newer than this version: run a newer Firesteel")]
    SchemaNewer,
    /// Somebody's transaction held a table for longer than readers may be kept waiting.
    #[error(
        "the database's schema was not migrated, and nothing was changed: another transaction uses \
         its tables, and a migration keeps everybody waiting for a few seconds at most. Try again, \
         or end the transaction first (pg_stat_activity shows it)"
    )]
    TablesInUse,
    #[error("the database's schema could not be migrated: {0}")]
    Migration(String),
}

/// What Postgres or its driver said, without any value of a row.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct QueryFailure {
    message: String,
    code: Option<String>,
    constraint: Option<String>,
}

/// A write under a lease, or a read for it, did not happen.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else has the run, or may have: nothing was written.
    #[error("the lease is lost")]
    Lost,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A client token did not lead to an answer.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the client token was used for a different request")]
    Reused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The constraints that tell a caller something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Constraint {
    /// A drawn job-run id is taken.
    JobRunId,
    /// A drawn virtual cluster id is taken.
    VirtualClusterId,
    /// Another virtual cluster has the namespace.
    Namespace,
    /// Another virtual cluster has the security configuration.
    SecurityConfiguration,
}

impl StoreError {
    /// Whoever asked with others lost the answer: what asked for all of them came to an end.
    pub(super) fn unanswered() -> Self {
        Self::Query(QueryFailure {
            message: "the statement came to no answer".to_owned(),
            code: None,
            constraint: None,
        })
    }

    pub(super) fn constraint(&self) -> Option<Constraint> {
        let Self::Query(failure) = self else {
            return None;
        };
        match failure.constraint.as_deref()? {
            "job_run_pkey" => Some(Constraint::JobRunId),
            "virtual_cluster_pkey" | "virtual_cluster_place" => Some(Constraint::VirtualClusterId),
            "virtual_cluster_one_per_namespace" => Some(Constraint::Namespace),
            "virtual_cluster_one_per_security_configuration" => {
                Some(Constraint::SecurityConfiguration)
            }
            _ => None,
        }
    }
}

impl QueryFailure {
    /// The SQLSTATE, where Postgres itself answered.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The constraint that refused the statement.
    pub fn constraint(&self) -> Option<&str> {
        self.constraint.as_deref()
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let failure = QueryFailure {
            // Its source quotes what was read.
            message: if let sqlx::Error::ColumnDecode { index, .. } = &error {
                format!("column {index} cannot be decoded")
            } else {
                error.to_string()
            },
            code: error
                .as_database_error()
                .and_then(|error| error.code().map(|code| code.into_owned())),
            constraint: error
                .as_database_error()
                .and_then(DatabaseError::constraint)
                .map(str::to_owned),
        };
        let passes = match failure.code.as_deref() {
            Some(code) => is_passing(code),
            None => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
        };
        if passes {
            Self::Unavailable(failure)
        } else if matches!(error, sqlx::Error::Configuration(_)) {
            Self::InvalidUrl(failure)
        } else {
            Self::Query(failure)
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        if let MigrateError::Execute(error) = error {
            error.into()
        } else if matches!(&error, MigrateError::ExecuteMigration(error, _) if waited_too_long(error))
        {
            Self::TablesInUse
        } else if matches!(
            error,
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..)
        ) {
            Self::SchemaNewer
        } else {
            Self::Migration(error.to_string())
        }
    }
}

/// Whether the statement's `lock_timeout` was over.
fn waited_too_long(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.as_deref() == Some(LOCK_NOT_AVAILABLE)
}

impl From<sqlx::Error> for LeaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<sqlx::Error> for TokenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// SQLSTATEs that say nothing about the statement: connection, rollback (deadlock), resources, an
/// operator's or a timeout's cancellation, start and shutdown, by their class; a standby, a
/// transaction's time, a lock's time; and who is not let in, of which a change of a password or the
/// work on a database are the passing causes.
fn is_passing(code: &str) -> bool {
    matches!(code.get(..2), Some("08" | "28" | "3D" | "40" | "53" | "57"))
        || matches!(
            code,
            "25006" | "25P03" | "25P04" | "55000" | LOCK_NOT_AVAILABLE
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_told_from_a_refused_statement() {
        let lost: StoreError = sqlx::Error::PoolTimedOut.into();
        assert!(matches!(lost, StoreError::Unavailable(_)));
        let refused: StoreError = sqlx::Error::RowNotFound.into();
        assert!(matches!(refused, StoreError::Query(_)));
        assert!(is_passing("57P01") && is_passing("40P01") && is_passing("08006"));
        for nobody_let_in in ["28P01", "3D000", "55000"] {
            assert!(is_passing(nobody_let_in), "{nobody_let_in}");
        }
        assert!(!is_passing("23514") && !is_passing("42501"));
    }
}
