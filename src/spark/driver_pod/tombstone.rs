//! A tombstone takes a driver's name and never runs: a scheduling gate that nobody lifts keeps it
//! from any node, and it asks for nothing, so that quotas and admission rules let it pass.

use k8s_openapi::api::core::v1::{
    Capabilities, Container, Pod, PodSchedulingGate, PodSecurityContext, PodSpec,
    ResourceRequirements, SeccompProfile, SecurityContext,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Identity, labels};

/// The pod that keeps `identity`'s name from a late creation.
pub fn tombstone(identity: &Identity) -> Pod {
    let mut labels = labels::of_attempt(identity, labels::TOMBSTONE);
    labels.insert(labels::HOLDER.to_owned(), labels::TOMBSTONE.to_owned());
    Pod {
        metadata: ObjectMeta {
            name: Some(identity.name.clone()),
            namespace: Some(identity.namespace.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            scheduling_gates: Some(vec![PodSchedulingGate {
                name: "firesteel.dev/tombstone".to_owned(),
            }]),
            restart_policy: Some("Never".to_owned()),
            termination_grace_period_seconds: Some(0),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            security_context: Some(PodSecurityContext {
                run_as_non_root: Some(true),
                seccomp_profile: Some(SeccompProfile {
                    type_: "RuntimeDefault".to_owned(),
                    localhost_profile: None,
                }),
                ..PodSecurityContext::default()
            }),
            containers: vec![container()],
            ..PodSpec::default()
        }),
        status: None,
    }
}

fn container() -> Container {
    // A quota refuses pods that leave a limited resource open; zero is an answer.
    let nothing = [("cpu", "0"), ("memory", "0")]
        .map(|(resource, amount)| (resource.to_owned(), Quantity(amount.to_owned())));
    Container {
        name: "tombstone".to_owned(),
        image: Some("registry.k8s.io/pause:3.10".to_owned()),
        resources: Some(ResourceRequirements {
            requests: Some(nothing.clone().into()),
            limits: Some(nothing.into()),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                add: None,
            }),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}
