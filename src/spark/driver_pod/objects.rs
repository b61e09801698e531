//! What is created for a driver: its pod, and the objects that belong to it and go with it.

use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

/// All objects of one driver.
#[derive(Clone, Debug, PartialEq)]
pub struct Objects {
    pub pod: Pod,
    /// Created after the pod, in this order.
    pub dependents: Vec<Dependent>,
}

/// An object that a pod owns.
#[derive(Clone, Debug, PartialEq)]
pub enum Dependent {
    Secret(Secret),
    Service(Service),
    NetworkPolicy(NetworkPolicy),
    PersistentVolumeClaim(PersistentVolumeClaim),
    ConfigMap(ConfigMap),
}

impl Objects {
    /// Makes the pod, once it has its `uid`, the owner of the others.
    pub fn owned_by(&mut self, uid: &str) {
        let name = self.pod.metadata.name.clone().unwrap_or_default();
        for dependent in &mut self.dependents {
            dependent.metadata_mut().owner_references = Some(vec![OwnerReference {
                api_version: "v1".to_owned(),
                kind: "Pod".to_owned(),
                name: name.clone(),
                uid: uid.to_owned(),
                controller: Some(true),
                block_owner_deletion: None,
            }]);
        }
    }
}

impl Dependent {
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Secret(object) => &object.metadata,
            Self::Service(object) => &object.metadata,
            Self::NetworkPolicy(object) => &object.metadata,
            Self::PersistentVolumeClaim(object) => &object.metadata,
            Self::ConfigMap(object) => &object.metadata,
        }
    }

    pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::Secret(object) => &mut object.metadata,
            Self::Service(object) => &mut object.metadata,
            Self::NetworkPolicy(object) => &mut object.metadata,
            Self::PersistentVolumeClaim(object) => &mut object.metadata,
            Self::ConfigMap(object) => &mut object.metadata,
        }
    }
}
