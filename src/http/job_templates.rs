//! The operations on job templates.

mod data;
mod sealed;

use std::collections::BTreeMap;

use axum::extract::State;

use super::Shared;
use super::paging::{List, json_bytes};
use super::request::{Answer, Valid};
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::ids::JobTemplateId;
use crate::domain::job_template::placeholders;
use crate::domain::job_template::{JobTemplate, JobTemplateData, KeptData, NewJobTemplate};
use crate::domain::policy::{ANY, Access, Denied};
use crate::domain::tags;
use crate::spark;
use crate::store::{Cursor, JobTemplateFilter, StoreError};
use crate::wire::{self, ApiError};

pub(super) use data::overrides_view;
pub(super) use sealed::{DecryptionError, open};

#[utoipa::path(
    post, path = "/jobtemplates", operation_id = "CreateJobTemplate", tag = "Job templates",
    request_body = wire::CreateJobTemplateRequest,
    responses((status = 200, body = wire::CreateJobTemplateResponse)),
)]
pub(super) async fn create_job_template(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::CreateJobTemplateRequest>,
) -> Result<Answer<wire::CreateJobTemplateResponse>, ApiError> {
    caller.authorize(&Access {
        operation: "CreateJobTemplate",
        resource: ANY.to_owned(),
        request_tags: request.tags.as_ref(),
        ..Access::default()
    })?;
    let hash = sealed::hash(&request)?;
    let (store, token) = (&app.store, &request.client_token);
    let known = store.job_template_by_token(&caller.account, token, &hash);
    let created = match known.await? {
        Some(created) => created,
        None => {
            let new = new_job_template(&app, request.clone())?;
            store.create_job_template(&caller, &new, &hash).await?
        }
    };
    sealed::check_same(&app, &created, &request)?;
    Ok(Answer(wire::CreateJobTemplateResponse {
        arn: Some(app.region.job_template(&created.account, &created.id)),
        id: Some(created.id.to_string()),
        name: Some(created.name),
        created_at: Some(created.created_at.into()),
    }))
}

#[utoipa::path(
    get, path = "/jobtemplates/{templateId}", operation_id = "DescribeJobTemplate",
    tag = "Job templates",
    responses((status = 200, body = wire::DescribeJobTemplateResponse)),
)]
pub(super) async fn describe_job_template(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DescribeJobTemplateRequest>,
) -> Result<Answer<wire::DescribeJobTemplateResponse>, ApiError> {
    let found = find(&app, &caller, &request.id).await?;
    authorize(
        &app,
        &caller,
        "DescribeJobTemplate",
        &request.id,
        found.as_ref(),
    )?;
    let found = found.ok_or_else(|| unknown(&request.id))?;
    Ok(Answer(wire::DescribeJobTemplateResponse {
        job_template: Some(view(&app, found)),
    }))
}

#[utoipa::path(
    get, path = "/jobtemplates", operation_id = "ListJobTemplates", tag = "Job templates",
    responses((status = 200, body = wire::ListJobTemplatesResponse)),
)]
pub(super) async fn list_job_templates(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::ListJobTemplatesRequest>,
) -> Result<Answer<wire::ListJobTemplatesResponse>, ApiError> {
    caller.authorize(&Access {
        operation: "ListJobTemplates",
        resource: ANY.to_owned(),
        ..Access::default()
    })?;
    let (max, token) = (request.max_results, request.next_token.as_deref());
    let list = List::of(&app, &caller, "ListJobTemplates", max, token)?;
    let filter = JobTemplateFilter {
        created_after: request.created_after.map(Into::into),
        created_before: request.created_before.map(Into::into),
    };
    let mut page = list.of_long_entries();
    while let Some(asked) = page.ask(cursor) {
        let found = app
            .store
            .list_job_templates(&caller.account, filter, &asked)
            .await?;
        page.add(&asked, found, bytes);
    }
    let (found, next_token) = page.finish(cursor)?;
    let views = found.into_iter().map(|template| view(&app, template));
    Ok(Answer(wire::ListJobTemplatesResponse {
        templates: Some(views.collect()),
        next_token,
    }))
}

#[utoipa::path(
    delete, path = "/jobtemplates/{templateId}", operation_id = "DeleteJobTemplate",
    tag = "Job templates",
    responses((status = 200, body = wire::DeleteJobTemplateResponse)),
)]
pub(super) async fn delete_job_template(
    State(app): State<Shared>,
    caller: Caller,
    Valid(request): Valid<wire::DeleteJobTemplateRequest>,
) -> Result<Answer<wire::DeleteJobTemplateResponse>, ApiError> {
    let found = find(&app, &caller, &request.id).await?;
    authorize(
        &app,
        &caller,
        "DeleteJobTemplate",
        &request.id,
        found.as_ref(),
    )?;
    let deleted = match &found {
        Some(found) => {
            app.store
                .delete_job_template(&caller.account, &found.id)
                .await?
        }
        None => false,
    };
    if deleted {
        Ok(Answer(wire::DeleteJobTemplateResponse {
            id: Some(request.id),
        }))
    } else {
        Err(ApiError::Validation("Template does not exist".to_owned()))
    }
}

/// The caller's template of this id.
pub(super) async fn find(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<Option<JobTemplate>, StoreError> {
    match JobTemplateId::parse(id) {
        Ok(id) => app.store.job_template(&caller.account, &id).await,
        Err(_) => Ok(None),
    }
}

/// Whether the caller may do this to the template of this id, which need not exist.
pub(super) fn authorize(
    app: &App,
    caller: &Caller,
    operation: &str,
    id: &str,
    found: Option<&JobTemplate>,
) -> Result<(), Denied> {
    caller.authorize(&Access {
        operation,
        resource: arn(app, caller, id),
        resource_tags: found.map(|template| &template.tags),
        ..Access::default()
    })
}

/// The name of the caller's template of this id, which need not exist.
pub(super) fn arn(app: &App, caller: &Caller, id: &str) -> String {
    app.region
        .resource(&caller.account, &format!("jobtemplates/{id}"))
}

pub(super) fn unknown(id: &str) -> ApiError {
    ApiError::ResourceNotFound(format!("Job template {id} doesn't exist."))
}

fn new_job_template(
    app: &App,
    request: wire::CreateJobTemplateRequest,
) -> Result<NewJobTemplate, ApiError> {
    let data = data::data(request.job_template_data)?;
    check_release(app, &data)?;
    let policies: Vec<_> = app
        .clusters
        .iter()
        .map(|target| &target.defaults.policy)
        .collect();
    spark::job_template::check(&data, &policies).map_err(|problems| {
        ApiError::Validation(format!("jobTemplateData is not valid: {problems}"))
    })?;
    let tags = request.tags.unwrap_or_default();
    tags::check(&tags)?;
    tags::check(data.job_tags.as_ref().unwrap_or(&BTreeMap::new()))?;
    let id = JobTemplateId::random();
    Ok(NewJobTemplate {
        data: sealed::kept(app, &id, data, request.kms_key_arn.as_deref())?,
        id,
        name: request.name,
        client_token: request.client_token,
        kms_key_arn: request.kms_key_arn,
        tags,
    })
}

fn cursor(template: &JobTemplate) -> Cursor {
    Cursor {
        created_at: template.created_at,
        id: template.id.to_string(),
    }
}

fn bytes(template: &JobTemplate) -> usize {
    match &template.data {
        KeptData::Open(data) => json_bytes(data),
        KeptData::Sealed(sealed) => sealed.len(),
    }
}

/// A release that no parameter chooses must exist: no run could be started otherwise.
fn check_release(app: &App, data: &JobTemplateData) -> Result<(), ApiError> {
    if placeholders::names(&data.release_label).next().is_some() {
        return Ok(());
    }
    app.clusters.check_release(&data.release_label)?;
    Ok(())
}

fn view(app: &App, template: JobTemplate) -> wire::JobTemplate {
    let (data, decryption_error) = match open(app, &template) {
        Ok(data) => (Some(data::view(data)), None),
        Err(error) => {
            tracing::warn!(
                job_template.id = %template.id, %error,
                "Job template {} cannot be decrypted", template.id
            );
            (None, Some(error.to_string()))
        }
    };
    wire::JobTemplate {
        arn: Some(app.region.job_template(&template.account, &template.id)),
        id: Some(template.id.to_string()),
        name: Some(template.name),
        created_at: Some(template.created_at.into()),
        created_by: Some(template.created_by),
        tags: Some(template.tags),
        job_template_data: data,
        kms_key_arn: template.kms_key_arn,
        decryption_error,
    }
}
