//! What a job run's driver has beyond spark-submit's, in either layout: the cluster's settings
//! where the run says nothing, and the marks by which its pods are found.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{
    BuildError, DRIVER_CONTAINER, Identity, Layout, Names, Objects, PodSettings, Submission, Texts,
    build, credentials, labels,
};
use crate::spark::plan::Plan;
use crate::spark::pod_template::{self, Role};
use crate::spark::policy::Granted;
use crate::spark::redaction;
use crate::spark::service_accounts::ServiceAccounts;

const EXECUTOR_LABEL: &str = "spark.kubernetes.executor.label.";
const DRIVER_LABEL: &str = "spark.kubernetes.driver.label.";
const EXECUTOR_ACCOUNT: &str = "spark.kubernetes.authenticate.executor.serviceAccountName";
const DRIVER_ANNOTATION: &str = "spark.kubernetes.driver.annotation.";

/// The Hadoop user of drivers and executors that run as nobody else: the service's.
const USER: &str = "hadoop";

/// The objects of an attempt's driver.
pub fn of_job_run(
    plan: &Plan,
    identity: &Identity,
    settings: &PodSettings,
    layout: Layout,
    texts: &Texts,
) -> Result<Objects, BuildError> {
    refuse_marks(&plan.properties)?;
    check_templates(plan, settings, texts)?;
    let mut plan = plan.clone();
    plan.properties = properties(&plan, identity, settings, layout);
    escape_references(&mut plan);
    let names = Names::of_attempt(identity, &plan.app_id);
    let texts = &as_judged(&plan, texts)?;
    let mut objects = build(&Submission {
        plan: &plan,
        names: &names,
        layout,
        texts,
        user: USER,
        // Who submits is a server, whose environment is nobody's business.
        environment: &BTreeMap::new(),
    })?;
    if !plan.templates.driver_is_trusted {
        check_pod(&plan, settings, &objects)?;
    }
    mark(&mut objects, identity, &plan.app_id);
    let own = redaction::annotations(&plan);
    if !own.is_empty() {
        let annotations = objects.pod.metadata.annotations.get_or_insert_default();
        annotations.extend(own);
    }
    Ok(objects)
}

/// The accounts of the run's own role, where neither the cluster nor a property sets others.
pub fn own_accounts<'a>(plan: &'a Plan, settings: &PodSettings) -> Option<&'a ServiceAccounts> {
    let is_set = settings.service_account.is_some()
        || plan.properties.contains_key(credentials::SERVICE_ACCOUNT);
    plan.service_accounts.as_ref().filter(|_| !is_set)
}

/// Templates of callers obey the cluster's policy before anything is merged into them.
fn check_templates(plan: &Plan, settings: &PodSettings, texts: &Texts) -> Result<(), BuildError> {
    for (role, text, is_trusted) in [
        (
            Role::Driver,
            &texts.driver_template,
            plan.templates.driver_is_trusted,
        ),
        (
            Role::Executor,
            &texts.executor_template,
            plan.templates.executor_is_trusted,
        ),
    ] {
        match text {
            Some(text) if !is_trusted => settings.policy.check_text(role, text)?,
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// A driver reads its executors' template by itself, and must find in it what was judged here: not
/// another reading of the same text, and no field that was not known.
fn as_judged<'t>(plan: &Plan, texts: &'t Texts) -> Result<Cow<'t, Texts>, BuildError> {
    let Some(text) = &texts.executor_template else {
        return Ok(Cow::Borrowed(texts));
    };
    if plan.templates.executor_is_trusted {
        return Ok(Cow::Borrowed(texts));
    }
    let text = pod_template::as_read(text).map_err(|error| BuildError::Template {
        role: Role::Executor,
        error,
    })?;
    Ok(Cow::Owned(Texts {
        executor_template: Some(text),
        ..texts.clone()
    }))
}

/// What properties ask for was checked where they were given.
fn check_pod(plan: &Plan, settings: &PodSettings, objects: &Objects) -> Result<(), BuildError> {
    let granted = Granted {
        service_account: plan
            .properties
            .get(credentials::SERVICE_ACCOUNT)
            .map(String::as_str),
        host_paths: plan
            .properties
            .iter()
            .filter(|(key, _)| {
                key.starts_with("spark.kubernetes.driver.volumes.hostPath.")
                    && key.ends_with(".options.path")
            })
            .map(|(_, value)| value.as_str())
            .collect(),
    };
    Ok(settings.policy.check_driver(&objects.pod, &granted)?)
}

/// No label and no annotation of a caller's may be one of Firesteel's or Spark's.
fn refuse_marks(properties: &BTreeMap<String, String>) -> Result<(), BuildError> {
    let taken = properties.keys().find(|key| {
        [EXECUTOR_LABEL, DRIVER_LABEL, DRIVER_ANNOTATION]
            .iter()
            .filter_map(|prefix| key.strip_prefix(prefix))
            .any(labels::is_reserved)
    });
    match taken {
        Some(key) => Err(BuildError::Reserved(key.clone())),
        None => Ok(()),
    }
}

fn properties(
    plan: &Plan,
    identity: &Identity,
    settings: &PodSettings,
    layout: Layout,
) -> BTreeMap<String, String> {
    let mut properties = plan.properties.clone();
    properties.remove("spark.driver.bindAddress");
    let mut set = |key: String, value: &str| properties.insert(key, value.to_owned());
    set(
        "spark.master".to_owned(),
        "k8s://https://kubernetes.default.svc",
    );
    set("spark.submit.deployMode".to_owned(), "cluster");
    set("spark.kubernetes.namespace".to_owned(), &identity.namespace);
    // Executors carry their run's marks by Spark's own means.
    for (key, value) in labels::of_attempt(identity, "executor") {
        set(format!("{EXECUTOR_LABEL}{key}"), &value);
    }

    if let Some(label) = &plan.node_label {
        let selector = |pods: &str| {
            let key = &settings.node_label_key;
            format!("spark.kubernetes.{pods}node.selector.{key}")
        };
        // These would win, and lead the run off its virtual cluster's nodes.
        for pods in ["driver.", "executor."] {
            properties.remove(&selector(pods));
        }
        properties.insert(selector(""), label.clone());
    }

    let image = settings
        .image
        .as_ref()
        .map(|image| image.replace("{spark_version}", &plan.spark_version));
    let app = |prefix: &str| format!("{prefix}{}", labels::APP.0);
    let accounts = own_accounts(plan, settings);
    let executors_account = accounts.map(|accounts| accounts.executor.as_str());
    let mut defaults = vec![
        ("spark.app.name".to_owned(), Some(plan.app_name.as_str())),
        (
            "spark.kubernetes.container.image".to_owned(),
            image.as_deref(),
        ),
        (
            "spark.kubernetes.container.image.pullPolicy".to_owned(),
            Some(settings.image_pull_policy.as_str()),
        ),
        (
            credentials::SERVICE_ACCOUNT.to_owned(),
            accounts
                .map(|accounts| accounts.driver.as_str())
                .or(settings.service_account.as_deref()),
        ),
        (EXECUTOR_ACCOUNT.to_owned(), executors_account),
        (app(EXECUTOR_LABEL), Some(labels::APP.1)),
        (app(DRIVER_LABEL), Some(labels::APP.1)),
    ];
    if layout == Layout::Compact {
        // Executors get the driver's conf folder through a map of the driver's own making, which
        // is of no use where the folder holds only what they are told anyway.
        defaults.push((
            "spark.kubernetes.executor.disableConfigMap".to_owned(),
            plan.conf_files.is_empty().then_some("true"),
        ));
    }
    // A template names the Spark container as the service does, or leaves it to its place.
    for (role, container) in [
        (Role::Driver, DRIVER_CONTAINER),
        (Role::Executor, "spark-kubernetes-executor"),
    ] {
        let source = match role {
            Role::Driver => &plan.templates.driver,
            Role::Executor => &plan.templates.executor,
        };
        let key = format!("spark.kubernetes.{}.podTemplateContainerName", role.word());
        defaults.push((key, source.is_some().then_some(container)));
    }
    for (name, value) in &plan.environment {
        let key = format!("spark.kubernetes.driverEnv.{name}");
        defaults.push((key, Some(value.as_str())));
    }
    for (key, default) in defaults {
        if let Some(default) = default {
            properties.entry(key).or_insert_with(|| default.to_owned());
        }
    }
    properties
}

/// Kubernetes expands `$(NAME)` in arguments; a caller's reach the program as they were written.
fn escape_references(plan: &mut Plan) {
    let texts = [
        plan.proxy_user.as_mut(),
        plan.main_class.as_mut(),
        Some(&mut plan.resource),
    ];
    for text in texts.into_iter().flatten().chain(&mut plan.arguments) {
        *text = text.replace('$', "$$");
    }
}

fn mark(objects: &mut Objects, identity: &Identity, app_id: &str) {
    let marks = labels::of_attempt(identity, "driver");
    for dependent in &mut objects.dependents {
        let metadata = dependent.metadata_mut();
        metadata.namespace = Some(identity.namespace.clone());
        let labels = metadata.labels.get_or_insert_default();
        labels.extend(marks.clone());
        // Whatever its kind, it is found with the application's other helpers.
        labels.insert(labels::SPARK_APP_ID.to_owned(), app_id.to_owned());
    }
    let metadata = &mut objects.pod.metadata;
    metadata.namespace = Some(identity.namespace.clone());
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(marks);
    labels.insert(labels::HOLDER.to_owned(), labels::DRIVER.to_owned());

    let spec = objects.pod.spec.get_or_insert_default();
    // Else every Service of the namespace adds variables to the driver's environment.
    spec.enable_service_links = Some(false);
    // Spark's container comes last, whatever a template brought.
    if let Some(driver) = spec.containers.last_mut() {
        DRIVER_CONTAINER.clone_into(&mut driver.name);
        // The end of the log becomes the pod's word on why it failed.
        driver.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
    }
}

#[cfg(test)]
mod tests;
