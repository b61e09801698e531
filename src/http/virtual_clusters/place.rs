//! Where a virtual cluster may be: what the account was given, and what the cluster itself says.

use crate::app::App;
use crate::cluster::{ClusterError, NamespaceError};
use crate::domain::account::Caller;
use crate::domain::virtual_cluster::NewVirtualCluster;
use crate::http::failure::chain;
use crate::wire::ApiError;

/// Whether the caller may have this namespace of this cluster, and the cluster has it to give.
pub(super) async fn check(
    app: &App,
    caller: &Caller,
    new: &NewVirtualCluster,
) -> Result<(), ApiError> {
    let (id, namespace) = (&new.cluster, &new.namespace);
    let cluster = app
        .clusters
        .granted(id, &caller.account, namespace)
        .ok_or_else(|| unknown(id.as_str(), namespace))?;
    let Err(error) = cluster.check_namespace(namespace).await else {
        return Ok(());
    };
    tracing::warn!(
        cluster.id = %id, error = chain(&error),
        "Namespace {namespace} of cluster {id} cannot carry a virtual cluster"
    );
    Err(match error {
        NamespaceError::Missing(_) => ApiError::Validation(format!(
            "Namespace {namespace} of cluster {id} does not exist."
        )),
        NamespaceError::MissingRights(rights) => ApiError::Validation(format!(
            "Cluster {id} does not have sufficient permissions. Firesteel may not do this in \
             namespace {namespace}: {}.",
            rights.join(", ")
        )),
        // Airflow waits and tries again on these words alone.
        NamespaceError::Cluster(ClusterError::Unreachable(_)) => ApiError::Validation(format!(
            "Cluster {id} is not reachable as its connection is currently being updated."
        )),
        NamespaceError::Cluster(ClusterError::Throttled { .. }) => {
            ApiError::EksRequestThrottled(format!("Cluster {id} asks for fewer requests."))
        }
        NamespaceError::Cluster(ClusterError::Forbidden(_)) => ApiError::Validation(format!(
            "Cluster {id} does not have sufficient permissions."
        )),
        NamespaceError::Cluster(ClusterError::Refused(_)) => ApiError::Validation(format!(
            "Cluster {id} refused the look at namespace {namespace}."
        )),
    })
}

/// One text whether the cluster is not there, or the account may not use it, or not this
/// namespace: a caller learns nothing about what is other people's.
pub(super) fn unknown(cluster: &str, namespace: &str) -> ApiError {
    ApiError::Validation(format!(
        "Container provider {cluster} with namespace {namespace} is unknown."
    ))
}
