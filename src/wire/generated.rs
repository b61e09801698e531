//! The types are AWS's, member by member: this file is generated, never edited.
//!
//! Written by `tests/codegen.rs`; `UPDATE=1 cargo test --test codegen` rewrites it.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    open_enum::open_enum,
    request::Request,
    sensitive::Sensitive,
    shape::{Bounds, Kind, Member, Operation, Pattern, Shape},
    timestamp::Timestamp,
    validate::Shaped,
};

/// Every operation of the API.
pub static OPERATIONS: &[&Operation] = &[
    &operations::CANCEL_JOB_RUN,
    &operations::CREATE_JOB_TEMPLATE,
    &operations::CREATE_MANAGED_ENDPOINT,
    &operations::CREATE_SECURITY_CONFIGURATION,
    &operations::CREATE_VIRTUAL_CLUSTER,
    &operations::DELETE_JOB_TEMPLATE,
    &operations::DELETE_MANAGED_ENDPOINT,
    &operations::DELETE_SECURITY_CONFIGURATION,
    &operations::DELETE_VIRTUAL_CLUSTER,
    &operations::DESCRIBE_JOB_RUN,
    &operations::DESCRIBE_JOB_TEMPLATE,
    &operations::DESCRIBE_MANAGED_ENDPOINT,
    &operations::DESCRIBE_SECURITY_CONFIGURATION,
    &operations::DESCRIBE_VIRTUAL_CLUSTER,
    &operations::GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS,
    &operations::LIST_JOB_RUNS,
    &operations::LIST_JOB_TEMPLATES,
    &operations::LIST_MANAGED_ENDPOINTS,
    &operations::LIST_SECURITY_CONFIGURATIONS,
    &operations::LIST_TAGS_FOR_RESOURCE,
    &operations::LIST_VIRTUAL_CLUSTERS,
    &operations::START_JOB_RUN,
    &operations::TAG_RESOURCE,
    &operations::UNTAG_RESOURCE,
    &operations::UPDATE_VIRTUAL_CLUSTER,
];

/// The errors of the model with their HTTP statuses.
pub const MODELED_ERRORS: &[(&str, u16)] = &[
    ("EKSRequestThrottledException", 429),
    ("InternalServerException", 500),
    ("RequestThrottledException", 400),
    ("ResourceNotFoundException", 400),
    ("ValidationException", 400),
];

/// The operations, each under AWS's name.
pub mod operations {
    use super::*;

    pub static CANCEL_JOB_RUN: Operation = Operation {
        name: "CancelJobRun",
        method: Method::DELETE,
        uri: "/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}",
        input: &shapes::CANCEL_JOB_RUN_REQUEST,
        output: &shapes::CANCEL_JOB_RUN_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static CREATE_JOB_TEMPLATE: Operation = Operation {
        name: "CreateJobTemplate",
        method: Method::POST,
        uri: "/jobtemplates",
        input: &shapes::CREATE_JOB_TEMPLATE_REQUEST,
        output: &shapes::CREATE_JOB_TEMPLATE_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static CREATE_MANAGED_ENDPOINT: Operation = Operation {
        name: "CreateManagedEndpoint",
        method: Method::POST,
        uri: "/virtualclusters/{virtualClusterId}/endpoints",
        input: &shapes::CREATE_MANAGED_ENDPOINT_REQUEST,
        output: &shapes::CREATE_MANAGED_ENDPOINT_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static CREATE_SECURITY_CONFIGURATION: Operation = Operation {
        name: "CreateSecurityConfiguration",
        method: Method::POST,
        uri: "/securityconfigurations",
        input: &shapes::CREATE_SECURITY_CONFIGURATION_REQUEST,
        output: &shapes::CREATE_SECURITY_CONFIGURATION_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static CREATE_VIRTUAL_CLUSTER: Operation = Operation {
        name: "CreateVirtualCluster",
        method: Method::POST,
        uri: "/virtualclusters",
        input: &shapes::CREATE_VIRTUAL_CLUSTER_REQUEST,
        output: &shapes::CREATE_VIRTUAL_CLUSTER_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
            "EKSRequestThrottledException",
        ],
    };

    pub static DELETE_JOB_TEMPLATE: Operation = Operation {
        name: "DeleteJobTemplate",
        method: Method::DELETE,
        uri: "/jobtemplates/{templateId}",
        input: &shapes::DELETE_JOB_TEMPLATE_REQUEST,
        output: &shapes::DELETE_JOB_TEMPLATE_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static DELETE_MANAGED_ENDPOINT: Operation = Operation {
        name: "DeleteManagedEndpoint",
        method: Method::DELETE,
        uri: "/virtualclusters/{virtualClusterId}/endpoints/{endpointId}",
        input: &shapes::DELETE_MANAGED_ENDPOINT_REQUEST,
        output: &shapes::DELETE_MANAGED_ENDPOINT_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static DELETE_SECURITY_CONFIGURATION: Operation = Operation {
        name: "DeleteSecurityConfiguration",
        method: Method::DELETE,
        uri: "/securityconfigurations/{securityConfigurationId}",
        input: &shapes::DELETE_SECURITY_CONFIGURATION_REQUEST,
        output: &shapes::DELETE_SECURITY_CONFIGURATION_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static DELETE_VIRTUAL_CLUSTER: Operation = Operation {
        name: "DeleteVirtualCluster",
        method: Method::DELETE,
        uri: "/virtualclusters/{virtualClusterId}",
        input: &shapes::DELETE_VIRTUAL_CLUSTER_REQUEST,
        output: &shapes::DELETE_VIRTUAL_CLUSTER_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static DESCRIBE_JOB_RUN: Operation = Operation {
        name: "DescribeJobRun",
        method: Method::GET,
        uri: "/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}",
        input: &shapes::DESCRIBE_JOB_RUN_REQUEST,
        output: &shapes::DESCRIBE_JOB_RUN_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static DESCRIBE_JOB_TEMPLATE: Operation = Operation {
        name: "DescribeJobTemplate",
        method: Method::GET,
        uri: "/jobtemplates/{templateId}",
        input: &shapes::DESCRIBE_JOB_TEMPLATE_REQUEST,
        output: &shapes::DESCRIBE_JOB_TEMPLATE_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static DESCRIBE_MANAGED_ENDPOINT: Operation = Operation {
        name: "DescribeManagedEndpoint",
        method: Method::GET,
        uri: "/virtualclusters/{virtualClusterId}/endpoints/{endpointId}",
        input: &shapes::DESCRIBE_MANAGED_ENDPOINT_REQUEST,
        output: &shapes::DESCRIBE_MANAGED_ENDPOINT_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static DESCRIBE_SECURITY_CONFIGURATION: Operation = Operation {
        name: "DescribeSecurityConfiguration",
        method: Method::GET,
        uri: "/securityconfigurations/{securityConfigurationId}",
        input: &shapes::DESCRIBE_SECURITY_CONFIGURATION_REQUEST,
        output: &shapes::DESCRIBE_SECURITY_CONFIGURATION_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static DESCRIBE_VIRTUAL_CLUSTER: Operation = Operation {
        name: "DescribeVirtualCluster",
        method: Method::GET,
        uri: "/virtualclusters/{virtualClusterId}",
        input: &shapes::DESCRIBE_VIRTUAL_CLUSTER_REQUEST,
        output: &shapes::DESCRIBE_VIRTUAL_CLUSTER_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS: Operation = Operation {
        name: "GetManagedEndpointSessionCredentials",
        method: Method::POST,
        uri: "/virtualclusters/{virtualClusterId}/endpoints/{endpointId}/credentials",
        input: &shapes::GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS_REQUEST,
        output: &shapes::GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS_RESPONSE,
        errors: &[
            "ValidationException",
            "RequestThrottledException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static LIST_JOB_RUNS: Operation = Operation {
        name: "ListJobRuns",
        method: Method::GET,
        uri: "/virtualclusters/{virtualClusterId}/jobruns",
        input: &shapes::LIST_JOB_RUNS_REQUEST,
        output: &shapes::LIST_JOB_RUNS_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static LIST_JOB_TEMPLATES: Operation = Operation {
        name: "ListJobTemplates",
        method: Method::GET,
        uri: "/jobtemplates",
        input: &shapes::LIST_JOB_TEMPLATES_REQUEST,
        output: &shapes::LIST_JOB_TEMPLATES_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static LIST_MANAGED_ENDPOINTS: Operation = Operation {
        name: "ListManagedEndpoints",
        method: Method::GET,
        uri: "/virtualclusters/{virtualClusterId}/endpoints",
        input: &shapes::LIST_MANAGED_ENDPOINTS_REQUEST,
        output: &shapes::LIST_MANAGED_ENDPOINTS_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static LIST_SECURITY_CONFIGURATIONS: Operation = Operation {
        name: "ListSecurityConfigurations",
        method: Method::GET,
        uri: "/securityconfigurations",
        input: &shapes::LIST_SECURITY_CONFIGURATIONS_REQUEST,
        output: &shapes::LIST_SECURITY_CONFIGURATIONS_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static LIST_TAGS_FOR_RESOURCE: Operation = Operation {
        name: "ListTagsForResource",
        method: Method::GET,
        uri: "/tags/{resourceArn}",
        input: &shapes::LIST_TAGS_FOR_RESOURCE_REQUEST,
        output: &shapes::LIST_TAGS_FOR_RESOURCE_RESPONSE,
        errors: &[
            "InternalServerException",
            "ValidationException",
            "ResourceNotFoundException",
        ],
    };

    pub static LIST_VIRTUAL_CLUSTERS: Operation = Operation {
        name: "ListVirtualClusters",
        method: Method::GET,
        uri: "/virtualclusters",
        input: &shapes::LIST_VIRTUAL_CLUSTERS_REQUEST,
        output: &shapes::LIST_VIRTUAL_CLUSTERS_RESPONSE,
        errors: &["ValidationException", "InternalServerException"],
    };

    pub static START_JOB_RUN: Operation = Operation {
        name: "StartJobRun",
        method: Method::POST,
        uri: "/virtualclusters/{virtualClusterId}/jobruns",
        input: &shapes::START_JOB_RUN_REQUEST,
        output: &shapes::START_JOB_RUN_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };

    pub static TAG_RESOURCE: Operation = Operation {
        name: "TagResource",
        method: Method::POST,
        uri: "/tags/{resourceArn}",
        input: &shapes::TAG_RESOURCE_REQUEST,
        output: &shapes::TAG_RESOURCE_RESPONSE,
        errors: &[
            "InternalServerException",
            "ValidationException",
            "ResourceNotFoundException",
        ],
    };

    pub static UNTAG_RESOURCE: Operation = Operation {
        name: "UntagResource",
        method: Method::DELETE,
        uri: "/tags/{resourceArn}",
        input: &shapes::UNTAG_RESOURCE_REQUEST,
        output: &shapes::UNTAG_RESOURCE_RESPONSE,
        errors: &[
            "InternalServerException",
            "ValidationException",
            "ResourceNotFoundException",
        ],
    };

    pub static UPDATE_VIRTUAL_CLUSTER: Operation = Operation {
        name: "UpdateVirtualCluster",
        method: Method::PATCH,
        uri: "/virtualclusters/{virtualClusterId}",
        input: &shapes::UPDATE_VIRTUAL_CLUSTER_REQUEST,
        output: &shapes::UPDATE_VIRTUAL_CLUSTER_RESPONSE,
        errors: &[
            "ValidationException",
            "ResourceNotFoundException",
            "InternalServerException",
        ],
    };
}

open_enum!(
    /// The enum `AllowAWSToRetainLogs`.
    AllowAWSToRetainLogs {
        Enabled = "ENABLED",
        Disabled = "DISABLED",
    }
);

/// The structure `AuthenticationConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_center_configuration: Option<IdentityCenterConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_configuration: Option<IAMConfiguration>,
}

/// The structure `AuthorizationConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lake_formation_configuration: Option<LakeFormationConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_configuration: Option<EncryptionConfiguration>,
}

/// The request of `CancelJobRun`: `DELETE /virtualclusters/{virtualClusterId}/jobruns/{jobRunId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelJobRunRequest {
    /// In the path, as `jobRunId`.
    #[schema(ignore)]
    pub id: String,
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_id: String,
}

/// The structure `CancelJobRunResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelJobRunResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub virtual_cluster_id: Option<String>,
}

/// The structure `Certificate`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 44,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):acm:.+:(\d{12}):certificate/.+$"
    )]
    pub certificate_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        max_length = 5000,
        pattern = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$"
    )]
    pub certificate_data: Option<String>,
}

open_enum!(
    /// The enum `CertificateProviderType`.
    CertificateProviderType {
        Pem = "PEM",
    }
);

/// The structure `CloudWatchMonitoringConfiguration`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchMonitoringConfiguration {
    #[schema(min_length = 1, max_length = 512, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub log_group_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 256, pattern = r".*\S.*")]
    pub log_stream_name_prefix: Option<String>,
}

/// The structure `Configuration`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    #[schema(min_length = 1, max_length = 1024, pattern = r".*\S.*")]
    pub classification: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub properties: Option<Sensitive<BTreeMap<String, String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100, no_recursion)]
    pub configurations: Option<Vec<Configuration>>,
}

/// The structure `ConfigurationOverrides`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationOverrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100)]
    pub application_configuration: Option<Vec<Configuration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitoring_configuration: Option<MonitoringConfiguration>,
}

/// The union `ContainerInfo`: exactly one of its members.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContainerInfo {
    EksInfo(EksInfo),
}

/// The structure `ContainerLogRotationConfiguration`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerLogRotationConfiguration {
    #[schema(min_length = 3, max_length = 12, pattern = r"^\d+(\.\d+)?[KMG][Bb]?$")]
    pub rotation_size: String,
    #[schema(minimum = 1, maximum = 50)]
    pub max_files_to_keep: i32,
}

/// The structure `ContainerProvider`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerProvider {
    pub r#type: ContainerProviderType,
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[0-9A-Za-z][A-Za-z0-9\-_]*"
    )]
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<ContainerInfo>,
}

open_enum!(
    /// The enum `ContainerProviderType`.
    ContainerProviderType {
        Eks = "EKS",
    }
);

/// The request of `CreateJobTemplate`: `POST /jobtemplates`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateJobTemplateRequest {
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: String,
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub client_token: String,
    pub job_template_data: JobTemplateData,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 3,
        max_length = 2048,
        pattern = r"^(arn:(aws[a-zA-Z0-9-]*):kms:.+:(\d{12})?:key\/[(0-9a-zA-Z)-?]+|\$\{[a-zA-Z]\w*\})$"
    )]
    pub kms_key_arn: Option<String>,
}

/// The structure `CreateJobTemplateResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateJobTemplateResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/jobtemplates\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<jiff::Timestamp>)]
    pub created_at: Option<Timestamp>,
}

/// The request of `CreateManagedEndpoint`: `POST /virtualclusters/{virtualClusterId}/endpoints`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateManagedEndpointRequest {
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: String,
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_id: String,
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub r#type: String,
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/A-Za-z0-9]+")]
    pub release_label: String,
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$"
    )]
    pub execution_role_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 44,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):acm:.+:(\d{12}):certificate/.+$"
    )]
    pub certificate_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_overrides: Option<ConfigurationOverrides>,
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub client_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_idle_timeout_in_minutes: Option<i32>,
}

/// The structure `CreateManagedEndpointResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateManagedEndpointResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+\/endpoints\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub virtual_cluster_id: Option<String>,
}

/// The request of `CreateSecurityConfiguration`: `POST /securityconfigurations`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateSecurityConfigurationRequest {
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub client_token: String,
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_provider: Option<ContainerProvider>,
    pub security_configuration_data: SecurityConfigurationData,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The structure `CreateSecurityConfigurationResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateSecurityConfigurationResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/securityconfigurations\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
}

/// The request of `CreateVirtualCluster`: `POST /virtualclusters`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateVirtualClusterRequest {
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: String,
    pub container_provider: ContainerProvider,
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub client_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub security_configuration_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler_configuration: Option<SchedulerConfiguration>,
}

/// The structure `CreateVirtualClusterResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateVirtualClusterResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
}

/// The union `Credentials`: exactly one of its members.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Credentials {
    Token(#[schema(inline)] Sensitive<String>),
}

/// The request of `DeleteJobTemplate`: `DELETE /jobtemplates/{templateId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteJobTemplateRequest {
    /// In the path, as `templateId`.
    #[schema(ignore)]
    pub id: String,
}

/// The structure `DeleteJobTemplateResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteJobTemplateResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
}

/// The request of `DeleteManagedEndpoint`: `DELETE /virtualclusters/{virtualClusterId}/endpoints/{endpointId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteManagedEndpointRequest {
    /// In the path, as `endpointId`.
    #[schema(ignore)]
    pub id: String,
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_id: String,
}

/// The structure `DeleteManagedEndpointResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteManagedEndpointResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub virtual_cluster_id: Option<String>,
}

/// The request of `DeleteSecurityConfiguration`: `DELETE /securityconfigurations/{securityConfigurationId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteSecurityConfigurationRequest {
    /// In the path, as `securityConfigurationId`.
    #[schema(ignore)]
    pub id: String,
}

/// The structure `DeleteSecurityConfigurationResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteSecurityConfigurationResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
}

/// The request of `DeleteVirtualCluster`: `DELETE /virtualclusters/{virtualClusterId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteVirtualClusterRequest {
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub id: String,
}

/// The structure `DeleteVirtualClusterResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteVirtualClusterResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
}

/// The request of `DescribeJobRun`: `GET /virtualclusters/{virtualClusterId}/jobruns/{jobRunId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeJobRunRequest {
    /// In the path, as `jobRunId`.
    #[schema(ignore)]
    pub id: String,
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_id: String,
}

/// The structure `DescribeJobRunResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeJobRunResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_run: Option<JobRun>,
}

/// The request of `DescribeJobTemplate`: `GET /jobtemplates/{templateId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeJobTemplateRequest {
    /// In the path, as `templateId`.
    #[schema(ignore)]
    pub id: String,
}

/// The structure `DescribeJobTemplateResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeJobTemplateResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_template: Option<JobTemplate>,
}

/// The request of `DescribeManagedEndpoint`: `GET /virtualclusters/{virtualClusterId}/endpoints/{endpointId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeManagedEndpointRequest {
    /// In the path, as `endpointId`.
    #[schema(ignore)]
    pub id: String,
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_id: String,
}

/// The structure `DescribeManagedEndpointResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeManagedEndpointResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
}

/// The request of `DescribeSecurityConfiguration`: `GET /securityconfigurations/{securityConfigurationId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeSecurityConfigurationRequest {
    /// In the path, as `securityConfigurationId`.
    #[schema(ignore)]
    pub id: String,
}

/// The structure `DescribeSecurityConfigurationResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeSecurityConfigurationResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_configuration: Option<SecurityConfiguration>,
}

/// The request of `DescribeVirtualCluster`: `GET /virtualclusters/{virtualClusterId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeVirtualClusterRequest {
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub id: String,
}

/// The structure `DescribeVirtualClusterResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DescribeVirtualClusterResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_cluster: Option<VirtualCluster>,
}

/// The structure `EksInfo`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EksInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    )]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$"
    )]
    pub node_label: Option<String>,
}

/// The structure `EncryptionConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptionConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_transit_encryption_configuration: Option<InTransitEncryptionConfiguration>,
}

/// The structure `Endpoint`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+\/endpoints\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub virtual_cluster_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub r#type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<EndpointState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/A-Za-z0-9]+")]
    pub release_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$"
    )]
    pub execution_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 44,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):acm:.+:(\d{12}):certificate/.+$"
    )]
    pub certificate_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<Certificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_overrides: Option<ConfigurationOverrides>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 10280,
        pattern = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDBFF-\uDC00\uDFFF\r\n\t]*"
    )]
    pub server_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 10280,
        pattern = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDBFF-\uDC00\uDFFF\r\n\t]*"
    )]
    pub auth_proxy_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<jiff::Timestamp>)]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 256, pattern = r".*\S.*")]
    pub security_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 256, pattern = r".*\S.*")]
    pub state_details: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<FailureReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

open_enum!(
    /// The enum `EndpointState`.
    EndpointState {
        Creating = "CREATING",
        Active = "ACTIVE",
        Terminating = "TERMINATING",
        Terminated = "TERMINATED",
        TerminatedWithErrors = "TERMINATED_WITH_ERRORS",
    }
);

open_enum!(
    /// The enum `FailureReason`.
    FailureReason {
        InternalError = "INTERNAL_ERROR",
        UserError = "USER_ERROR",
        ValidationError = "VALIDATION_ERROR",
        ClusterUnavailable = "CLUSTER_UNAVAILABLE",
    }
);

/// The request of `GetManagedEndpointSessionCredentials`: `POST /virtualclusters/{virtualClusterId}/endpoints/{endpointId}/credentials`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetManagedEndpointSessionCredentialsRequest {
    /// In the path, as `endpointId`.
    #[schema(ignore)]
    pub endpoint_identifier: String,
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_identifier: String,
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$"
    )]
    pub execution_role_arn: String,
    #[schema(min_length = 1, max_length = 64, pattern = r"^.*\S.*$")]
    pub credential_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_in_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 3,
        max_length = 63,
        pattern = r"^((?!.*-s3alias)(?!xn--.*)[a-z0-9][-a-z0-9.]*)?[a-z0-9]$"
    )]
    pub log_context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub client_token: Option<String>,
}

/// The structure `GetManagedEndpointSessionCredentialsResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetManagedEndpointSessionCredentialsResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_credentials: Option<Credentials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<jiff::Timestamp>)]
    pub expires_at: Option<Timestamp>,
}

/// The structure `IAMConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IAMConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$"
    )]
    pub system_role: Option<String>,
}

/// The structure `IdentityCenterConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityCenterConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_identity_center: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_center_application_assignment_required: Option<bool>,
    #[serde(rename = "identityCenterInstanceARN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 10,
        max_length = 1224,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):sso:::instance/ssoins-[0-9a-zA-Z/\\-_]+"
    )]
    pub identity_center_instance_arn: Option<String>,
    #[serde(rename = "emrIdentityCenterApplicationARN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):sso:::application/ssoins-[0-9a-zA-Z/\\-_]+/apl-[0-9a-zA-Z/\\-_]+"
    )]
    pub emr_identity_center_application_arn: Option<String>,
}

/// The structure `InTransitEncryptionConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InTransitEncryptionConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate_configuration: Option<TLSCertificateConfiguration>,
}

/// The structure `JobDriver`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobDriver {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spark_submit_job_driver: Option<SparkSubmitJobDriver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spark_sql_job_driver: Option<SparkSqlJobDriver>,
}

/// The structure `JobRun`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobRun {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub virtual_cluster_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+\/jobruns\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<JobRunState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub client_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$"
    )]
    pub execution_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/A-Za-z0-9]+")]
    pub release_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_overrides: Option<ConfigurationOverrides>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_driver: Option<JobDriver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<jiff::Timestamp>)]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):(iam|sts)::(\d{12})?:[\w/+=,.@-]+$"
    )]
    pub created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<jiff::Timestamp>)]
    pub finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 256, pattern = r".*\S.*")]
    pub state_details: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<FailureReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy_configuration: Option<RetryPolicyConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy_execution: Option<RetryPolicyExecution>,
}

open_enum!(
    /// The enum `JobRunState`.
    JobRunState {
        Pending = "PENDING",
        Submitted = "SUBMITTED",
        Running = "RUNNING",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
        CancelPending = "CANCEL_PENDING",
        Completed = "COMPLETED",
    }
);

/// The structure `JobTemplate`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobTemplate {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/jobtemplates\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<jiff::Timestamp>)]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):(iam|sts)::(\d{12})?:[\w/+=,.@-]+$"
    )]
    pub created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_template_data: Option<JobTemplateData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 3,
        max_length = 2048,
        pattern = r"^(arn:(aws[a-zA-Z0-9-]*):kms:.+:(\d{12})?:key\/[(0-9a-zA-Z)-?]+|\$\{[a-zA-Z]\w*\})$"
    )]
    pub kms_key_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 2048, pattern = r".*\S.*")]
    pub decryption_error: Option<String>,
}

/// The structure `JobTemplateData`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobTemplateData {
    #[schema(
        min_length = 4,
        max_length = 2048,
        pattern = r"(^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$)|([\.\-_\#A-Za-z0-9\$\{\}]+)"
    )]
    pub execution_role_arn: String,
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"([\.\-_/A-Za-z0-9]+|\$\{[a-zA-Z]\w*\})"
    )]
    pub release_label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_overrides: Option<ParametricConfigurationOverrides>,
    pub job_driver: JobDriver,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_configuration: Option<BTreeMap<String, TemplateParameterConfiguration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_tags: Option<BTreeMap<String, String>>,
}

/// The structure `LakeFormationConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LakeFormationConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 512, pattern = r"[\.\-_/#A-Za-z0-9 ]+")]
    pub authorized_session_tag_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_namespace_info: Option<SecureNamespaceInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$"
    )]
    pub query_engine_role_arn: Option<String>,
}

/// The request of `ListJobRuns`: `GET /virtualclusters/{virtualClusterId}/jobruns`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListJobRunsRequest {
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_id: String,
    /// In the query, as `createdBefore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_before: Option<Timestamp>,
    /// In the query, as `createdAfter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_after: Option<Timestamp>,
    /// In the query, as `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub name: Option<String>,
    /// In the query, as `states`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub states: Option<Vec<JobRunState>>,
    /// In the query, as `maxResults`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub max_results: Option<i32>,
    /// In the query, as `nextToken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub next_token: Option<String>,
}

/// The structure `ListJobRunsResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListJobRunsResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_runs: Option<Vec<JobRun>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024, pattern = r".*\S.*")]
    pub next_token: Option<String>,
}

/// The request of `ListJobTemplates`: `GET /jobtemplates`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListJobTemplatesRequest {
    /// In the query, as `createdAfter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_after: Option<Timestamp>,
    /// In the query, as `createdBefore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_before: Option<Timestamp>,
    /// In the query, as `maxResults`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub max_results: Option<i32>,
    /// In the query, as `nextToken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub next_token: Option<String>,
}

/// The structure `ListJobTemplatesResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListJobTemplatesResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates: Option<Vec<JobTemplate>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024, pattern = r".*\S.*")]
    pub next_token: Option<String>,
}

/// The request of `ListManagedEndpoints`: `GET /virtualclusters/{virtualClusterId}/endpoints`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListManagedEndpointsRequest {
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_id: String,
    /// In the query, as `createdBefore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_before: Option<Timestamp>,
    /// In the query, as `createdAfter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_after: Option<Timestamp>,
    /// In the query, as `types`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub types: Option<Vec<String>>,
    /// In the query, as `states`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub states: Option<Vec<EndpointState>>,
    /// In the query, as `maxResults`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub max_results: Option<i32>,
    /// In the query, as `nextToken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub next_token: Option<String>,
}

/// The structure `ListManagedEndpointsResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListManagedEndpointsResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Vec<Endpoint>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024, pattern = r".*\S.*")]
    pub next_token: Option<String>,
}

/// The request of `ListSecurityConfigurations`: `GET /securityconfigurations`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListSecurityConfigurationsRequest {
    /// In the query, as `createdAfter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_after: Option<Timestamp>,
    /// In the query, as `createdBefore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_before: Option<Timestamp>,
    /// In the query, as `maxResults`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub max_results: Option<i32>,
    /// In the query, as `nextToken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub next_token: Option<String>,
}

/// The structure `ListSecurityConfigurationsResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListSecurityConfigurationsResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_configurations: Option<Vec<SecurityConfiguration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024, pattern = r".*\S.*")]
    pub next_token: Option<String>,
}

/// The request of `ListTagsForResource`: `GET /tags/{resourceArn}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListTagsForResourceRequest {
    /// In the path, as `resourceArn`.
    #[schema(ignore)]
    pub resource_arn: String,
}

/// The structure `ListTagsForResourceResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListTagsForResourceResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The request of `ListVirtualClusters`: `GET /virtualclusters`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListVirtualClustersRequest {
    /// In the query, as `containerProviderId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub container_provider_id: Option<String>,
    /// In the query, as `containerProviderType`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub container_provider_type: Option<ContainerProviderType>,
    /// In the query, as `createdAfter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_after: Option<Timestamp>,
    /// In the query, as `createdBefore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub created_before: Option<Timestamp>,
    /// In the query, as `states`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub states: Option<Vec<VirtualClusterState>>,
    /// In the query, as `maxResults`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub max_results: Option<i32>,
    /// In the query, as `nextToken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub next_token: Option<String>,
    /// In the query, as `eksAccessEntryIntegrated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub eks_access_entry_integrated: Option<bool>,
}

/// The structure `ListVirtualClustersResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListVirtualClustersResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_clusters: Option<Vec<VirtualCluster>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024, pattern = r".*\S.*")]
    pub next_token: Option<String>,
}

/// The structure `ManagedLogs`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedLogs {
    #[serde(rename = "allowAWSToRetainLogs")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_aws_to_retain_logs: Option<AllowAWSToRetainLogs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 3,
        max_length = 2048,
        pattern = r"^(arn:(aws[a-zA-Z0-9-]*):kms:.+:(\d{12})?:key\/[(0-9a-zA-Z)-?]+|\$\{[a-zA-Z]\w*\})$"
    )]
    pub encryption_key_arn: Option<String>,
}

/// The structure `MonitoringConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_logs: Option<ManagedLogs>,
    #[serde(rename = "persistentAppUI")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_app_ui: Option<PersistentAppUI>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch_monitoring_configuration: Option<CloudWatchMonitoringConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_monitoring_configuration: Option<S3MonitoringConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_log_rotation_configuration: Option<ContainerLogRotationConfiguration>,
}

/// The structure `ParametricCloudWatchMonitoringConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParametricCloudWatchMonitoringConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"[\.\-_/#A-Za-z0-9\$\{\}]+"
    )]
    pub log_group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 256, pattern = r".*\S.*")]
    pub log_stream_name_prefix: Option<String>,
}

/// The structure `ParametricConfigurationOverrides`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParametricConfigurationOverrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 100)]
    pub application_configuration: Option<Vec<Configuration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitoring_configuration: Option<ParametricMonitoringConfiguration>,
}

/// The structure `ParametricMonitoringConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParametricMonitoringConfiguration {
    #[serde(rename = "persistentAppUI")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"[\.\-_/#A-Za-z0-9\$\{\}]+"
    )]
    pub persistent_app_ui: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch_monitoring_configuration: Option<ParametricCloudWatchMonitoringConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_monitoring_configuration: Option<ParametricS3MonitoringConfiguration>,
}

/// The structure `ParametricS3MonitoringConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParametricS3MonitoringConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 10280,
        pattern = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDBFF-\uDC00\uDFFF\r\n\t]*"
    )]
    pub log_uri: Option<String>,
}

open_enum!(
    /// The enum `PersistentAppUI`.
    PersistentAppUI {
        Enabled = "ENABLED",
        Disabled = "DISABLED",
    }
);

/// The structure `RetryPolicyConfiguration`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicyConfiguration {
    pub max_attempts: i32,
}

/// The structure `RetryPolicyExecution`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicyExecution {
    pub current_attempt_count: i32,
}

/// The structure `S3MonitoringConfiguration`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct S3MonitoringConfiguration {
    #[schema(
        min_length = 1,
        max_length = 10280,
        pattern = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDBFF-\uDC00\uDFFF\r\n\t]*"
    )]
    pub log_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 3,
        max_length = 2048,
        pattern = r"^(arn:(aws[a-zA-Z0-9-]*):kms:.+:(\d{12})?:key\/[(0-9a-zA-Z)-?]+|\$\{[a-zA-Z]\w*\})$"
    )]
    pub encryption_key_arn: Option<String>,
}

/// The structure `SchedulerConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchedulerConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10000)]
    pub max_in_queue_job_runs: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10000)]
    pub max_concurrent_job_runs: Option<i32>,
}

/// The structure `SchedulerStatus`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchedulerStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub current_in_queue_job_runs: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub current_concurrent_job_runs: Option<i32>,
}

/// The structure `SecureNamespaceInfo`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecureNamespaceInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[0-9A-Za-z][A-Za-z0-9\-_]*"
    )]
    pub cluster_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    )]
    pub namespace: Option<String>,
}

/// The structure `SecurityConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/securityconfigurations\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<jiff::Timestamp>)]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):(iam|sts)::(\d{12})?:[\w/+=,.@-]+$"
    )]
    pub created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_configuration_data: Option<SecurityConfigurationData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The structure `SecurityConfigurationData`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityConfigurationData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_configuration: Option<AuthorizationConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication_configuration: Option<AuthenticationConfiguration>,
}

/// The structure `SparkSqlJobDriver`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SparkSqlJobDriver {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 256, pattern = r".*\S.*")]
    pub entry_point: Option<Sensitive<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 102400, pattern = r".*\S.*")]
    pub spark_sql_parameters: Option<Sensitive<String>>,
}

/// The structure `SparkSubmitJobDriver`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SparkSubmitJobDriver {
    #[schema(value_type = String, min_length = 1, max_length = 256, pattern = r".*\S.*")]
    pub entry_point: Sensitive<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub entry_point_arguments: Option<Vec<Sensitive<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 102400, pattern = r".*\S.*")]
    pub spark_submit_parameters: Option<Sensitive<String>>,
}

/// The request of `StartJobRun`: `POST /virtualclusters/{virtualClusterId}/jobruns`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartJobRunRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub virtual_cluster_id: String,
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub client_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 20,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$"
    )]
    pub execution_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/A-Za-z0-9]+")]
    pub release_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_driver: Option<JobDriver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_overrides: Option<ConfigurationOverrides>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub job_template_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub job_template_parameters: Option<Sensitive<BTreeMap<String, String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy_configuration: Option<RetryPolicyConfiguration>,
}

/// The structure `StartJobRunResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartJobRunResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+\/jobruns\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub virtual_cluster_id: Option<String>,
}

/// The structure `TLSCertificateConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TLSCertificateConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_provider_type: Option<CertificateProviderType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 3,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):secretsmanager:.+:(\d{12}):secret:[0-9a-zA-Z/_+=.@-]+$"
    )]
    pub public_certificate_secret_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 3,
        max_length = 2048,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):secretsmanager:.+:(\d{12}):secret:[0-9a-zA-Z/_+=.@-]+$"
    )]
    pub private_certificate_secret_arn: Option<String>,
}

/// The request of `TagResource`: `POST /tags/{resourceArn}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagResourceRequest {
    /// In the path, as `resourceArn`.
    #[schema(ignore)]
    pub resource_arn: String,
    pub tags: BTreeMap<String, String>,
}

/// The structure `TagResourceResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagResourceResponse {}

/// The structure `TemplateParameterConfiguration`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateParameterConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<TemplateParameterDataType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024, pattern = r".*\S.*")]
    pub default_value: Option<Sensitive<String>>,
}

open_enum!(
    /// The enum `TemplateParameterDataType`.
    TemplateParameterDataType {
        Number = "NUMBER",
        String = "STRING",
    }
);

/// The request of `UntagResource`: `DELETE /tags/{resourceArn}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UntagResourceRequest {
    /// In the path, as `resourceArn`.
    #[schema(ignore)]
    pub resource_arn: String,
    /// In the query, as `tagKeys`.
    #[schema(ignore)]
    pub tag_keys: Vec<String>,
}

/// The structure `UntagResourceResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UntagResourceResponse {}

/// The request of `UpdateVirtualCluster`: `PATCH /virtualclusters/{virtualClusterId}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateVirtualClusterRequest {
    /// In the path, as `virtualClusterId`.
    #[schema(ignore)]
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler_configuration: Option<SchedulerConfiguration>,
    #[schema(min_length = 1, max_length = 64, pattern = r".*\S.*")]
    pub client_token: String,
}

/// The structure `UpdateVirtualClusterResponse`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateVirtualClusterResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_cluster: Option<VirtualCluster>,
}

/// The structure `VirtualCluster`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VirtualCluster {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[\.\-_/#A-Za-z0-9]+")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        min_length = 60,
        max_length = 1024,
        pattern = r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+$"
    )]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<VirtualClusterState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_provider: Option<ContainerProvider>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<jiff::Timestamp>)]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"[0-9a-z]+")]
    pub security_configuration_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler_configuration: Option<SchedulerConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler_status: Option<SchedulerStatus>,
}

open_enum!(
    /// The enum `VirtualClusterState`.
    VirtualClusterState {
        Running = "RUNNING",
        Terminating = "TERMINATING",
        Terminated = "TERMINATED",
        Arrested = "ARRESTED",
    }
);

impl Shaped for AuthenticationConfiguration {
    const SHAPE: &'static Shape = &shapes::AUTHENTICATION_CONFIGURATION;
}

impl Shaped for AuthorizationConfiguration {
    const SHAPE: &'static Shape = &shapes::AUTHORIZATION_CONFIGURATION;
}

impl Shaped for CancelJobRunRequest {
    const SHAPE: &'static Shape = &shapes::CANCEL_JOB_RUN_REQUEST;
}

impl Shaped for CloudWatchMonitoringConfiguration {
    const SHAPE: &'static Shape = &shapes::CLOUD_WATCH_MONITORING_CONFIGURATION;
}

impl Shaped for Configuration {
    const SHAPE: &'static Shape = &shapes::CONFIGURATION;
}

impl Shaped for ConfigurationOverrides {
    const SHAPE: &'static Shape = &shapes::CONFIGURATION_OVERRIDES;
}

impl Shaped for ContainerInfo {
    const SHAPE: &'static Shape = &shapes::CONTAINER_INFO;
}

impl Shaped for ContainerLogRotationConfiguration {
    const SHAPE: &'static Shape = &shapes::CONTAINER_LOG_ROTATION_CONFIGURATION;
}

impl Shaped for ContainerProvider {
    const SHAPE: &'static Shape = &shapes::CONTAINER_PROVIDER;
}

impl Shaped for CreateJobTemplateRequest {
    const SHAPE: &'static Shape = &shapes::CREATE_JOB_TEMPLATE_REQUEST;
}

impl Shaped for CreateManagedEndpointRequest {
    const SHAPE: &'static Shape = &shapes::CREATE_MANAGED_ENDPOINT_REQUEST;
}

impl Shaped for CreateSecurityConfigurationRequest {
    const SHAPE: &'static Shape = &shapes::CREATE_SECURITY_CONFIGURATION_REQUEST;
}

impl Shaped for CreateVirtualClusterRequest {
    const SHAPE: &'static Shape = &shapes::CREATE_VIRTUAL_CLUSTER_REQUEST;
}

impl Shaped for DeleteJobTemplateRequest {
    const SHAPE: &'static Shape = &shapes::DELETE_JOB_TEMPLATE_REQUEST;
}

impl Shaped for DeleteManagedEndpointRequest {
    const SHAPE: &'static Shape = &shapes::DELETE_MANAGED_ENDPOINT_REQUEST;
}

impl Shaped for DeleteSecurityConfigurationRequest {
    const SHAPE: &'static Shape = &shapes::DELETE_SECURITY_CONFIGURATION_REQUEST;
}

impl Shaped for DeleteVirtualClusterRequest {
    const SHAPE: &'static Shape = &shapes::DELETE_VIRTUAL_CLUSTER_REQUEST;
}

impl Shaped for DescribeJobRunRequest {
    const SHAPE: &'static Shape = &shapes::DESCRIBE_JOB_RUN_REQUEST;
}

impl Shaped for DescribeJobTemplateRequest {
    const SHAPE: &'static Shape = &shapes::DESCRIBE_JOB_TEMPLATE_REQUEST;
}

impl Shaped for DescribeManagedEndpointRequest {
    const SHAPE: &'static Shape = &shapes::DESCRIBE_MANAGED_ENDPOINT_REQUEST;
}

impl Shaped for DescribeSecurityConfigurationRequest {
    const SHAPE: &'static Shape = &shapes::DESCRIBE_SECURITY_CONFIGURATION_REQUEST;
}

impl Shaped for DescribeVirtualClusterRequest {
    const SHAPE: &'static Shape = &shapes::DESCRIBE_VIRTUAL_CLUSTER_REQUEST;
}

impl Shaped for EksInfo {
    const SHAPE: &'static Shape = &shapes::EKS_INFO;
}

impl Shaped for EncryptionConfiguration {
    const SHAPE: &'static Shape = &shapes::ENCRYPTION_CONFIGURATION;
}

impl Shaped for GetManagedEndpointSessionCredentialsRequest {
    const SHAPE: &'static Shape = &shapes::GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS_REQUEST;
}

impl Shaped for IAMConfiguration {
    const SHAPE: &'static Shape = &shapes::IAM_CONFIGURATION;
}

impl Shaped for IdentityCenterConfiguration {
    const SHAPE: &'static Shape = &shapes::IDENTITY_CENTER_CONFIGURATION;
}

impl Shaped for InTransitEncryptionConfiguration {
    const SHAPE: &'static Shape = &shapes::IN_TRANSIT_ENCRYPTION_CONFIGURATION;
}

impl Shaped for JobDriver {
    const SHAPE: &'static Shape = &shapes::JOB_DRIVER;
}

impl Shaped for JobTemplateData {
    const SHAPE: &'static Shape = &shapes::JOB_TEMPLATE_DATA;
}

impl Shaped for LakeFormationConfiguration {
    const SHAPE: &'static Shape = &shapes::LAKE_FORMATION_CONFIGURATION;
}

impl Shaped for ListJobRunsRequest {
    const SHAPE: &'static Shape = &shapes::LIST_JOB_RUNS_REQUEST;
}

impl Shaped for ListJobTemplatesRequest {
    const SHAPE: &'static Shape = &shapes::LIST_JOB_TEMPLATES_REQUEST;
}

impl Shaped for ListManagedEndpointsRequest {
    const SHAPE: &'static Shape = &shapes::LIST_MANAGED_ENDPOINTS_REQUEST;
}

impl Shaped for ListSecurityConfigurationsRequest {
    const SHAPE: &'static Shape = &shapes::LIST_SECURITY_CONFIGURATIONS_REQUEST;
}

impl Shaped for ListTagsForResourceRequest {
    const SHAPE: &'static Shape = &shapes::LIST_TAGS_FOR_RESOURCE_REQUEST;
}

impl Shaped for ListVirtualClustersRequest {
    const SHAPE: &'static Shape = &shapes::LIST_VIRTUAL_CLUSTERS_REQUEST;
}

impl Shaped for ManagedLogs {
    const SHAPE: &'static Shape = &shapes::MANAGED_LOGS;
}

impl Shaped for MonitoringConfiguration {
    const SHAPE: &'static Shape = &shapes::MONITORING_CONFIGURATION;
}

impl Shaped for ParametricCloudWatchMonitoringConfiguration {
    const SHAPE: &'static Shape = &shapes::PARAMETRIC_CLOUD_WATCH_MONITORING_CONFIGURATION;
}

impl Shaped for ParametricConfigurationOverrides {
    const SHAPE: &'static Shape = &shapes::PARAMETRIC_CONFIGURATION_OVERRIDES;
}

impl Shaped for ParametricMonitoringConfiguration {
    const SHAPE: &'static Shape = &shapes::PARAMETRIC_MONITORING_CONFIGURATION;
}

impl Shaped for ParametricS3MonitoringConfiguration {
    const SHAPE: &'static Shape = &shapes::PARAMETRIC_S3_MONITORING_CONFIGURATION;
}

impl Shaped for RetryPolicyConfiguration {
    const SHAPE: &'static Shape = &shapes::RETRY_POLICY_CONFIGURATION;
}

impl Shaped for S3MonitoringConfiguration {
    const SHAPE: &'static Shape = &shapes::S3_MONITORING_CONFIGURATION;
}

impl Shaped for SchedulerConfiguration {
    const SHAPE: &'static Shape = &shapes::SCHEDULER_CONFIGURATION;
}

impl Shaped for SecureNamespaceInfo {
    const SHAPE: &'static Shape = &shapes::SECURE_NAMESPACE_INFO;
}

impl Shaped for SecurityConfigurationData {
    const SHAPE: &'static Shape = &shapes::SECURITY_CONFIGURATION_DATA;
}

impl Shaped for SparkSqlJobDriver {
    const SHAPE: &'static Shape = &shapes::SPARK_SQL_JOB_DRIVER;
}

impl Shaped for SparkSubmitJobDriver {
    const SHAPE: &'static Shape = &shapes::SPARK_SUBMIT_JOB_DRIVER;
}

impl Shaped for StartJobRunRequest {
    const SHAPE: &'static Shape = &shapes::START_JOB_RUN_REQUEST;
}

impl Shaped for TLSCertificateConfiguration {
    const SHAPE: &'static Shape = &shapes::TLS_CERTIFICATE_CONFIGURATION;
}

impl Shaped for TagResourceRequest {
    const SHAPE: &'static Shape = &shapes::TAG_RESOURCE_REQUEST;
}

impl Shaped for TemplateParameterConfiguration {
    const SHAPE: &'static Shape = &shapes::TEMPLATE_PARAMETER_CONFIGURATION;
}

impl Shaped for UntagResourceRequest {
    const SHAPE: &'static Shape = &shapes::UNTAG_RESOURCE_REQUEST;
}

impl Shaped for UpdateVirtualClusterRequest {
    const SHAPE: &'static Shape = &shapes::UPDATE_VIRTUAL_CLUSTER_REQUEST;
}

impl Request for CancelJobRunRequest {
    type Response = CancelJobRunResponse;
    const OPERATION: &'static Operation = &operations::CANCEL_JOB_RUN;
}

impl Request for CreateJobTemplateRequest {
    type Response = CreateJobTemplateResponse;
    const OPERATION: &'static Operation = &operations::CREATE_JOB_TEMPLATE;
}

impl Request for CreateManagedEndpointRequest {
    type Response = CreateManagedEndpointResponse;
    const OPERATION: &'static Operation = &operations::CREATE_MANAGED_ENDPOINT;
}

impl Request for CreateSecurityConfigurationRequest {
    type Response = CreateSecurityConfigurationResponse;
    const OPERATION: &'static Operation = &operations::CREATE_SECURITY_CONFIGURATION;
}

impl Request for CreateVirtualClusterRequest {
    type Response = CreateVirtualClusterResponse;
    const OPERATION: &'static Operation = &operations::CREATE_VIRTUAL_CLUSTER;
}

impl Request for DeleteJobTemplateRequest {
    type Response = DeleteJobTemplateResponse;
    const OPERATION: &'static Operation = &operations::DELETE_JOB_TEMPLATE;
}

impl Request for DeleteManagedEndpointRequest {
    type Response = DeleteManagedEndpointResponse;
    const OPERATION: &'static Operation = &operations::DELETE_MANAGED_ENDPOINT;
}

impl Request for DeleteSecurityConfigurationRequest {
    type Response = DeleteSecurityConfigurationResponse;
    const OPERATION: &'static Operation = &operations::DELETE_SECURITY_CONFIGURATION;
}

impl Request for DeleteVirtualClusterRequest {
    type Response = DeleteVirtualClusterResponse;
    const OPERATION: &'static Operation = &operations::DELETE_VIRTUAL_CLUSTER;
}

impl Request for DescribeJobRunRequest {
    type Response = DescribeJobRunResponse;
    const OPERATION: &'static Operation = &operations::DESCRIBE_JOB_RUN;
}

impl Request for DescribeJobTemplateRequest {
    type Response = DescribeJobTemplateResponse;
    const OPERATION: &'static Operation = &operations::DESCRIBE_JOB_TEMPLATE;
}

impl Request for DescribeManagedEndpointRequest {
    type Response = DescribeManagedEndpointResponse;
    const OPERATION: &'static Operation = &operations::DESCRIBE_MANAGED_ENDPOINT;
}

impl Request for DescribeSecurityConfigurationRequest {
    type Response = DescribeSecurityConfigurationResponse;
    const OPERATION: &'static Operation = &operations::DESCRIBE_SECURITY_CONFIGURATION;
}

impl Request for DescribeVirtualClusterRequest {
    type Response = DescribeVirtualClusterResponse;
    const OPERATION: &'static Operation = &operations::DESCRIBE_VIRTUAL_CLUSTER;
}

impl Request for GetManagedEndpointSessionCredentialsRequest {
    type Response = GetManagedEndpointSessionCredentialsResponse;
    const OPERATION: &'static Operation = &operations::GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS;
}

impl Request for ListJobRunsRequest {
    type Response = ListJobRunsResponse;
    const OPERATION: &'static Operation = &operations::LIST_JOB_RUNS;
}

impl Request for ListJobTemplatesRequest {
    type Response = ListJobTemplatesResponse;
    const OPERATION: &'static Operation = &operations::LIST_JOB_TEMPLATES;
}

impl Request for ListManagedEndpointsRequest {
    type Response = ListManagedEndpointsResponse;
    const OPERATION: &'static Operation = &operations::LIST_MANAGED_ENDPOINTS;
}

impl Request for ListSecurityConfigurationsRequest {
    type Response = ListSecurityConfigurationsResponse;
    const OPERATION: &'static Operation = &operations::LIST_SECURITY_CONFIGURATIONS;
}

impl Request for ListTagsForResourceRequest {
    type Response = ListTagsForResourceResponse;
    const OPERATION: &'static Operation = &operations::LIST_TAGS_FOR_RESOURCE;
}

impl Request for ListVirtualClustersRequest {
    type Response = ListVirtualClustersResponse;
    const OPERATION: &'static Operation = &operations::LIST_VIRTUAL_CLUSTERS;
}

impl Request for StartJobRunRequest {
    type Response = StartJobRunResponse;
    const OPERATION: &'static Operation = &operations::START_JOB_RUN;
}

impl Request for TagResourceRequest {
    type Response = TagResourceResponse;
    const OPERATION: &'static Operation = &operations::TAG_RESOURCE;
}

impl Request for UntagResourceRequest {
    type Response = UntagResourceResponse;
    const OPERATION: &'static Operation = &operations::UNTAG_RESOURCE;
}

impl Request for UpdateVirtualClusterRequest {
    type Response = UpdateVirtualClusterResponse;
    const OPERATION: &'static Operation = &operations::UPDATE_VIRTUAL_CLUSTER;
}

/// Every shape that a request or a response can hold.
pub static SHAPES: &[&Shape] = &[
    &shapes::ACM_CERT_ARN,
    &shapes::ALLOW_AWS_TO_RETAIN_LOGS,
    &shapes::AUTHENTICATION_CONFIGURATION,
    &shapes::AUTHORIZATION_CONFIGURATION,
    &shapes::BASE64_ENCODED,
    &shapes::BOOLEAN,
    &shapes::CANCEL_JOB_RUN_REQUEST,
    &shapes::CANCEL_JOB_RUN_RESPONSE,
    &shapes::CERTIFICATE,
    &shapes::CERTIFICATE_PROVIDER_TYPE,
    &shapes::CLIENT_TOKEN,
    &shapes::CLOUD_WATCH_MONITORING_CONFIGURATION,
    &shapes::CLUSTER_ID,
    &shapes::CONFIGURATION,
    &shapes::CONFIGURATION_LIST,
    &shapes::CONFIGURATION_OVERRIDES,
    &shapes::CONTAINER_INFO,
    &shapes::CONTAINER_LOG_ROTATION_CONFIGURATION,
    &shapes::CONTAINER_PROVIDER,
    &shapes::CONTAINER_PROVIDER_TYPE,
    &shapes::CREATE_JOB_TEMPLATE_REQUEST,
    &shapes::CREATE_JOB_TEMPLATE_RESPONSE,
    &shapes::CREATE_MANAGED_ENDPOINT_REQUEST,
    &shapes::CREATE_MANAGED_ENDPOINT_RESPONSE,
    &shapes::CREATE_SECURITY_CONFIGURATION_REQUEST,
    &shapes::CREATE_SECURITY_CONFIGURATION_RESPONSE,
    &shapes::CREATE_VIRTUAL_CLUSTER_REQUEST,
    &shapes::CREATE_VIRTUAL_CLUSTER_RESPONSE,
    &shapes::CREDENTIAL_TYPE,
    &shapes::CREDENTIALS,
    &shapes::DATE,
    &shapes::DELETE_JOB_TEMPLATE_REQUEST,
    &shapes::DELETE_JOB_TEMPLATE_RESPONSE,
    &shapes::DELETE_MANAGED_ENDPOINT_REQUEST,
    &shapes::DELETE_MANAGED_ENDPOINT_RESPONSE,
    &shapes::DELETE_SECURITY_CONFIGURATION_REQUEST,
    &shapes::DELETE_SECURITY_CONFIGURATION_RESPONSE,
    &shapes::DELETE_VIRTUAL_CLUSTER_REQUEST,
    &shapes::DELETE_VIRTUAL_CLUSTER_RESPONSE,
    &shapes::DESCRIBE_JOB_RUN_REQUEST,
    &shapes::DESCRIBE_JOB_RUN_RESPONSE,
    &shapes::DESCRIBE_JOB_TEMPLATE_REQUEST,
    &shapes::DESCRIBE_JOB_TEMPLATE_RESPONSE,
    &shapes::DESCRIBE_MANAGED_ENDPOINT_REQUEST,
    &shapes::DESCRIBE_MANAGED_ENDPOINT_RESPONSE,
    &shapes::DESCRIBE_SECURITY_CONFIGURATION_REQUEST,
    &shapes::DESCRIBE_SECURITY_CONFIGURATION_RESPONSE,
    &shapes::DESCRIBE_VIRTUAL_CLUSTER_REQUEST,
    &shapes::DESCRIBE_VIRTUAL_CLUSTER_RESPONSE,
    &shapes::EKS_INFO,
    &shapes::EMR_IDENTITY_CENTER_APPLICATION_ARN,
    &shapes::ENCRYPTION_CONFIGURATION,
    &shapes::ENDPOINT,
    &shapes::ENDPOINT_ARN,
    &shapes::ENDPOINT_STATE,
    &shapes::ENDPOINT_STATES,
    &shapes::ENDPOINT_TYPE,
    &shapes::ENDPOINT_TYPES,
    &shapes::ENDPOINTS,
    &shapes::ENTRY_POINT_ARGUMENT,
    &shapes::ENTRY_POINT_ARGUMENTS,
    &shapes::ENTRY_POINT_PATH,
    &shapes::FAILURE_REASON,
    &shapes::GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS_REQUEST,
    &shapes::GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS_RESPONSE,
    &shapes::IAM_CONFIGURATION,
    &shapes::IAM_ROLE_ARN,
    &shapes::IDENTITY_CENTER_CONFIGURATION,
    &shapes::IDENTITY_CENTER_INSTANCE_ARN,
    &shapes::IN_QUEUE_JOB_LIMIT_INTEGER,
    &shapes::IN_TRANSIT_ENCRYPTION_CONFIGURATION,
    &shapes::JAVA_INTEGER,
    &shapes::JOB_ARN,
    &shapes::JOB_DRIVER,
    &shapes::JOB_LIMIT_INTEGER,
    &shapes::JOB_RUN,
    &shapes::JOB_RUN_STATE,
    &shapes::JOB_RUN_STATES,
    &shapes::JOB_RUNS,
    &shapes::JOB_TEMPLATE,
    &shapes::JOB_TEMPLATE_ARN,
    &shapes::JOB_TEMPLATE_DATA,
    &shapes::JOB_TEMPLATES,
    &shapes::KMS_KEY_ARN,
    &shapes::KUBERNETES_NAMESPACE,
    &shapes::LAKE_FORMATION_CONFIGURATION,
    &shapes::LIST_JOB_RUNS_REQUEST,
    &shapes::LIST_JOB_RUNS_RESPONSE,
    &shapes::LIST_JOB_TEMPLATES_REQUEST,
    &shapes::LIST_JOB_TEMPLATES_RESPONSE,
    &shapes::LIST_MANAGED_ENDPOINTS_REQUEST,
    &shapes::LIST_MANAGED_ENDPOINTS_RESPONSE,
    &shapes::LIST_SECURITY_CONFIGURATIONS_REQUEST,
    &shapes::LIST_SECURITY_CONFIGURATIONS_RESPONSE,
    &shapes::LIST_TAGS_FOR_RESOURCE_REQUEST,
    &shapes::LIST_TAGS_FOR_RESOURCE_RESPONSE,
    &shapes::LIST_VIRTUAL_CLUSTERS_REQUEST,
    &shapes::LIST_VIRTUAL_CLUSTERS_RESPONSE,
    &shapes::LOG_CONTEXT,
    &shapes::LOG_GROUP_NAME,
    &shapes::MANAGED_LOGS,
    &shapes::MAX_FILES_TO_KEEP,
    &shapes::MONITORING_CONFIGURATION,
    &shapes::NEXT_TOKEN,
    &shapes::NODE_LABEL_STRING,
    &shapes::NON_NEGATIVE_INTEGER,
    &shapes::PARAMETRIC_CLOUD_WATCH_MONITORING_CONFIGURATION,
    &shapes::PARAMETRIC_CONFIGURATION_OVERRIDES,
    &shapes::PARAMETRIC_IAM_ROLE_ARN,
    &shapes::PARAMETRIC_MONITORING_CONFIGURATION,
    &shapes::PARAMETRIC_RELEASE_LABEL,
    &shapes::PARAMETRIC_S3_MONITORING_CONFIGURATION,
    &shapes::PERSISTENT_APP_UI,
    &shapes::RELEASE_LABEL,
    &shapes::REQUEST_IDENTITY_USER_ARN,
    &shapes::RESOURCE_ID_STRING,
    &shapes::RESOURCE_NAME_STRING,
    &shapes::RETRY_POLICY_CONFIGURATION,
    &shapes::RETRY_POLICY_EXECUTION,
    &shapes::ROTATION_SIZE,
    &shapes::RSI_ARN,
    &shapes::S3_MONITORING_CONFIGURATION,
    &shapes::SCHEDULER_CONFIGURATION,
    &shapes::SCHEDULER_STATUS,
    &shapes::SECRETS_MANAGER_ARN,
    &shapes::SECURE_NAMESPACE_INFO,
    &shapes::SECURITY_CONFIGURATION,
    &shapes::SECURITY_CONFIGURATION_ARN,
    &shapes::SECURITY_CONFIGURATION_DATA,
    &shapes::SECURITY_CONFIGURATIONS,
    &shapes::SENSITIVE_PROPERTIES_MAP,
    &shapes::SESSION_IDLE_TIMEOUT_IN_MINUTES,
    &shapes::SESSION_TAG_VALUE,
    &shapes::SPARK_SQL_JOB_DRIVER,
    &shapes::SPARK_SQL_PARAMETERS,
    &shapes::SPARK_SUBMIT_JOB_DRIVER,
    &shapes::SPARK_SUBMIT_PARAMETERS,
    &shapes::START_JOB_RUN_REQUEST,
    &shapes::START_JOB_RUN_RESPONSE,
    &shapes::STRING1024,
    &shapes::STRING128,
    &shapes::STRING2048,
    &shapes::STRING256,
    &shapes::STRING_EMPTY256,
    &shapes::SUBNET_IDS,
    &shapes::TLS_CERTIFICATE_CONFIGURATION,
    &shapes::TAG_KEY_LIST,
    &shapes::TAG_MAP,
    &shapes::TAG_RESOURCE_REQUEST,
    &shapes::TAG_RESOURCE_RESPONSE,
    &shapes::TEMPLATE_PARAMETER,
    &shapes::TEMPLATE_PARAMETER_CONFIGURATION,
    &shapes::TEMPLATE_PARAMETER_CONFIGURATION_MAP,
    &shapes::TEMPLATE_PARAMETER_DATA_TYPE,
    &shapes::TEMPLATE_PARAMETER_INPUT_MAP,
    &shapes::TEMPLATE_PARAMETER_NAME,
    &shapes::TOKEN,
    &shapes::UNTAG_RESOURCE_REQUEST,
    &shapes::UNTAG_RESOURCE_RESPONSE,
    &shapes::UPDATE_VIRTUAL_CLUSTER_REQUEST,
    &shapes::UPDATE_VIRTUAL_CLUSTER_RESPONSE,
    &shapes::URI_STRING,
    &shapes::VIRTUAL_CLUSTER,
    &shapes::VIRTUAL_CLUSTER_ARN,
    &shapes::VIRTUAL_CLUSTER_STATE,
    &shapes::VIRTUAL_CLUSTER_STATES,
    &shapes::VIRTUAL_CLUSTERS,
    &shapes::TEMPLATE_PARAMETER_DEFAULT,
];

/// The shapes, each under AWS's name.
pub mod shapes {
    use super::*;

    pub static ACM_CERT_ARN: Shape = Shape::open(
        "ACMCertArn",
        Kind::Text {
            length: Bounds::new(Some(44), Some(2048)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):acm:.+:(\d{12}):certificate/.+$",
                r"^arn:(aws[a-zA-Z0-9-]*):acm:.+:([0-9]{12}):certificate/.+$",
                None,
            )),
        },
    );

    pub static ALLOW_AWS_TO_RETAIN_LOGS: Shape = Shape::open(
        "AllowAWSToRetainLogs",
        Kind::Choice(AllowAWSToRetainLogs::VALUES),
    );

    pub static AUTHENTICATION_CONFIGURATION: Shape = Shape::open(
        "AuthenticationConfiguration",
        Kind::Structure(&[
            Member::body(
                "identityCenterConfiguration",
                &IDENTITY_CENTER_CONFIGURATION,
            ),
            Member::body("iamConfiguration", &IAM_CONFIGURATION),
        ]),
    );

    pub static AUTHORIZATION_CONFIGURATION: Shape = Shape::open(
        "AuthorizationConfiguration",
        Kind::Structure(&[
            Member::body("lakeFormationConfiguration", &LAKE_FORMATION_CONFIGURATION),
            Member::body("encryptionConfiguration", &ENCRYPTION_CONFIGURATION),
        ]),
    );

    pub static BASE64_ENCODED: Shape = Shape::open(
        "Base64Encoded",
        Kind::Text {
            length: Bounds::new(None, Some(5000)),
            pattern: Some(Pattern::plain(
                r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$",
            )),
        },
    );

    pub static BOOLEAN: Shape = Shape::open("Boolean", Kind::Boolean);

    pub static CANCEL_JOB_RUN_REQUEST: Shape = Shape::open(
        "CancelJobRunRequest",
        Kind::Structure(&[
            Member::path("id", "jobRunId", &RESOURCE_ID_STRING),
            Member::path("virtualClusterId", "virtualClusterId", &RESOURCE_ID_STRING),
        ]),
    );

    pub static CANCEL_JOB_RUN_RESPONSE: Shape = Shape::open(
        "CancelJobRunResponse",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("virtualClusterId", &RESOURCE_ID_STRING),
        ]),
    );

    pub static CERTIFICATE: Shape = Shape::open(
        "Certificate",
        Kind::Structure(&[
            Member::body("certificateArn", &ACM_CERT_ARN),
            Member::body("certificateData", &BASE64_ENCODED),
        ]),
    );

    pub static CERTIFICATE_PROVIDER_TYPE: Shape = Shape::open(
        "CertificateProviderType",
        Kind::Choice(CertificateProviderType::VALUES),
    );

    pub static CLIENT_TOKEN: Shape = Shape::open(
        "ClientToken",
        Kind::Text {
            length: Bounds::new(Some(1), Some(64)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static CLOUD_WATCH_MONITORING_CONFIGURATION: Shape = Shape::open(
        "CloudWatchMonitoringConfiguration",
        Kind::Structure(&[
            Member::body("logGroupName", &LOG_GROUP_NAME).required(),
            Member::body("logStreamNamePrefix", &STRING256),
        ]),
    );

    pub static CLUSTER_ID: Shape = Shape::open(
        "ClusterId",
        Kind::Text {
            length: Bounds::new(Some(1), Some(100)),
            pattern: Some(Pattern::plain(r"^[0-9A-Za-z][A-Za-z0-9\-_]*")),
        },
    );

    pub static CONFIGURATION: Shape = Shape::open(
        "Configuration",
        Kind::Structure(&[
            Member::body("classification", &STRING1024).required(),
            Member::body("properties", &SENSITIVE_PROPERTIES_MAP),
            Member::body("configurations", &CONFIGURATION_LIST),
        ]),
    );

    pub static CONFIGURATION_LIST: Shape = Shape::open(
        "ConfigurationList",
        Kind::List {
            member: &CONFIGURATION,
            length: Bounds::new(None, Some(100)),
        },
    );

    pub static CONFIGURATION_OVERRIDES: Shape = Shape::open(
        "ConfigurationOverrides",
        Kind::Structure(&[
            Member::body("applicationConfiguration", &CONFIGURATION_LIST),
            Member::body("monitoringConfiguration", &MONITORING_CONFIGURATION),
        ]),
    );

    pub static CONTAINER_INFO: Shape = Shape::open(
        "ContainerInfo",
        Kind::Union(&[Member::body("eksInfo", &EKS_INFO)]),
    );

    pub static CONTAINER_LOG_ROTATION_CONFIGURATION: Shape = Shape::open(
        "ContainerLogRotationConfiguration",
        Kind::Structure(&[
            Member::body("rotationSize", &ROTATION_SIZE).required(),
            Member::body("maxFilesToKeep", &MAX_FILES_TO_KEEP).required(),
        ]),
    );

    pub static CONTAINER_PROVIDER: Shape = Shape::open(
        "ContainerProvider",
        Kind::Structure(&[
            Member::body("type", &CONTAINER_PROVIDER_TYPE).required(),
            Member::body("id", &CLUSTER_ID).required(),
            Member::body("info", &CONTAINER_INFO),
        ]),
    );

    pub static CONTAINER_PROVIDER_TYPE: Shape = Shape::open(
        "ContainerProviderType",
        Kind::Choice(ContainerProviderType::VALUES),
    );

    pub static CREATE_JOB_TEMPLATE_REQUEST: Shape = Shape::open(
        "CreateJobTemplateRequest",
        Kind::Structure(&[
            Member::body("name", &RESOURCE_NAME_STRING).required(),
            Member::body("clientToken", &CLIENT_TOKEN).required(),
            Member::body("jobTemplateData", &JOB_TEMPLATE_DATA).required(),
            Member::body("tags", &TAG_MAP),
            Member::body("kmsKeyArn", &KMS_KEY_ARN),
        ]),
    );

    pub static CREATE_JOB_TEMPLATE_RESPONSE: Shape = Shape::open(
        "CreateJobTemplateResponse",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("arn", &JOB_TEMPLATE_ARN),
            Member::body("createdAt", &DATE),
        ]),
    );

    pub static CREATE_MANAGED_ENDPOINT_REQUEST: Shape = Shape::open(
        "CreateManagedEndpointRequest",
        Kind::Structure(&[
            Member::body("name", &RESOURCE_NAME_STRING).required(),
            Member::path("virtualClusterId", "virtualClusterId", &RESOURCE_ID_STRING),
            Member::body("type", &ENDPOINT_TYPE).required(),
            Member::body("releaseLabel", &RELEASE_LABEL).required(),
            Member::body("executionRoleArn", &IAM_ROLE_ARN).required(),
            Member::body("certificateArn", &ACM_CERT_ARN),
            Member::body("configurationOverrides", &CONFIGURATION_OVERRIDES),
            Member::body("clientToken", &CLIENT_TOKEN).required(),
            Member::body("tags", &TAG_MAP),
            Member::body(
                "sessionIdleTimeoutInMinutes",
                &SESSION_IDLE_TIMEOUT_IN_MINUTES,
            ),
        ]),
    );

    pub static CREATE_MANAGED_ENDPOINT_RESPONSE: Shape = Shape::open(
        "CreateManagedEndpointResponse",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("arn", &ENDPOINT_ARN),
            Member::body("virtualClusterId", &RESOURCE_ID_STRING),
        ]),
    );

    pub static CREATE_SECURITY_CONFIGURATION_REQUEST: Shape = Shape::open(
        "CreateSecurityConfigurationRequest",
        Kind::Structure(&[
            Member::body("clientToken", &CLIENT_TOKEN).required(),
            Member::body("name", &RESOURCE_NAME_STRING).required(),
            Member::body("containerProvider", &CONTAINER_PROVIDER),
            Member::body("securityConfigurationData", &SECURITY_CONFIGURATION_DATA).required(),
            Member::body("tags", &TAG_MAP),
        ]),
    );

    pub static CREATE_SECURITY_CONFIGURATION_RESPONSE: Shape = Shape::open(
        "CreateSecurityConfigurationResponse",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("arn", &SECURITY_CONFIGURATION_ARN),
        ]),
    );

    pub static CREATE_VIRTUAL_CLUSTER_REQUEST: Shape = Shape::open(
        "CreateVirtualClusterRequest",
        Kind::Structure(&[
            Member::body("name", &RESOURCE_NAME_STRING).required(),
            Member::body("containerProvider", &CONTAINER_PROVIDER).required(),
            Member::body("clientToken", &CLIENT_TOKEN).required(),
            Member::body("tags", &TAG_MAP),
            Member::body("securityConfigurationId", &RESOURCE_ID_STRING),
            Member::body("sessionEnabled", &BOOLEAN),
            Member::body("schedulerConfiguration", &SCHEDULER_CONFIGURATION),
        ]),
    );

    pub static CREATE_VIRTUAL_CLUSTER_RESPONSE: Shape = Shape::open(
        "CreateVirtualClusterResponse",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("arn", &VIRTUAL_CLUSTER_ARN),
        ]),
    );

    pub static CREDENTIAL_TYPE: Shape = Shape::open(
        "CredentialType",
        Kind::Text {
            length: Bounds::new(Some(1), Some(64)),
            pattern: Some(Pattern::new(r"^.*\S.*$", r"^.*[^ \t\n\x0B\f\r].*$", None)),
        },
    );

    pub static CREDENTIALS: Shape =
        Shape::open("Credentials", Kind::Union(&[Member::body("token", &TOKEN)]));

    pub static DATE: Shape = Shape::open("Date", Kind::Timestamp);

    pub static DELETE_JOB_TEMPLATE_REQUEST: Shape = Shape::open(
        "DeleteJobTemplateRequest",
        Kind::Structure(&[Member::path("id", "templateId", &RESOURCE_ID_STRING)]),
    );

    pub static DELETE_JOB_TEMPLATE_RESPONSE: Shape = Shape::open(
        "DeleteJobTemplateResponse",
        Kind::Structure(&[Member::body("id", &RESOURCE_ID_STRING)]),
    );

    pub static DELETE_MANAGED_ENDPOINT_REQUEST: Shape = Shape::open(
        "DeleteManagedEndpointRequest",
        Kind::Structure(&[
            Member::path("id", "endpointId", &RESOURCE_ID_STRING),
            Member::path("virtualClusterId", "virtualClusterId", &RESOURCE_ID_STRING),
        ]),
    );

    pub static DELETE_MANAGED_ENDPOINT_RESPONSE: Shape = Shape::open(
        "DeleteManagedEndpointResponse",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("virtualClusterId", &RESOURCE_ID_STRING),
        ]),
    );

    pub static DELETE_SECURITY_CONFIGURATION_REQUEST: Shape = Shape::open(
        "DeleteSecurityConfigurationRequest",
        Kind::Structure(&[Member::path(
            "id",
            "securityConfigurationId",
            &RESOURCE_ID_STRING,
        )]),
    );

    pub static DELETE_SECURITY_CONFIGURATION_RESPONSE: Shape = Shape::open(
        "DeleteSecurityConfigurationResponse",
        Kind::Structure(&[Member::body("id", &RESOURCE_ID_STRING)]),
    );

    pub static DELETE_VIRTUAL_CLUSTER_REQUEST: Shape = Shape::open(
        "DeleteVirtualClusterRequest",
        Kind::Structure(&[Member::path("id", "virtualClusterId", &RESOURCE_ID_STRING)]),
    );

    pub static DELETE_VIRTUAL_CLUSTER_RESPONSE: Shape = Shape::open(
        "DeleteVirtualClusterResponse",
        Kind::Structure(&[Member::body("id", &RESOURCE_ID_STRING)]),
    );

    pub static DESCRIBE_JOB_RUN_REQUEST: Shape = Shape::open(
        "DescribeJobRunRequest",
        Kind::Structure(&[
            Member::path("id", "jobRunId", &RESOURCE_ID_STRING),
            Member::path("virtualClusterId", "virtualClusterId", &RESOURCE_ID_STRING),
        ]),
    );

    pub static DESCRIBE_JOB_RUN_RESPONSE: Shape = Shape::open(
        "DescribeJobRunResponse",
        Kind::Structure(&[Member::body("jobRun", &JOB_RUN)]),
    );

    pub static DESCRIBE_JOB_TEMPLATE_REQUEST: Shape = Shape::open(
        "DescribeJobTemplateRequest",
        Kind::Structure(&[Member::path("id", "templateId", &RESOURCE_ID_STRING)]),
    );

    pub static DESCRIBE_JOB_TEMPLATE_RESPONSE: Shape = Shape::open(
        "DescribeJobTemplateResponse",
        Kind::Structure(&[Member::body("jobTemplate", &JOB_TEMPLATE)]),
    );

    pub static DESCRIBE_MANAGED_ENDPOINT_REQUEST: Shape = Shape::open(
        "DescribeManagedEndpointRequest",
        Kind::Structure(&[
            Member::path("id", "endpointId", &RESOURCE_ID_STRING),
            Member::path("virtualClusterId", "virtualClusterId", &RESOURCE_ID_STRING),
        ]),
    );

    pub static DESCRIBE_MANAGED_ENDPOINT_RESPONSE: Shape = Shape::open(
        "DescribeManagedEndpointResponse",
        Kind::Structure(&[Member::body("endpoint", &ENDPOINT)]),
    );

    pub static DESCRIBE_SECURITY_CONFIGURATION_REQUEST: Shape = Shape::open(
        "DescribeSecurityConfigurationRequest",
        Kind::Structure(&[Member::path(
            "id",
            "securityConfigurationId",
            &RESOURCE_ID_STRING,
        )]),
    );

    pub static DESCRIBE_SECURITY_CONFIGURATION_RESPONSE: Shape = Shape::open(
        "DescribeSecurityConfigurationResponse",
        Kind::Structure(&[Member::body(
            "securityConfiguration",
            &SECURITY_CONFIGURATION,
        )]),
    );

    pub static DESCRIBE_VIRTUAL_CLUSTER_REQUEST: Shape = Shape::open(
        "DescribeVirtualClusterRequest",
        Kind::Structure(&[Member::path("id", "virtualClusterId", &RESOURCE_ID_STRING)]),
    );

    pub static DESCRIBE_VIRTUAL_CLUSTER_RESPONSE: Shape = Shape::open(
        "DescribeVirtualClusterResponse",
        Kind::Structure(&[Member::body("virtualCluster", &VIRTUAL_CLUSTER)]),
    );

    pub static EKS_INFO: Shape = Shape::open(
        "EksInfo",
        Kind::Structure(&[
            Member::body("namespace", &KUBERNETES_NAMESPACE),
            Member::body("nodeLabel", &NODE_LABEL_STRING),
        ]),
    );

    pub static EMR_IDENTITY_CENTER_APPLICATION_ARN: Shape = Shape::open(
        "EmrIdentityCenterApplicationARN",
        Kind::Text {
            length: Bounds::new(None, None),
            pattern: Some(Pattern::plain(
                r"^arn:(aws[a-zA-Z0-9-]*):sso:::application/ssoins-[0-9a-zA-Z/\\-_]+/apl-[0-9a-zA-Z/\\-_]+",
            )),
        },
    );

    pub static ENCRYPTION_CONFIGURATION: Shape = Shape::open(
        "EncryptionConfiguration",
        Kind::Structure(&[Member::body(
            "inTransitEncryptionConfiguration",
            &IN_TRANSIT_ENCRYPTION_CONFIGURATION,
        )]),
    );

    pub static ENDPOINT: Shape = Shape::open(
        "Endpoint",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("arn", &ENDPOINT_ARN),
            Member::body("virtualClusterId", &RESOURCE_ID_STRING),
            Member::body("type", &ENDPOINT_TYPE),
            Member::body("state", &ENDPOINT_STATE),
            Member::body("releaseLabel", &RELEASE_LABEL),
            Member::body("executionRoleArn", &IAM_ROLE_ARN),
            Member::body("certificateArn", &ACM_CERT_ARN),
            Member::body("certificateAuthority", &CERTIFICATE),
            Member::body("configurationOverrides", &CONFIGURATION_OVERRIDES),
            Member::body("serverUrl", &URI_STRING),
            Member::body("authProxyUrl", &URI_STRING),
            Member::body("createdAt", &DATE),
            Member::body("securityGroup", &STRING256),
            Member::body("subnetIds", &SUBNET_IDS),
            Member::body("stateDetails", &STRING256),
            Member::body("failureReason", &FAILURE_REASON),
            Member::body("tags", &TAG_MAP),
        ]),
    );

    pub static ENDPOINT_ARN: Shape = Shape::open(
        "EndpointArn",
        Kind::Text {
            length: Bounds::new(Some(60), Some(1024)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+\/endpoints\/[0-9a-zA-Z]+$",
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:([0-9]{12}):\/virtualclusters\/[0-9a-zA-Z]+\/endpoints\/[0-9a-zA-Z]+$",
                None,
            )),
        },
    );

    pub static ENDPOINT_STATE: Shape =
        Shape::open("EndpointState", Kind::Choice(EndpointState::VALUES));

    pub static ENDPOINT_STATES: Shape = Shape::open(
        "EndpointStates",
        Kind::List {
            member: &ENDPOINT_STATE,
            length: Bounds::new(None, Some(10)),
        },
    );

    pub static ENDPOINT_TYPE: Shape = Shape::open(
        "EndpointType",
        Kind::Text {
            length: Bounds::new(Some(1), Some(64)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static ENDPOINT_TYPES: Shape = Shape::open(
        "EndpointTypes",
        Kind::List {
            member: &ENDPOINT_TYPE,
            length: Bounds::new(None, Some(10)),
        },
    );

    pub static ENDPOINTS: Shape = Shape::open(
        "Endpoints",
        Kind::List {
            member: &ENDPOINT,
            length: Bounds::new(None, None),
        },
    );

    pub static ENTRY_POINT_ARGUMENT: Shape = Shape::sensitive(
        "EntryPointArgument",
        Kind::Text {
            length: Bounds::new(Some(1), Some(10280)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static ENTRY_POINT_ARGUMENTS: Shape = Shape::open(
        "EntryPointArguments",
        Kind::List {
            member: &ENTRY_POINT_ARGUMENT,
            length: Bounds::new(None, None),
        },
    );

    pub static ENTRY_POINT_PATH: Shape = Shape::sensitive(
        "EntryPointPath",
        Kind::Text {
            length: Bounds::new(Some(1), Some(256)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static FAILURE_REASON: Shape =
        Shape::open("FailureReason", Kind::Choice(FailureReason::VALUES));

    pub static GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS_REQUEST: Shape = Shape::open(
        "GetManagedEndpointSessionCredentialsRequest",
        Kind::Structure(&[
            Member::path("endpointIdentifier", "endpointId", &STRING2048),
            Member::path("virtualClusterIdentifier", "virtualClusterId", &STRING2048),
            Member::body("executionRoleArn", &IAM_ROLE_ARN).required(),
            Member::body("credentialType", &CREDENTIAL_TYPE).required(),
            Member::body("durationInSeconds", &JAVA_INTEGER),
            Member::body("logContext", &LOG_CONTEXT),
            Member::body("clientToken", &CLIENT_TOKEN),
        ]),
    );

    pub static GET_MANAGED_ENDPOINT_SESSION_CREDENTIALS_RESPONSE: Shape = Shape::open(
        "GetManagedEndpointSessionCredentialsResponse",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("credentials", &CREDENTIALS),
            Member::body("endpointCredentials", &CREDENTIALS),
            Member::body("expiresAt", &DATE),
        ]),
    );

    pub static IAM_CONFIGURATION: Shape = Shape::open(
        "IAMConfiguration",
        Kind::Structure(&[Member::body("systemRole", &IAM_ROLE_ARN)]),
    );

    pub static IAM_ROLE_ARN: Shape = Shape::open(
        "IAMRoleArn",
        Kind::Text {
            length: Bounds::new(Some(20), Some(2048)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$",
                r"^arn:(aws[a-zA-Z0-9-]*):iam::([0-9]{12})?:(role((\x{2F})|(\x{2F}[\x{21}-\x{7F}]+\x{2F}))[A-Za-z0-9_+=,.@-]+)$",
                None,
            )),
        },
    );

    pub static IDENTITY_CENTER_CONFIGURATION: Shape = Shape::open(
        "IdentityCenterConfiguration",
        Kind::Structure(&[
            Member::body("enableIdentityCenter", &BOOLEAN),
            Member::body("identityCenterApplicationAssignmentRequired", &BOOLEAN),
            Member::body("identityCenterInstanceARN", &IDENTITY_CENTER_INSTANCE_ARN),
            Member::body(
                "emrIdentityCenterApplicationARN",
                &EMR_IDENTITY_CENTER_APPLICATION_ARN,
            ),
        ]),
    );

    pub static IDENTITY_CENTER_INSTANCE_ARN: Shape = Shape::open(
        "IdentityCenterInstanceARN",
        Kind::Text {
            length: Bounds::new(Some(10), Some(1224)),
            pattern: Some(Pattern::plain(
                r"^arn:(aws[a-zA-Z0-9-]*):sso:::instance/ssoins-[0-9a-zA-Z/\\-_]+",
            )),
        },
    );

    pub static IN_QUEUE_JOB_LIMIT_INTEGER: Shape = Shape::open(
        "InQueueJobLimitInteger",
        Kind::Integer(Bounds::new(Some(1), Some(10000))),
    );

    pub static IN_TRANSIT_ENCRYPTION_CONFIGURATION: Shape = Shape::open(
        "InTransitEncryptionConfiguration",
        Kind::Structure(&[Member::body(
            "tlsCertificateConfiguration",
            &TLS_CERTIFICATE_CONFIGURATION,
        )]),
    );

    pub static JAVA_INTEGER: Shape =
        Shape::open("JavaInteger", Kind::Integer(Bounds::new(None, None)));

    pub static JOB_ARN: Shape = Shape::open(
        "JobArn",
        Kind::Text {
            length: Bounds::new(Some(60), Some(1024)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+\/jobruns\/[0-9a-zA-Z]+$",
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:([0-9]{12}):\/virtualclusters\/[0-9a-zA-Z]+\/jobruns\/[0-9a-zA-Z]+$",
                None,
            )),
        },
    );

    pub static JOB_DRIVER: Shape = Shape::open(
        "JobDriver",
        Kind::Structure(&[
            Member::body("sparkSubmitJobDriver", &SPARK_SUBMIT_JOB_DRIVER),
            Member::body("sparkSqlJobDriver", &SPARK_SQL_JOB_DRIVER),
        ]),
    );

    pub static JOB_LIMIT_INTEGER: Shape = Shape::open(
        "JobLimitInteger",
        Kind::Integer(Bounds::new(Some(1), Some(10000))),
    );

    pub static JOB_RUN: Shape = Shape::open(
        "JobRun",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("virtualClusterId", &RESOURCE_ID_STRING),
            Member::body("arn", &JOB_ARN),
            Member::body("state", &JOB_RUN_STATE),
            Member::body("clientToken", &CLIENT_TOKEN),
            Member::body("executionRoleArn", &IAM_ROLE_ARN),
            Member::body("releaseLabel", &RELEASE_LABEL),
            Member::body("configurationOverrides", &CONFIGURATION_OVERRIDES),
            Member::body("jobDriver", &JOB_DRIVER),
            Member::body("createdAt", &DATE),
            Member::body("createdBy", &REQUEST_IDENTITY_USER_ARN),
            Member::body("finishedAt", &DATE),
            Member::body("stateDetails", &STRING256),
            Member::body("failureReason", &FAILURE_REASON),
            Member::body("tags", &TAG_MAP),
            Member::body("retryPolicyConfiguration", &RETRY_POLICY_CONFIGURATION),
            Member::body("retryPolicyExecution", &RETRY_POLICY_EXECUTION),
        ]),
    );

    pub static JOB_RUN_STATE: Shape = Shape::open("JobRunState", Kind::Choice(JobRunState::VALUES));

    pub static JOB_RUN_STATES: Shape = Shape::open(
        "JobRunStates",
        Kind::List {
            member: &JOB_RUN_STATE,
            length: Bounds::new(None, Some(10)),
        },
    );

    pub static JOB_RUNS: Shape = Shape::open(
        "JobRuns",
        Kind::List {
            member: &JOB_RUN,
            length: Bounds::new(None, None),
        },
    );

    pub static JOB_TEMPLATE: Shape = Shape::open(
        "JobTemplate",
        Kind::Structure(&[
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("arn", &JOB_TEMPLATE_ARN),
            Member::body("createdAt", &DATE),
            Member::body("createdBy", &REQUEST_IDENTITY_USER_ARN),
            Member::body("tags", &TAG_MAP),
            Member::body("jobTemplateData", &JOB_TEMPLATE_DATA),
            Member::body("kmsKeyArn", &KMS_KEY_ARN),
            Member::body("decryptionError", &STRING2048),
        ]),
    );

    pub static JOB_TEMPLATE_ARN: Shape = Shape::open(
        "JobTemplateArn",
        Kind::Text {
            length: Bounds::new(Some(60), Some(1024)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/jobtemplates\/[0-9a-zA-Z]+$",
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:([0-9]{12}):\/jobtemplates\/[0-9a-zA-Z]+$",
                None,
            )),
        },
    );

    pub static JOB_TEMPLATE_DATA: Shape = Shape::open(
        "JobTemplateData",
        Kind::Structure(&[
            Member::body("executionRoleArn", &PARAMETRIC_IAM_ROLE_ARN).required(),
            Member::body("releaseLabel", &PARAMETRIC_RELEASE_LABEL).required(),
            Member::body(
                "configurationOverrides",
                &PARAMETRIC_CONFIGURATION_OVERRIDES,
            ),
            Member::body("jobDriver", &JOB_DRIVER).required(),
            Member::body(
                "parameterConfiguration",
                &TEMPLATE_PARAMETER_CONFIGURATION_MAP,
            ),
            Member::body("jobTags", &TAG_MAP),
        ]),
    );

    pub static JOB_TEMPLATES: Shape = Shape::open(
        "JobTemplates",
        Kind::List {
            member: &JOB_TEMPLATE,
            length: Bounds::new(None, None),
        },
    );

    pub static KMS_KEY_ARN: Shape = Shape::open(
        "KmsKeyArn",
        Kind::Text {
            length: Bounds::new(Some(3), Some(2048)),
            pattern: Some(Pattern::new(
                r"^(arn:(aws[a-zA-Z0-9-]*):kms:.+:(\d{12})?:key\/[(0-9a-zA-Z)-?]+|\$\{[a-zA-Z]\w*\})$",
                r"^(arn:(aws[a-zA-Z0-9-]*):kms:.+:([0-9]{12})?:key\/[(0-9a-zA-Z)-?]+|\$\{[a-zA-Z][A-Za-z0-9_]*\})$",
                None,
            )),
        },
    );

    pub static KUBERNETES_NAMESPACE: Shape = Shape::open(
        "KubernetesNamespace",
        Kind::Text {
            length: Bounds::new(Some(1), Some(63)),
            pattern: Some(Pattern::plain(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")),
        },
    );

    pub static LAKE_FORMATION_CONFIGURATION: Shape = Shape::open(
        "LakeFormationConfiguration",
        Kind::Structure(&[
            Member::body("authorizedSessionTagValue", &SESSION_TAG_VALUE),
            Member::body("secureNamespaceInfo", &SECURE_NAMESPACE_INFO),
            Member::body("queryEngineRoleArn", &IAM_ROLE_ARN),
        ]),
    );

    pub static LIST_JOB_RUNS_REQUEST: Shape = Shape::open(
        "ListJobRunsRequest",
        Kind::Structure(&[
            Member::path("virtualClusterId", "virtualClusterId", &RESOURCE_ID_STRING),
            Member::query("createdBefore", "createdBefore", &DATE),
            Member::query("createdAfter", "createdAfter", &DATE),
            Member::query("name", "name", &RESOURCE_NAME_STRING),
            Member::query("states", "states", &JOB_RUN_STATES),
            Member::query("maxResults", "maxResults", &JAVA_INTEGER),
            Member::query("nextToken", "nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LIST_JOB_RUNS_RESPONSE: Shape = Shape::open(
        "ListJobRunsResponse",
        Kind::Structure(&[
            Member::body("jobRuns", &JOB_RUNS),
            Member::body("nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LIST_JOB_TEMPLATES_REQUEST: Shape = Shape::open(
        "ListJobTemplatesRequest",
        Kind::Structure(&[
            Member::query("createdAfter", "createdAfter", &DATE),
            Member::query("createdBefore", "createdBefore", &DATE),
            Member::query("maxResults", "maxResults", &JAVA_INTEGER),
            Member::query("nextToken", "nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LIST_JOB_TEMPLATES_RESPONSE: Shape = Shape::open(
        "ListJobTemplatesResponse",
        Kind::Structure(&[
            Member::body("templates", &JOB_TEMPLATES),
            Member::body("nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LIST_MANAGED_ENDPOINTS_REQUEST: Shape = Shape::open(
        "ListManagedEndpointsRequest",
        Kind::Structure(&[
            Member::path("virtualClusterId", "virtualClusterId", &RESOURCE_ID_STRING),
            Member::query("createdBefore", "createdBefore", &DATE),
            Member::query("createdAfter", "createdAfter", &DATE),
            Member::query("types", "types", &ENDPOINT_TYPES),
            Member::query("states", "states", &ENDPOINT_STATES),
            Member::query("maxResults", "maxResults", &JAVA_INTEGER),
            Member::query("nextToken", "nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LIST_MANAGED_ENDPOINTS_RESPONSE: Shape = Shape::open(
        "ListManagedEndpointsResponse",
        Kind::Structure(&[
            Member::body("endpoints", &ENDPOINTS),
            Member::body("nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LIST_SECURITY_CONFIGURATIONS_REQUEST: Shape = Shape::open(
        "ListSecurityConfigurationsRequest",
        Kind::Structure(&[
            Member::query("createdAfter", "createdAfter", &DATE),
            Member::query("createdBefore", "createdBefore", &DATE),
            Member::query("maxResults", "maxResults", &JAVA_INTEGER),
            Member::query("nextToken", "nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LIST_SECURITY_CONFIGURATIONS_RESPONSE: Shape = Shape::open(
        "ListSecurityConfigurationsResponse",
        Kind::Structure(&[
            Member::body("securityConfigurations", &SECURITY_CONFIGURATIONS),
            Member::body("nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LIST_TAGS_FOR_RESOURCE_REQUEST: Shape = Shape::open(
        "ListTagsForResourceRequest",
        Kind::Structure(&[Member::path("resourceArn", "resourceArn", &RSI_ARN)]),
    );

    pub static LIST_TAGS_FOR_RESOURCE_RESPONSE: Shape = Shape::open(
        "ListTagsForResourceResponse",
        Kind::Structure(&[Member::body("tags", &TAG_MAP)]),
    );

    pub static LIST_VIRTUAL_CLUSTERS_REQUEST: Shape = Shape::open(
        "ListVirtualClustersRequest",
        Kind::Structure(&[
            Member::query("containerProviderId", "containerProviderId", &STRING1024),
            Member::query(
                "containerProviderType",
                "containerProviderType",
                &CONTAINER_PROVIDER_TYPE,
            ),
            Member::query("createdAfter", "createdAfter", &DATE),
            Member::query("createdBefore", "createdBefore", &DATE),
            Member::query("states", "states", &VIRTUAL_CLUSTER_STATES),
            Member::query("maxResults", "maxResults", &JAVA_INTEGER),
            Member::query("nextToken", "nextToken", &NEXT_TOKEN),
            Member::query(
                "eksAccessEntryIntegrated",
                "eksAccessEntryIntegrated",
                &BOOLEAN,
            ),
        ]),
    );

    pub static LIST_VIRTUAL_CLUSTERS_RESPONSE: Shape = Shape::open(
        "ListVirtualClustersResponse",
        Kind::Structure(&[
            Member::body("virtualClusters", &VIRTUAL_CLUSTERS),
            Member::body("nextToken", &NEXT_TOKEN),
        ]),
    );

    pub static LOG_CONTEXT: Shape = Shape::open(
        "LogContext",
        Kind::Text {
            length: Bounds::new(Some(3), Some(63)),
            pattern: Some(Pattern::new(
                r"^((?!.*-s3alias)(?!xn--.*)[a-z0-9][-a-z0-9.]*)?[a-z0-9]$",
                r"^([a-z0-9][-a-z0-9.]*)?[a-z0-9]$",
                Some(r"xn--.*|.*-s3alias.*"),
            )),
        },
    );

    pub static LOG_GROUP_NAME: Shape = Shape::open(
        "LogGroupName",
        Kind::Text {
            length: Bounds::new(Some(1), Some(512)),
            pattern: Some(Pattern::plain(r"[\.\-_/#A-Za-z0-9]+")),
        },
    );

    pub static MANAGED_LOGS: Shape = Shape::open(
        "ManagedLogs",
        Kind::Structure(&[
            Member::body("allowAWSToRetainLogs", &ALLOW_AWS_TO_RETAIN_LOGS),
            Member::body("encryptionKeyArn", &KMS_KEY_ARN),
        ]),
    );

    pub static MAX_FILES_TO_KEEP: Shape = Shape::open(
        "MaxFilesToKeep",
        Kind::Integer(Bounds::new(Some(1), Some(50))),
    );

    pub static MONITORING_CONFIGURATION: Shape = Shape::open(
        "MonitoringConfiguration",
        Kind::Structure(&[
            Member::body("managedLogs", &MANAGED_LOGS),
            Member::body("persistentAppUI", &PERSISTENT_APP_UI),
            Member::body(
                "cloudWatchMonitoringConfiguration",
                &CLOUD_WATCH_MONITORING_CONFIGURATION,
            ),
            Member::body("s3MonitoringConfiguration", &S3_MONITORING_CONFIGURATION),
            Member::body(
                "containerLogRotationConfiguration",
                &CONTAINER_LOG_ROTATION_CONFIGURATION,
            ),
        ]),
    );

    pub static NEXT_TOKEN: Shape = Shape::open(
        "NextToken",
        Kind::Text {
            length: Bounds::new(Some(1), Some(1024)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static NODE_LABEL_STRING: Shape = Shape::open(
        "NodeLabelString",
        Kind::Text {
            length: Bounds::new(Some(1), Some(64)),
            pattern: Some(Pattern::plain(r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$")),
        },
    );

    pub static NON_NEGATIVE_INTEGER: Shape = Shape::open(
        "NonNegativeInteger",
        Kind::Integer(Bounds::new(Some(0), None)),
    );

    pub static PARAMETRIC_CLOUD_WATCH_MONITORING_CONFIGURATION: Shape = Shape::open(
        "ParametricCloudWatchMonitoringConfiguration",
        Kind::Structure(&[
            Member::body("logGroupName", &TEMPLATE_PARAMETER),
            Member::body("logStreamNamePrefix", &STRING256),
        ]),
    );

    pub static PARAMETRIC_CONFIGURATION_OVERRIDES: Shape = Shape::open(
        "ParametricConfigurationOverrides",
        Kind::Structure(&[
            Member::body("applicationConfiguration", &CONFIGURATION_LIST),
            Member::body(
                "monitoringConfiguration",
                &PARAMETRIC_MONITORING_CONFIGURATION,
            ),
        ]),
    );

    pub static PARAMETRIC_IAM_ROLE_ARN: Shape = Shape::open(
        "ParametricIAMRoleArn",
        Kind::Text {
            length: Bounds::new(Some(4), Some(2048)),
            pattern: Some(Pattern::new(
                r"(^arn:(aws[a-zA-Z0-9-]*):iam::(\d{12})?:(role((\u002F)|(\u002F[\u0021-\u007F]+\u002F))[\w+=,.@-]+)$)|([\.\-_\#A-Za-z0-9\$\{\}]+)",
                r"(^arn:(aws[a-zA-Z0-9-]*):iam::([0-9]{12})?:(role((\x{2F})|(\x{2F}[\x{21}-\x{7F}]+\x{2F}))[A-Za-z0-9_+=,.@-]+)$)|([\.\-_\#A-Za-z0-9\$\{\}]+)",
                None,
            )),
        },
    );

    pub static PARAMETRIC_MONITORING_CONFIGURATION: Shape = Shape::open(
        "ParametricMonitoringConfiguration",
        Kind::Structure(&[
            Member::body("persistentAppUI", &TEMPLATE_PARAMETER),
            Member::body(
                "cloudWatchMonitoringConfiguration",
                &PARAMETRIC_CLOUD_WATCH_MONITORING_CONFIGURATION,
            ),
            Member::body(
                "s3MonitoringConfiguration",
                &PARAMETRIC_S3_MONITORING_CONFIGURATION,
            ),
        ]),
    );

    pub static PARAMETRIC_RELEASE_LABEL: Shape = Shape::open(
        "ParametricReleaseLabel",
        Kind::Text {
            length: Bounds::new(Some(1), Some(64)),
            pattern: Some(Pattern::new(
                r"([\.\-_/A-Za-z0-9]+|\$\{[a-zA-Z]\w*\})",
                r"([\.\-_/A-Za-z0-9]+|\$\{[a-zA-Z][A-Za-z0-9_]*\})",
                None,
            )),
        },
    );

    pub static PARAMETRIC_S3_MONITORING_CONFIGURATION: Shape = Shape::open(
        "ParametricS3MonitoringConfiguration",
        Kind::Structure(&[Member::body("logUri", &URI_STRING)]),
    );

    pub static PERSISTENT_APP_UI: Shape =
        Shape::open("PersistentAppUI", Kind::Choice(PersistentAppUI::VALUES));

    pub static RELEASE_LABEL: Shape = Shape::open(
        "ReleaseLabel",
        Kind::Text {
            length: Bounds::new(Some(1), Some(64)),
            pattern: Some(Pattern::plain(r"[\.\-_/A-Za-z0-9]+")),
        },
    );

    pub static REQUEST_IDENTITY_USER_ARN: Shape = Shape::open(
        "RequestIdentityUserArn",
        Kind::Text {
            length: Bounds::new(Some(20), Some(2048)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):(iam|sts)::(\d{12})?:[\w/+=,.@-]+$",
                r"^arn:(aws[a-zA-Z0-9-]*):(iam|sts)::([0-9]{12})?:[A-Za-z0-9_/+=,.@-]+$",
                None,
            )),
        },
    );

    pub static RESOURCE_ID_STRING: Shape = Shape::open(
        "ResourceIdString",
        Kind::Text {
            length: Bounds::new(Some(1), Some(64)),
            pattern: Some(Pattern::plain(r"[0-9a-z]+")),
        },
    );

    pub static RESOURCE_NAME_STRING: Shape = Shape::open(
        "ResourceNameString",
        Kind::Text {
            length: Bounds::new(Some(1), Some(64)),
            pattern: Some(Pattern::plain(r"[\.\-_/#A-Za-z0-9]+")),
        },
    );

    pub static RETRY_POLICY_CONFIGURATION: Shape = Shape::open(
        "RetryPolicyConfiguration",
        Kind::Structure(&[Member::body("maxAttempts", &JAVA_INTEGER).required()]),
    );

    pub static RETRY_POLICY_EXECUTION: Shape = Shape::open(
        "RetryPolicyExecution",
        Kind::Structure(&[Member::body("currentAttemptCount", &JAVA_INTEGER).required()]),
    );

    pub static ROTATION_SIZE: Shape = Shape::open(
        "RotationSize",
        Kind::Text {
            length: Bounds::new(Some(3), Some(12)),
            pattern: Some(Pattern::new(
                r"^\d+(\.\d+)?[KMG][Bb]?$",
                r"^[0-9]+(\.[0-9]+)?[KMG][Bb]?$",
                None,
            )),
        },
    );

    pub static RSI_ARN: Shape = Shape::open(
        "RsiArn",
        Kind::Text {
            length: Bounds::new(Some(60), Some(500)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):/virtualclusters/.+$",
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:([0-9]{12}):/(virtualclusters|jobtemplates|securityconfigurations)/.+$",
                None,
            )),
        },
    );

    pub static S3_MONITORING_CONFIGURATION: Shape = Shape::open(
        "S3MonitoringConfiguration",
        Kind::Structure(&[
            Member::body("logUri", &URI_STRING).required(),
            Member::body("encryptionKeyArn", &KMS_KEY_ARN),
        ]),
    );

    pub static SCHEDULER_CONFIGURATION: Shape = Shape::open(
        "SchedulerConfiguration",
        Kind::Structure(&[
            Member::body("maxInQueueJobRuns", &IN_QUEUE_JOB_LIMIT_INTEGER),
            Member::body("maxConcurrentJobRuns", &JOB_LIMIT_INTEGER),
        ]),
    );

    pub static SCHEDULER_STATUS: Shape = Shape::open(
        "SchedulerStatus",
        Kind::Structure(&[
            Member::body("currentInQueueJobRuns", &NON_NEGATIVE_INTEGER),
            Member::body("currentConcurrentJobRuns", &NON_NEGATIVE_INTEGER),
        ]),
    );

    pub static SECRETS_MANAGER_ARN: Shape = Shape::open(
        "SecretsManagerArn",
        Kind::Text {
            length: Bounds::new(Some(3), Some(2048)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):secretsmanager:.+:(\d{12}):secret:[0-9a-zA-Z/_+=.@-]+$",
                r"^arn:(aws[a-zA-Z0-9-]*):secretsmanager:.+:([0-9]{12}):secret:[0-9a-zA-Z/_+=.@-]+$",
                None,
            )),
        },
    );

    pub static SECURE_NAMESPACE_INFO: Shape = Shape::open(
        "SecureNamespaceInfo",
        Kind::Structure(&[
            Member::body("clusterId", &CLUSTER_ID),
            Member::body("namespace", &KUBERNETES_NAMESPACE),
        ]),
    );

    pub static SECURITY_CONFIGURATION: Shape = Shape::open(
        "SecurityConfiguration",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("arn", &SECURITY_CONFIGURATION_ARN),
            Member::body("createdAt", &DATE),
            Member::body("createdBy", &REQUEST_IDENTITY_USER_ARN),
            Member::body("securityConfigurationData", &SECURITY_CONFIGURATION_DATA),
            Member::body("tags", &TAG_MAP),
        ]),
    );

    pub static SECURITY_CONFIGURATION_ARN: Shape = Shape::open(
        "SecurityConfigurationArn",
        Kind::Text {
            length: Bounds::new(Some(60), Some(1024)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/securityconfigurations\/[0-9a-zA-Z]+$",
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:([0-9]{12}):\/securityconfigurations\/[0-9a-zA-Z]+$",
                None,
            )),
        },
    );

    pub static SECURITY_CONFIGURATION_DATA: Shape = Shape::open(
        "SecurityConfigurationData",
        Kind::Structure(&[
            Member::body("authorizationConfiguration", &AUTHORIZATION_CONFIGURATION),
            Member::body("authenticationConfiguration", &AUTHENTICATION_CONFIGURATION),
        ]),
    );

    pub static SECURITY_CONFIGURATIONS: Shape = Shape::open(
        "SecurityConfigurations",
        Kind::List {
            member: &SECURITY_CONFIGURATION,
            length: Bounds::new(None, None),
        },
    );

    pub static SENSITIVE_PROPERTIES_MAP: Shape = Shape::sensitive(
        "SensitivePropertiesMap",
        Kind::Map {
            key: &STRING1024,
            value: &STRING1024,
            length: Bounds::new(None, Some(100)),
        },
    );

    pub static SESSION_IDLE_TIMEOUT_IN_MINUTES: Shape = Shape::open(
        "SessionIdleTimeoutInMinutes",
        Kind::Integer(Bounds::new(None, None)),
    );

    pub static SESSION_TAG_VALUE: Shape = Shape::open(
        "SessionTagValue",
        Kind::Text {
            length: Bounds::new(Some(1), Some(512)),
            pattern: Some(Pattern::plain(r"[\.\-_/#A-Za-z0-9 ]+")),
        },
    );

    pub static SPARK_SQL_JOB_DRIVER: Shape = Shape::open(
        "SparkSqlJobDriver",
        Kind::Structure(&[
            Member::body("entryPoint", &ENTRY_POINT_PATH),
            Member::body("sparkSqlParameters", &SPARK_SQL_PARAMETERS),
        ]),
    );

    pub static SPARK_SQL_PARAMETERS: Shape = Shape::sensitive(
        "SparkSqlParameters",
        Kind::Text {
            length: Bounds::new(Some(1), Some(102400)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static SPARK_SUBMIT_JOB_DRIVER: Shape = Shape::open(
        "SparkSubmitJobDriver",
        Kind::Structure(&[
            Member::body("entryPoint", &ENTRY_POINT_PATH).required(),
            Member::body("entryPointArguments", &ENTRY_POINT_ARGUMENTS),
            Member::body("sparkSubmitParameters", &SPARK_SUBMIT_PARAMETERS),
        ]),
    );

    pub static SPARK_SUBMIT_PARAMETERS: Shape = Shape::sensitive(
        "SparkSubmitParameters",
        Kind::Text {
            length: Bounds::new(Some(1), Some(102400)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static START_JOB_RUN_REQUEST: Shape = Shape::open(
        "StartJobRunRequest",
        Kind::Structure(&[
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::path("virtualClusterId", "virtualClusterId", &RESOURCE_ID_STRING),
            Member::body("clientToken", &CLIENT_TOKEN).required(),
            Member::body("executionRoleArn", &IAM_ROLE_ARN),
            Member::body("releaseLabel", &RELEASE_LABEL),
            Member::body("jobDriver", &JOB_DRIVER),
            Member::body("configurationOverrides", &CONFIGURATION_OVERRIDES),
            Member::body("tags", &TAG_MAP),
            Member::body("jobTemplateId", &RESOURCE_ID_STRING),
            Member::body("jobTemplateParameters", &TEMPLATE_PARAMETER_INPUT_MAP),
            Member::body("retryPolicyConfiguration", &RETRY_POLICY_CONFIGURATION),
        ]),
    );

    pub static START_JOB_RUN_RESPONSE: Shape = Shape::open(
        "StartJobRunResponse",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("arn", &JOB_ARN),
            Member::body("virtualClusterId", &RESOURCE_ID_STRING),
        ]),
    );

    pub static STRING1024: Shape = Shape::open(
        "String1024",
        Kind::Text {
            length: Bounds::new(Some(1), Some(1024)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static STRING128: Shape = Shape::open(
        "String128",
        Kind::Text {
            length: Bounds::new(Some(1), Some(128)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static STRING2048: Shape = Shape::open(
        "String2048",
        Kind::Text {
            length: Bounds::new(Some(1), Some(2048)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static STRING256: Shape = Shape::open(
        "String256",
        Kind::Text {
            length: Bounds::new(Some(1), Some(256)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );

    pub static STRING_EMPTY256: Shape = Shape::open(
        "StringEmpty256",
        Kind::Text {
            length: Bounds::new(Some(0), Some(256)),
            pattern: Some(Pattern::new(r".*\S.*", r"(?:.*[^ \t\n\x0B\f\r].*)?", None)),
        },
    );

    pub static SUBNET_IDS: Shape = Shape::open(
        "SubnetIds",
        Kind::List {
            member: &STRING256,
            length: Bounds::new(None, None),
        },
    );

    pub static TLS_CERTIFICATE_CONFIGURATION: Shape = Shape::open(
        "TLSCertificateConfiguration",
        Kind::Structure(&[
            Member::body("certificateProviderType", &CERTIFICATE_PROVIDER_TYPE),
            Member::body("publicCertificateSecretArn", &SECRETS_MANAGER_ARN),
            Member::body("privateCertificateSecretArn", &SECRETS_MANAGER_ARN),
        ]),
    );

    pub static TAG_KEY_LIST: Shape = Shape::open(
        "TagKeyList",
        Kind::List {
            member: &STRING128,
            length: Bounds::new(Some(0), Some(50)),
        },
    );

    pub static TAG_MAP: Shape = Shape::open(
        "TagMap",
        Kind::Map {
            key: &STRING128,
            value: &STRING_EMPTY256,
            length: Bounds::new(Some(0), Some(50)),
        },
    );

    pub static TAG_RESOURCE_REQUEST: Shape = Shape::open(
        "TagResourceRequest",
        Kind::Structure(&[
            Member::path("resourceArn", "resourceArn", &RSI_ARN),
            Member::body("tags", &TAG_MAP).required(),
        ]),
    );

    pub static TAG_RESOURCE_RESPONSE: Shape =
        Shape::open("TagResourceResponse", Kind::Structure(&[]));

    pub static TEMPLATE_PARAMETER: Shape = Shape::open(
        "TemplateParameter",
        Kind::Text {
            length: Bounds::new(Some(1), Some(512)),
            pattern: Some(Pattern::plain(r"[\.\-_/#A-Za-z0-9\$\{\}]+")),
        },
    );

    pub static TEMPLATE_PARAMETER_CONFIGURATION: Shape = Shape::open(
        "TemplateParameterConfiguration",
        Kind::Structure(&[
            Member::body("type", &TEMPLATE_PARAMETER_DATA_TYPE),
            Member::body("defaultValue", &TEMPLATE_PARAMETER_DEFAULT),
        ]),
    );

    pub static TEMPLATE_PARAMETER_CONFIGURATION_MAP: Shape = Shape::open(
        "TemplateParameterConfigurationMap",
        Kind::Map {
            key: &TEMPLATE_PARAMETER_NAME,
            value: &TEMPLATE_PARAMETER_CONFIGURATION,
            length: Bounds::new(None, Some(100)),
        },
    );

    pub static TEMPLATE_PARAMETER_DATA_TYPE: Shape = Shape::open(
        "TemplateParameterDataType",
        Kind::Choice(TemplateParameterDataType::VALUES),
    );

    pub static TEMPLATE_PARAMETER_INPUT_MAP: Shape = Shape::sensitive(
        "TemplateParameterInputMap",
        Kind::Map {
            key: &TEMPLATE_PARAMETER_NAME,
            value: &STRING1024,
            length: Bounds::new(None, Some(100)),
        },
    );

    pub static TEMPLATE_PARAMETER_NAME: Shape = Shape::open(
        "TemplateParameterName",
        Kind::Text {
            length: Bounds::new(Some(1), Some(512)),
            pattern: Some(Pattern::plain(r"[\.\-_\#A-Za-z0-9]+")),
        },
    );

    pub static TOKEN: Shape = Shape::sensitive(
        "Token",
        Kind::Text {
            length: Bounds::new(Some(1), None),
            pattern: Some(Pattern::new(r"^.*\S.*$", r"^.*[^ \t\n\x0B\f\r].*$", None)),
        },
    );

    pub static UNTAG_RESOURCE_REQUEST: Shape = Shape::open(
        "UntagResourceRequest",
        Kind::Structure(&[
            Member::path("resourceArn", "resourceArn", &RSI_ARN),
            Member::query("tagKeys", "tagKeys", &TAG_KEY_LIST).required(),
        ]),
    );

    pub static UNTAG_RESOURCE_RESPONSE: Shape =
        Shape::open("UntagResourceResponse", Kind::Structure(&[]));

    pub static UPDATE_VIRTUAL_CLUSTER_REQUEST: Shape = Shape::open(
        "UpdateVirtualClusterRequest",
        Kind::Structure(&[
            Member::path("id", "virtualClusterId", &RESOURCE_ID_STRING),
            Member::body("schedulerConfiguration", &SCHEDULER_CONFIGURATION),
            Member::body("clientToken", &CLIENT_TOKEN).required(),
        ]),
    );

    pub static UPDATE_VIRTUAL_CLUSTER_RESPONSE: Shape = Shape::open(
        "UpdateVirtualClusterResponse",
        Kind::Structure(&[Member::body("virtualCluster", &VIRTUAL_CLUSTER)]),
    );

    pub static URI_STRING: Shape = Shape::open(
        "UriString",
        Kind::Text {
            length: Bounds::new(Some(1), Some(10280)),
            pattern: Some(Pattern::new(
                r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDBFF-\uDC00\uDFFF\r\n\t]*",
                r"[^\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{FFFE}\x{FFFF}]*",
                None,
            )),
        },
    );

    pub static VIRTUAL_CLUSTER: Shape = Shape::open(
        "VirtualCluster",
        Kind::Structure(&[
            Member::body("id", &RESOURCE_ID_STRING),
            Member::body("name", &RESOURCE_NAME_STRING),
            Member::body("arn", &VIRTUAL_CLUSTER_ARN),
            Member::body("state", &VIRTUAL_CLUSTER_STATE),
            Member::body("containerProvider", &CONTAINER_PROVIDER),
            Member::body("createdAt", &DATE),
            Member::body("tags", &TAG_MAP),
            Member::body("securityConfigurationId", &RESOURCE_ID_STRING),
            Member::body("sessionEnabled", &BOOLEAN),
            Member::body("schedulerConfiguration", &SCHEDULER_CONFIGURATION),
            Member::body("schedulerStatus", &SCHEDULER_STATUS),
        ]),
    );

    pub static VIRTUAL_CLUSTER_ARN: Shape = Shape::open(
        "VirtualClusterArn",
        Kind::Text {
            length: Bounds::new(Some(60), Some(1024)),
            pattern: Some(Pattern::new(
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:(\d{12}):\/virtualclusters\/[0-9a-zA-Z]+$",
                r"^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:([0-9]{12}):\/virtualclusters\/[0-9a-zA-Z]+$",
                None,
            )),
        },
    );

    pub static VIRTUAL_CLUSTER_STATE: Shape = Shape::open(
        "VirtualClusterState",
        Kind::Choice(VirtualClusterState::VALUES),
    );

    pub static VIRTUAL_CLUSTER_STATES: Shape = Shape::open(
        "VirtualClusterStates",
        Kind::List {
            member: &VIRTUAL_CLUSTER_STATE,
            length: Bounds::new(None, Some(10)),
        },
    );

    pub static VIRTUAL_CLUSTERS: Shape = Shape::open(
        "VirtualClusters",
        Kind::List {
            member: &VIRTUAL_CLUSTER,
            length: Bounds::new(None, None),
        },
    );

    pub static TEMPLATE_PARAMETER_DEFAULT: Shape = Shape::sensitive(
        "TemplateParameterDefault",
        Kind::Text {
            length: Bounds::new(Some(1), Some(1024)),
            pattern: Some(Pattern::new(r".*\S.*", r".*[^ \t\n\x0B\f\r].*", None)),
        },
    );
}
