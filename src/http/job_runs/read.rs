//! A request of StartJobRun without a server: checked as the API checks it, as far as nothing is
//! known of the account.

use serde_json::Value;

use super::accept;
use crate::domain::account::Caller;
use crate::domain::arn;
use crate::domain::ids::{AccountId, ClusterId, VirtualClusterId};
use crate::domain::job_run::NewJobRun;
use crate::domain::virtual_cluster::{State, VirtualCluster};
use crate::spark::RunSettings;
use crate::wire::{self, ApiError, Request as _};

/// What stands for members that only a server needs.
const ACCOUNT: &str = "000000000000";
const VIRTUAL_CLUSTER: &str = "0000000000000000000000000";

/// Reads a request as the AWS CLI takes it (`--cli-input-json`). `release_label` replaces its own.
pub fn read_start_job_run(
    settings: &RunSettings,
    text: &str,
    release_label: Option<&str>,
) -> Result<NewJobRun, ApiError> {
    let unreadable = || ApiError::Serialization("The request is not a JSON object.".to_owned());
    let Ok(Value::Object(mut members)) = serde_json::from_str(text) else {
        return Err(unreadable());
    };
    for (name, value) in [
        ("clientToken", "render"),
        ("virtualClusterId", VIRTUAL_CLUSTER),
    ] {
        members.entry(name).or_insert_with(|| Value::from(value));
    }
    if let Some(label) = release_label {
        members.insert("releaseLabel".to_owned(), Value::from(label));
    }
    let request = wire::StartJobRunRequest::from_value(Value::Object(members))?;
    if request.job_template_id.is_some() {
        return Err(ApiError::Validation(
            "A job template is the server's: its run cannot be rendered without it.".to_owned(),
        ));
    }
    let role = request.execution_role_arn.as_deref();
    let account = role
        .and_then(arn::account_of)
        .filter(|account| !account.is_empty())
        .unwrap_or(ACCOUNT);
    let account = AccountId::parse(account).map_err(ApiError::internal)?;
    let partition = role.and_then(arn::partition_of).unwrap_or("aws");
    let caller = Caller {
        arn: format!("arn:{partition}:iam::{account}:root"),
        account: account.clone(),
        policy: None,
    };
    let virtual_cluster = VirtualCluster {
        id: VirtualClusterId::parse(request.virtual_cluster_id.clone())
            .map_err(|error| ApiError::Validation(format!("virtualClusterId: {error}")))?,
        account,
        name: String::new(),
        state: State::Running,
        state_details: None,
        cluster: ClusterId::parse("rendered").map_err(ApiError::internal)?,
        namespace: String::new(),
        node_label: None,
        tags: Default::default(),
        security_configuration_id: None,
        session_enabled: None,
        scheduler: None,
        created_at: jiff::Timestamp::UNIX_EPOCH,
    };
    accept::job_run(settings, request, &virtual_cluster, &caller)
}
