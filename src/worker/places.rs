//! Whether each virtual cluster can still use its namespace. Only the cluster's own word counts: one
//! that does not answer says nothing.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Context;
use super::health::Gate;
use super::served::{STORE_PAUSE, Served};
use crate::cluster::{ClusterError, NamespaceError};
use crate::domain::ids::ClusterId;
use crate::store::{Place, StoreError};

/// Between two looks for checks that are due.
const LEAST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Checks taken at a time, which one replica can make before others think them lost.
const BATCH: i64 = 20;
/// Checks of one cluster under way.
const AT_ONCE: usize = 2;
/// A cluster that has just started refuses for a moment what it allows: before a virtual cluster is
/// arrested its namespace is checked again after so long.
const LONGEST_DOUBT: Duration = Duration::from_secs(5);
/// A check asks for several things.
const LIMIT: Duration = Duration::from_secs(30);

/// Checks the namespaces of one cluster's virtual clusters until `shutdown`.
pub(super) async fn check(context: Arc<Context>, served: Arc<Served>, shutdown: CancellationToken) {
    let pause = (context.settings.namespace_check / 4).clamp(LEAST_PAUSE, LONGEST_PAUSE);
    let checking = async {
        loop {
            sleep(pause).await;
            if let Err(error) = check_due(&context, &served).await {
                let cluster = &served.target.id;
                tracing::warn!(%error, cluster.id = %cluster, "namespaces cannot be checked");
                sleep(STORE_PAUSE).await;
            }
        }
    };
    shutdown.run_until_cancelled(checking).await;
}

async fn check_due(context: &Context, served: &Served) -> Result<(), StoreError> {
    let every = context.settings.namespace_check;
    while served.health.gate() == Gate::Open {
        let due = context
            .store
            .places_to_check(&served.target.id, every, BATCH)
            .await?;
        let taken = i64::try_from(due.len()).unwrap_or(i64::MAX);
        let mut checks = stream::iter(due)
            .map(|place| check_one(context, served, place))
            .buffer_unordered(AT_ONCE);
        while let Some(checked) = checks.next().await {
            checked?;
        }
        if taken < BATCH {
            return Ok(());
        }
    }
    Ok(())
}

async fn check_one(context: &Context, served: &Served, place: Place) -> Result<(), StoreError> {
    let cluster = &served.target.id;
    let mut said = ask(context, served, &place.namespace).await;
    if matches!(said, Some(Some(_))) && !place.arrested {
        sleep((context.settings.namespace_check / 8).min(LONGEST_DOUBT)).await;
        said = ask(context, served, &place.namespace).await;
    }
    let Some(trouble) = said else {
        return Ok(());
    };
    let changed = context.store.mark_place(&place.id, trouble.as_deref());
    match (changed.await?, trouble) {
        (true, Some(trouble)) => tracing::warn!(
            virtual_cluster.id = %place.id, cluster.id = %cluster,
            "virtual cluster {} is ARRESTED: {trouble}", place.id
        ),
        (true, None) => tracing::info!(
            virtual_cluster.id = %place.id, cluster.id = %cluster,
            "virtual cluster {} is RUNNING again", place.id
        ),
        (false, _) => {}
    }
    Ok(())
}

/// What keeps Firesteel from using the namespace, if anything does; `None` where the cluster did not
/// say.
async fn ask(context: &Context, served: &Served, namespace: &str) -> Option<Option<String>> {
    let checked = served.target.cluster.check_namespace(namespace);
    match timeout(LIMIT, checked).await.ok()? {
        Ok(()) => Some(None),
        Err(error) => match trouble(&served.target.id, namespace, error) {
            Ok(trouble) => Some(Some(trouble)),
            Err(error) => {
                served.heard::<()>(context, &Err(error));
                None
            }
        },
    }
}

/// Why the virtual cluster can do nothing, where the cluster said so.
fn trouble(
    cluster: &ClusterId,
    namespace: &str,
    error: NamespaceError,
) -> Result<String, ClusterError> {
    match error {
        NamespaceError::Missing(_) => Ok(format!(
            "Namespace {namespace} of cluster {cluster} does not exist."
        )),
        NamespaceError::MissingRights(rights) => Ok(format!(
            "Cluster {cluster} does not have sufficient permissions. Firesteel may not do this in \
             namespace {namespace}: {}.",
            rights.join(", ")
        )),
        NamespaceError::Cluster(ClusterError::Forbidden(_)) => Ok(format!(
            "Cluster {cluster} does not have sufficient permissions."
        )),
        NamespaceError::Cluster(
            error @ (ClusterError::Unreachable(_)
            | ClusterError::Throttled { .. }
            | ClusterError::Refused(_)),
        ) => Err(error),
    }
}
