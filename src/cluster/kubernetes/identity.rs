//! What makes a cluster itself: the uid of an object that it has had from its beginning.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use super::client::{Client, Failure};
use super::refusal;
use crate::cluster::ClusterError;

/// The map that every namespace has from its first second, readable where its Namespace is not.
const ROOT_CERTIFICATE: &str = "kube-root-ca.crt";

/// The uid of kube-system; where that may not be read, that of `namespace`; where it may not
/// either, that of its root certificate's map.
pub(super) async fn of_cluster(client: &Client, namespace: &str) -> Result<String, ClusterError> {
    let uid = match uid_of::<Namespace>(client, None, "kube-system").await? {
        Some(uid) => Some(uid),
        None => uid_of::<Namespace>(client, None, namespace).await?,
    };
    let uid = match uid {
        Some(uid) => Some(uid),
        None => uid_of::<ConfigMap>(client, Some(namespace), ROOT_CERTIFICATE).await?,
    };
    uid.ok_or_else(|| {
        ClusterError::Forbidden(format!(
            "it may read neither namespace kube-system, nor namespace {namespace}, nor its \
             ConfigMap {ROOT_CERTIFICATE}"
        ))
    })
}

/// `None` where it is not there or not for us to read.
async fn uid_of<K>(
    client: &Client,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<String>, ClusterError>
where
    K: Resource<DynamicType = ()> + DeserializeOwned,
{
    match client.get::<K>(namespace, name).await {
        Ok(object) => Ok(object.uid()),
        Err(Failure::Rejected(no)) if no.has_reason("Forbidden") || no.has_reason("NotFound") => {
            Ok(None)
        }
        Err(failure) => Err(refusal::of_request(failure)),
    }
}
