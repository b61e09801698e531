//! Security configurations: who may see what a virtual cluster reads, and how its parts trust each
//! other. Kept as the caller gave them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, SecurityConfigurationId};
use super::tags::Tags;

/// What CreateSecurityConfiguration asks for, already checked for form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecurityConfiguration {
    pub name: String,
    /// Where the system namespace is, which never runs what a caller wrote.
    pub container_provider: Option<SystemNamespace>,
    pub data: SecurityConfigurationData,
    pub client_token: String,
    pub tags: Tags,
}

/// A security configuration as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityConfiguration {
    pub id: SecurityConfigurationId,
    pub account: AccountId,
    pub name: String,
    pub data: SecurityConfigurationData,
    pub tags: Tags,
    /// The ARN of who created it.
    pub created_by: String,
    pub created_at: Timestamp,
}

/// A namespace of a cluster, as its caller named both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemNamespace {
    pub cluster: String,
    pub namespace: Option<String>,
    pub node_label: Option<String>,
}

/// `securityConfigurationData`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityConfigurationData {
    pub authorization: Option<Authorization>,
    pub authentication: Option<Authentication>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    pub lake_formation: Option<LakeFormation>,
    pub encryption: Option<Encryption>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LakeFormation {
    pub authorized_session_tag_value: Option<String>,
    pub secure_namespace: Option<SecureNamespace>,
    pub query_engine_role_arn: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecureNamespace {
    pub cluster: Option<String>,
    pub namespace: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    pub in_transit: Option<InTransitEncryption>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InTransitEncryption {
    pub tls_certificate: Option<TlsCertificate>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsCertificate {
    pub provider_type: Option<String>,
    /// Of Secrets Manager, as is the private one.
    pub public_certificate_secret_arn: Option<String>,
    pub private_certificate_secret_arn: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    pub identity_center: Option<IdentityCenter>,
    pub iam: Option<Iam>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityCenter {
    pub enabled: Option<bool>,
    pub application_assignment_required: Option<bool>,
    pub instance_arn: Option<String>,
    pub emr_application_arn: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iam {
    pub system_role: Option<String>,
}
