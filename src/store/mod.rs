//! All SQL of Firesteel. What the rest of the code sees of it are domain values and typed outcomes.
//!
//! A write under a lease proves in its own statement that the lease still holds; leases and due
//! times live by the database's clock alone; no transaction waits for anything but the database.

mod access_keys;
mod attempts;
mod census;
pub mod embedded;
mod errors;
mod events;
mod gather;
mod job_runs;
mod job_templates;
mod loaded;
mod places;
mod rows;
mod security_configurations;
mod starts;
mod stories;
mod tags;
mod tidying;
mod virtual_clusters;
mod wakes;
mod watches;
mod work;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use self::access_keys::AccessKeys;
use self::gather::Gather;
use self::job_runs::ClientTokens;
use self::starts::Starts;
use self::virtual_clusters::VirtualClusters;

pub use attempts::{Beginning, Recorded};
pub use census::Census;
pub use errors::{LeaseError, QueryFailure, StoreError, TokenError};
pub use job_runs::{Cancellation, JobRunFilter};
pub use job_templates::{JobTemplateFilter, SealedJobTemplate};
pub use loaded::Loaded;
pub use places::Place;
pub use security_configurations::{SecurityConfigurationDeletion, SecurityConfigurationFilter};
pub use starts::{StartJobRun, StartJobRunError};
pub use stories::{Progress, ToldAttempt};
pub use tags::Tagging;
pub use tidying::Miscounted;
pub use virtual_clusters::{
    CreateVirtualClusterError, Deletion, UpdateVirtualCluster, UpdateVirtualClusterError,
    VirtualClusterFilter,
};
pub use wakes::{Heard, Listener};
pub use watches::{Found, LiveAttempt, Observed, Standing, Term, Told, WatchKey};
pub use work::{Change, Lease};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Of the advisory locks: whoever brings the schema up to date.
const MIGRATION_LOCK: i64 = 0x6669_7265_7374_6565;
const MIGRATION_POLL: Duration = Duration::from_millis(100);

/// Postgres' times have no less between them.
const DATABASE_TICK: SignedDuration = SignedDuration::from_micros(1);

/// How long a connection is believed to be alive.
const PROVEN: Duration = Duration::from_secs(1);

const UNDEFINED_TABLE: &str = "42P01";

/// The database, shared by everything that needs it.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    access_keys: Gather<AccessKeys>,
    virtual_clusters: Gather<VirtualClusters>,
    client_tokens: Gather<ClientTokens>,
    starts: Gather<Starts>,
}

/// How to reach the database.
#[derive(Clone)]
pub struct Settings {
    /// `postgres://…`; may hold a password.
    pub url: String,
    pub max_connections: u32,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Duration,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .finish_non_exhaustive()
    }
}

/// What all replicas of one installation share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Installation {
    /// The mark on every object that Firesteel creates on a cluster.
    pub id: Uuid,
    /// Authenticates `nextToken`.
    pub token_key: [u8; 32],
}

impl fmt::Debug for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installation")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What makes two requests with one client token the same: the SHA-256 of a versioned, canonical
/// form of the parsed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHash(pub [u8; 32]);

/// One page of a list that runs from the newest to the oldest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The last entry of the page before.
    pub after: Option<Cursor>,
    /// The most entries to return.
    pub limit: i64,
}

impl Page {
    /// Before which place the page lies, where the list has nothing later than `created_before`.
    /// One bound, since an index is read from the first one on, and all that is between two bounds
    /// with it.
    fn before(&self, created_before: Option<Timestamp>) -> Option<Cursor> {
        let end = created_before
            .and_then(|last| last.checked_add(DATABASE_TICK).ok())
            .map(|created_at| Cursor {
                created_at,
                id: String::new(),
            });
        match (&self.after, end) {
            (Some(after), Some(end)) if end.created_at <= after.created_at => Some(end),
            (Some(after), Some(_) | None) => Some(after.clone()),
            (None, end) => end,
        }
    }
}

/// An entry's place in its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub created_at: Timestamp,
    pub id: String,
}

impl Store {
    /// Opens a pool and makes sure that the database answers.
    pub async fn connect(settings: &Settings) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            // A test is a round trip, and the pool has made one when the connection came back.
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move {
                    if about.idle_for > PROVEN {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect(&settings.url)
            .await;
        // The pool tries again until its time is up, and then does not say what was in the way.
        if let Err(sqlx::Error::PoolTimedOut) = pool {
            let direct = PgConnection::connect(&settings.url);
            if let Ok(Err(reason)) = tokio::time::timeout(settings.acquire_timeout, direct).await {
                return Err(reason.into());
            }
        }
        Ok(Self::from_pool(pool?))
    }

    pub fn from_pool(pool: PgPool) -> Self {
        Self {
            access_keys: Gather::new(AccessKeys(pool.clone())),
            virtual_clusters: Gather::new(VirtualClusters(pool.clone())),
            client_tokens: Gather::new(ClientTokens(pool.clone())),
            starts: Gather::new(Starts(pool.clone())),
            pool,
        }
    }

    /// Brings the schema up to this version. Replicas that do so at once wait for each other.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // Closed whatever happens, and with them go the locks of their sessions.
        let own = PgPoolOptions::new()
            .max_connections(2)
            .connect_lazy_with((*self.pool.connect_options()).clone());
        let done = migrate_alone(&own).await;
        own.close().await;
        done
    }

    /// Whether the schema is exactly this version's.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        let table = &MIGRATIONS.table_name;
        let applied = connection
            .list_applied_migrations(table)
            .await
            .map_err(StoreError::from);
        let applied = match applied {
            Err(StoreError::Query(failure)) if failure.code() == Some(UNDEFINED_TABLE) => {
                return Err(StoreError::SchemaOlder);
            }
            applied => applied?,
        };
        let known = |version| MIGRATIONS.version_exists(version);
        if applied.iter().any(|migration| !known(migration.version)) {
            return Err(StoreError::SchemaNewer);
        }
        let complete = MIGRATIONS.iter().all(|known| {
            applied.iter().any(|applied| {
                applied.version == known.version && applied.checksum == known.checksum
            })
        });
        if complete {
            Ok(())
        } else {
            Err(StoreError::SchemaOlder)
        }
    }

    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query!("SELECT 1 AS one")
            .fetch_one(&self.pool)
            .await?;
        Ok(())
    }

    /// The installation's row, made by whoever asks first.
    pub async fn installation(&self) -> Result<Installation, StoreError> {
        let token_key: [u8; 32] = rand::random();
        sqlx::query!(
            "INSERT INTO installation (id, token_key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            Uuid::new_v4(),
            token_key.as_slice(),
        )
        .execute(&self.pool)
        .await?;
        let row = sqlx::query!("SELECT id, token_key FROM installation")
            .fetch_one(&self.pool)
            .await?;
        Ok(Installation {
            id: row.id,
            token_key: row
                .token_key
                .try_into()
                .map_err(|_| StoreError::UnknownValue("installation.token_key"))?,
        })
    }
}

async fn migrate_alone(own: &PgPool) -> Result<(), StoreError> {
    let mut alone = own.acquire().await?;
    until_alone(&mut alone).await?;
    drop_broken_indexes(&mut alone).await?;
    Ok(MIGRATIONS.run(own).await?)
}

/// Building an index beside writers waits for every statement that began before. A replica that waited
/// within a statement for the one that builds would be waited for by it: so each asks again and again.
async fn until_alone(connection: &mut PgConnection) -> Result<(), StoreError> {
    while !sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock($1) AS "alone!""#,
        MIGRATION_LOCK
    )
    .fetch_one(&mut *connection)
    .await?
    {
        tokio::time::sleep(MIGRATION_POLL).await;
    }
    Ok(())
}

/// Where the building of an index was broken off, one is left that serves nobody and has its name.
async fn drop_broken_indexes(connection: &mut PgConnection) -> Result<(), StoreError> {
    let broken = sqlx::query_scalar!(
        r#"SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) AS "drop!"
        FROM pg_index WHERE indrelid = to_regclass('job_run') AND NOT indisvalid"#
    )
    .fetch_all(&mut *connection)
    .await?;
    for drop in broken {
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
