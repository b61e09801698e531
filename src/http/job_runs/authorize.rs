//! Who may do what to job runs. A caller who may not learns nothing about what exists.

use std::collections::BTreeMap;

use super::template;
use crate::app::App;
use crate::domain::account::Caller;
use crate::domain::job_run::JobRun;
use crate::domain::policy::{Access, Denied};
use crate::domain::virtual_cluster::VirtualCluster;
use crate::wire;

/// Whether the caller may start the run: with the role and the tags that it would have, or has.
///
/// A request that replaces parts of a template is no run of that template alone: it must also be
/// allowed where no template is named. So who may start only runs of a template cannot bring a
/// driver of their own, and what is denied for a template stays denied.
pub(super) fn start(
    app: &App,
    caller: &Caller,
    virtual_cluster: Option<&VirtualCluster>,
    request: &wire::StartJobRunRequest,
    template: Option<&template::Named>,
    known: Option<&JobRun>,
) -> Result<(), Denied> {
    if let Some(template) = template {
        template.authorize(app, caller)?;
    }
    let (role, tags) = match known {
        Some(run) => (run.execution_role_arn.clone(), run.tags.clone()),
        None => role_and_tags(request, template),
    };
    let id = &request.virtual_cluster_id;
    let access = Access {
        operation: "StartJobRun",
        resource: app
            .region
            .resource(&caller.account, &format!("virtualclusters/{id}")),
        resource_tags: virtual_cluster.map(|found| &found.tags),
        request_tags: Some(&tags),
        execution_role_arn: role.as_deref(),
        job_template_arn: template.map(|template| template.arn.as_str()),
    };
    caller.authorize(&access)?;
    if template.is_some() && template::replaced(request).anything() {
        caller.authorize(&Access {
            job_template_arn: None,
            ..access
        })?;
    }
    Ok(())
}

/// Whether the caller may do this to a run, which need not exist.
pub(super) fn one(
    app: &App,
    caller: &Caller,
    operation: &str,
    (virtual_cluster, id): (&str, &str),
    found: Option<&JobRun>,
) -> Result<(), Denied> {
    let path = format!("virtualclusters/{virtual_cluster}/jobruns/{id}");
    caller.authorize(&Access {
        operation,
        resource: app.region.resource(&caller.account, &path),
        resource_tags: found.map(|run| &run.tags),
        ..Access::default()
    })
}

/// The role and the tags of the run that a request asks for, as far as they can be told.
fn role_and_tags(
    request: &wire::StartJobRunRequest,
    template: Option<&template::Named>,
) -> (Option<String>, BTreeMap<String, String>) {
    let data = template.and_then(template::Named::data);
    let (of_template, job_tags) = data
        .map(|data| data.role_and_tags(&template::given(request)))
        .unzip();
    let mut tags = job_tags.unwrap_or_default();
    tags.extend(request.tags.clone().unwrap_or_default());
    (request.execution_role_arn.clone().or(of_template), tags)
}
