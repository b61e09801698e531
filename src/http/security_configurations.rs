//! The operations on security configurations.

mod data;

use axum::extract::State;

use super::Shared;
use super::idempotency::request_hash;
use super::paging::List;
use super::request::{Answer, Valid};
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::ids::SecurityConfigurationId;
use crate::domain::policy::{self, Access};
use crate::domain::security_configuration as domain;
use crate::domain::tags;
use crate::store::{Cursor, SecurityConfigurationDeletion, SecurityConfigurationFilter};
use crate::wire::{self, ApiError};

#[utoipa::path(
    post, path = "/securityconfigurations", operation_id = "CreateSecurityConfiguration",
    tag = "Security configurations", request_body = wire::CreateSecurityConfigurationRequest,
    responses((status = 200, body = wire::CreateSecurityConfigurationResponse)),
)]
pub(super) async fn create_security_configuration(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::CreateSecurityConfigurationRequest>,
) -> Result<Answer<wire::CreateSecurityConfigurationResponse>, ApiError> {
    caller.authorize(&Access {
        operation: "CreateSecurityConfiguration",
        resource: policy::ANY.to_owned(),
        request_tags: request.tags.as_ref(),
        ..Access::default()
    })?;
    let hash = request_hash(&request)?;
    let (account, token) = (&caller.account, &request.client_token);
    let known = app
        .store
        .security_configuration_by_token(account, token, &hash)
        .await?;
    let created = match known {
        Some(created) => created,
        None => {
            let new = new_security_configuration(request)?;
            app.store
                .create_security_configuration(&caller, &new, &hash)
                .await?
        }
    };
    Ok(Answer(wire::CreateSecurityConfigurationResponse {
        arn: Some(arn(&app, &created)),
        id: Some(created.id.to_string()),
        name: Some(created.name),
    }))
}

#[utoipa::path(
    get, path = "/securityconfigurations/{securityConfigurationId}",
    operation_id = "DescribeSecurityConfiguration", tag = "Security configurations",
    responses((status = 200, body = wire::DescribeSecurityConfigurationResponse)),
)]
pub(super) async fn describe_security_configuration(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DescribeSecurityConfigurationRequest>,
) -> Result<Answer<wire::DescribeSecurityConfigurationResponse>, ApiError> {
    let operation = "DescribeSecurityConfiguration";
    let found = authorized(&app, &caller, operation, &request.id).await?;
    let found = found.ok_or_else(|| unknown(&request.id))?;
    Ok(Answer(wire::DescribeSecurityConfigurationResponse {
        security_configuration: Some(view(&app, found)),
    }))
}

#[utoipa::path(
    get, path = "/securityconfigurations", operation_id = "ListSecurityConfigurations",
    tag = "Security configurations",
    responses((status = 200, body = wire::ListSecurityConfigurationsResponse)),
)]
pub(super) async fn list_security_configurations(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::ListSecurityConfigurationsRequest>,
) -> Result<Answer<wire::ListSecurityConfigurationsResponse>, ApiError> {
    let operation = "ListSecurityConfigurations";
    caller.authorize(&Access {
        operation,
        resource: policy::ANY.to_owned(),
        ..Access::default()
    })?;
    let (max, token) = (request.max_results, request.next_token.as_deref());
    let list = List::of(&app, &caller, operation, max, token)?;
    let filter = SecurityConfigurationFilter {
        created_after: request.created_after.map(Into::into),
        created_before: request.created_before.map(Into::into),
    };
    let found = app
        .store
        .list_security_configurations(&caller.account, &filter, list.page())
        .await?;
    let (found, next_token) = list.cut(found, |entry| Cursor {
        created_at: entry.created_at,
        id: entry.id.to_string(),
    })?;
    let views = found.into_iter().map(|entry| view(&app, entry));
    Ok(Answer(wire::ListSecurityConfigurationsResponse {
        security_configurations: Some(views.collect()),
        next_token,
    }))
}

#[utoipa::path(
    delete, path = "/securityconfigurations/{securityConfigurationId}",
    operation_id = "DeleteSecurityConfiguration", tag = "Security configurations",
    responses((status = 200, body = wire::DeleteSecurityConfigurationResponse)),
)]
pub(super) async fn delete_security_configuration(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DeleteSecurityConfigurationRequest>,
) -> Result<Answer<wire::DeleteSecurityConfigurationResponse>, ApiError> {
    let operation = "DeleteSecurityConfiguration";
    let deletion = match authorized(&app, &caller, operation, &request.id).await? {
        Some(found) => {
            app.store
                .delete_security_configuration(&caller.account, &found.id)
                .await?
        }
        None => SecurityConfigurationDeletion::Unknown,
    };
    match deletion {
        SecurityConfigurationDeletion::Deleted => {
            Ok(Answer(wire::DeleteSecurityConfigurationResponse {
                id: Some(request.id),
            }))
        }
        SecurityConfigurationDeletion::Unknown => Err(ApiError::Validation(
            "Security configuration does not exist".to_owned(),
        )),
        SecurityConfigurationDeletion::InUse(virtual_cluster) => {
            Err(ApiError::Validation(format!(
                "Security configuration {} is in use by virtual cluster {virtual_cluster}. Delete \
                 that first.",
                request.id
            )))
        }
    }
}

/// The answer where the account has no such security configuration.
pub(super) fn unknown(id: &str) -> ApiError {
    ApiError::ResourceNotFound(format!("Security configuration {id} doesn't exist."))
}

/// The caller's security configuration of this id, where there is one; first of all, whether the
/// caller may do this to it.
async fn authorized(
    app: &App,
    caller: &Caller,
    operation: &str,
    id: &str,
) -> Result<Option<domain::SecurityConfiguration>, ApiError> {
    let account = &caller.account;
    let found = match SecurityConfigurationId::parse(id) {
        Ok(id) => app.store.security_configuration(account, &id).await?,
        Err(_) => None,
    };
    caller.authorize(&Access {
        operation,
        resource: app
            .region
            .resource(account, &format!("securityconfigurations/{id}")),
        resource_tags: found.as_ref().map(|found| &found.tags),
        ..Access::default()
    })?;
    Ok(found)
}

fn new_security_configuration(
    request: wire::CreateSecurityConfigurationRequest,
) -> Result<domain::NewSecurityConfiguration, ApiError> {
    let tags = request.tags.unwrap_or_default();
    tags::check(&tags)?;
    Ok(domain::NewSecurityConfiguration {
        name: request.name,
        container_provider: request.container_provider.map(Into::into),
        data: request.security_configuration_data.into(),
        client_token: request.client_token,
        tags,
    })
}

fn arn(app: &App, configuration: &domain::SecurityConfiguration) -> String {
    app.region
        .security_configuration(&configuration.account, &configuration.id)
}

fn view(app: &App, configuration: domain::SecurityConfiguration) -> wire::SecurityConfiguration {
    wire::SecurityConfiguration {
        arn: Some(arn(app, &configuration)),
        id: Some(configuration.id.to_string()),
        name: Some(configuration.name),
        created_at: Some(configuration.created_at.into()),
        created_by: Some(configuration.created_by),
        security_configuration_data: Some(configuration.data.into()),
        tags: Some(configuration.tags),
    }
}
