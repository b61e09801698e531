//! `configurationOverrides`: how a caller configures Spark and its monitoring.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One classification with its properties, possibly nested.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    pub classification: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configurations: Option<Vec<Configuration>>,
}

/// Properties may hold credentials: only their number is ever printed.
impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configuration")
            .field("classification", &self.classification)
            .field(
                "properties",
                &self.properties.as_ref().map_or(0, BTreeMap::len),
            )
            .field("configurations", &self.configurations)
            .finish()
    }
}

/// What a run overrides of Firesteel's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationOverrides {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_configuration: Option<Vec<Configuration>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<MonitoringConfiguration>,
}

/// Where logs go and which UI is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitoringConfiguration {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_logs: Option<ManagedLogs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_app_ui: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch: Option<CloudWatch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Logs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_rotation: Option<LogRotation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedLogs {
    pub allow_aws_to_retain_logs: Option<String>,
    pub encryption_key_arn: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudWatch {
    pub log_group_name: String,
    pub log_stream_name_prefix: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Logs {
    pub log_uri: String,
    pub encryption_key_arn: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRotation {
    pub rotation_size: String,
    pub max_files_to_keep: i32,
}
