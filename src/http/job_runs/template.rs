//! The job template that a run is started from: what the request has replaces what the template
//! has, and what comes of it is checked like any other request.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::job_template::{Given, JobTemplate, JobTemplateData, Replaced, RunParts};
use crate::domain::policy::Denied;
use crate::http::{job_parts, job_templates};
use crate::spark;
use crate::store::StoreError;
use crate::wire::{self, ApiError, Request as _};

/// A template as a request names it.
pub(super) struct Named {
    pub arn: String,
    id: String,
    found: Option<Found>,
}

struct Found {
    template: JobTemplate,
    data: Result<JobTemplateData, job_templates::DecryptionError>,
}

/// The template that a request names, if it names one; it need not exist.
pub(super) async fn named(
    app: &App,
    caller: &Caller,
    request: &wire::StartJobRunRequest,
) -> Result<Option<Named>, StoreError> {
    let Some(id) = &request.job_template_id else {
        return Ok(None);
    };
    let found = job_templates::find(app, caller, id).await?;
    Ok(Some(Named {
        arn: job_templates::arn(app, caller, id),
        id: id.clone(),
        found: found.map(|template| Found {
            data: job_templates::open(app, &template),
            template,
        }),
    }))
}

impl Named {
    /// Whether the caller may read the template, as a run of it tells what it holds.
    pub fn authorize(&self, app: &App, caller: &Caller) -> Result<(), Denied> {
        let template = self.found.as_ref().map(|found| &found.template);
        job_templates::authorize(app, caller, "DescribeJobTemplate", &self.id, template)
    }

    /// What it holds, where it exists and can be read.
    pub fn data(&self) -> Option<&JobTemplateData> {
        self.found.as_ref()?.data.as_ref().ok()
    }

    fn readable(&self) -> Result<&JobTemplateData, ApiError> {
        let found = self
            .found
            .as_ref()
            .ok_or_else(|| job_templates::unknown(&self.id))?;
        found.data.as_ref().map_err(|error| {
            ApiError::Validation(format!("Job template {} is not readable: {error}", self.id))
        })
    }
}

/// Which parts of a template the request has itself. Clients send empty `configurationOverrides`,
/// which replace nothing.
pub(super) fn replaced(request: &wire::StartJobRunRequest) -> Replaced {
    let overrides = request.configuration_overrides.as_ref();
    Replaced {
        execution_role_arn: request.execution_role_arn.is_some(),
        release_label: request.release_label.is_some(),
        driver: request.job_driver.is_some(),
        application_configuration: overrides
            .is_some_and(|overrides| overrides.application_configuration.is_some()),
        monitoring: overrides.is_some_and(|overrides| overrides.monitoring_configuration.is_some()),
    }
}

/// The values that the request gives.
pub(super) fn given(request: &wire::StartJobRunRequest) -> Given {
    let given = request.job_template_parameters.as_ref();
    given
        .map(|given| given.expose().clone())
        .unwrap_or_default()
}

/// The request with what the template gives it, valid again.
pub(super) fn effective(
    app: &App,
    request: wire::StartJobRunRequest,
    template: Option<&Named>,
) -> Result<wire::StartJobRunRequest, ApiError> {
    let Some(template) = template else {
        if request.job_template_parameters.is_some() {
            return Err(ApiError::Validation(
                "jobTemplateParameters need a jobTemplateId.".to_owned(),
            ));
        }
        return Ok(request);
    };
    let data = template.readable()?;
    // A run that asks for all of it outright has no longer request.
    let most_bytes = app.config.api.max_body_bytes.get();
    let parts = spark::job_template::fill(data, &given(&request), replaced(&request), most_bytes)
        .map_err(|problems| {
        ApiError::Validation(format!("jobTemplateParameters are not valid: {problems}"))
    })?;
    Ok(wire::StartJobRunRequest::from_value(merged(
        &request, parts,
    )?)?)
}

/// Put together as JSON: a template may lack what a run must have, and only then is it noticed.
fn merged(request: &wire::StartJobRunRequest, parts: RunParts) -> Result<Value, ApiError> {
    let Value::Object(mut members) = value(request)? else {
        return Err(ApiError::internal("a request is not a JSON object"));
    };
    members.remove("jobTemplateParameters");
    let driver = parts.driver.map(job_parts::job_driver_view);
    for (name, part) in [
        ("executionRoleArn", value(&parts.execution_role_arn)?),
        ("releaseLabel", value(&parts.release_label)?),
        ("jobDriver", value(&driver)?),
    ] {
        if !part.is_null() {
            members.insert(name.to_owned(), part);
        }
    }
    if let Some(overrides) = parts.overrides {
        let overrides = value(&job_templates::overrides_view(overrides))?;
        add(&mut members, "configurationOverrides", overrides);
    }
    add(&mut members, "tags", value(&parts.tags)?);
    Ok(Value::Object(members))
}

/// Adds the entries of an object to a member; its own stay.
fn add(members: &mut Map<String, Value>, name: &str, entries: Value) {
    let member = members.entry(name).or_insert_with(|| json!({}));
    if let (Value::Object(member), Value::Object(entries)) = (member, entries) {
        for (key, value) in entries {
            member.entry(key).or_insert(value);
        }
    }
}

fn value<T: Serialize>(part: &T) -> Result<Value, ApiError> {
    serde_json::to_value(part).map_err(ApiError::internal)
}
