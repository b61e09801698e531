//! Spark's `NetworkPolicyFeatureStep`: executors hear their own application's pods alone.

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::{BuildError, Dependent, Draft, Run, labels};

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    if !run.version.has_network_policy() {
        return Ok(());
    }
    let app_id = (labels::SPARK_APP_ID.to_owned(), run.plan.app_id.clone());
    let executor = (labels::SPARK_ROLE.to_owned(), "executor".to_owned());
    let matching = |labels| LabelSelector {
        match_labels: Some(labels),
        match_expressions: None,
    };
    let peer = NetworkPolicyPeer {
        pod_selector: Some(matching([app_id.clone()].into())),
        ..NetworkPolicyPeer::default()
    };
    let policy = NetworkPolicy {
        metadata: ObjectMeta {
            name: Some(format!("{}-policy", run.names.prefix)),
            namespace: Some(run.names.namespace.clone()),
            labels: Some([app_id.clone()].into()),
            ..ObjectMeta::default()
        },
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(matching([executor, app_id].into())),
            ingress: Some(vec![NetworkPolicyIngressRule {
                from: Some(vec![peer]),
                ports: None,
            }]),
            ..NetworkPolicySpec::default()
        }),
    };
    draft.dependents.push(Dependent::NetworkPolicy(policy));
    Ok(())
}
