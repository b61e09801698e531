//! `firesteel render`: the objects that a submission would create, printed. No cluster is asked,
//! and of the person's files only those are read that the command line names.

mod files;
mod ids;
mod job_run;
mod submit;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::{Map, Value};

use crate::spark::driver_pod::{Dependent, Layout, Objects};
use crate::spark::service_accounts;

/// What is rendered: a request of StartJobRun, or a spark-submit command line after `--`.
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["start_job_run", "words"])))]
pub(super) struct RenderArgs {
    /// A request of StartJobRun, in the form of the AWS CLI's --cli-input-json; `-` reads it from
    /// the standard input.
    #[arg(long, value_name = "FILE")]
    start_job_run: Option<PathBuf>,
    /// The request's releaseLabel, instead of the one in it.
    #[arg(long, value_name = "LABEL", requires = "start_job_run")]
    release: Option<String>,
    /// Settings of the control plane, whose cluster's defaults the run gets.
    #[arg(long, value_name = "FILE", requires_all = ["start_job_run", "cluster"])]
    config: Option<PathBuf>,
    /// The cluster of the settings that the run is for.
    #[arg(long, value_name = "ID", requires = "config")]
    cluster: Option<String>,
    /// The Spark whose spark-submit takes the words after `--`.
    #[arg(
        long,
        value_name = "VERSION",
        requires = "words",
        conflicts_with = "release"
    )]
    spark_version: Option<String>,
    /// Fixed names and times, as JSON; what is not in it is drawn at random.
    #[arg(long, value_name = "FILE", requires = "words")]
    ids: Option<PathBuf>,
    /// What spark-submit would find as SPARK_CONF_DIR.
    #[arg(long, value_name = "DIR", requires = "words")]
    conf_dir: Option<PathBuf>,
    /// What spark-submit would find as HADOOP_CONF_DIR.
    #[arg(long, value_name = "DIR", requires = "words")]
    hadoop_conf_dir: Option<PathBuf>,
    /// A variable of spark-submit's environment that finds its way to the driver, such as
    /// PYSPARK_PYTHON or SPARK_LOCAL_DIRS. That of this command plays no part.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable, requires = "words")]
    env: Vec<(String, String)>,
    /// The Hadoop user, instead of whoever runs this command.
    #[arg(long, value_name = "NAME", requires = "words")]
    user: Option<String>,
    /// One Pod, or Pod, Service and ConfigMap as spark-submit makes them: what spark-submit does
    /// after `--`, else what the cluster would choose.
    #[arg(long, value_enum)]
    layout: Option<LayoutArg>,
    /// The namespace, where nothing else names one.
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// One JSON object with the objects as its members, or a YAML document for each object.
    #[arg(long, value_enum, default_value_t = Output::Json)]
    output: Output,
    /// The arguments of spark-submit.
    #[arg(
        last = true,
        value_name = "SPARK-SUBMIT ARGUMENTS",
        requires = "spark_version"
    )]
    words: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LayoutArg {
    Classic,
    Compact,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Json,
    Yaml,
}

pub(super) fn run(args: &RenderArgs) -> anyhow::Result<()> {
    let rendered = match &args.start_job_run {
        Some(request) => job_run::render(args, request)?,
        None => submit::render(args)?,
    };
    let text = match args.output {
        Output::Json => rendered.into_json()?,
        Output::Yaml => rendered.to_yaml()?,
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("it is not NAME=VALUE".to_owned()),
    }
}

impl RenderArgs {
    fn layout(&self) -> Option<Layout> {
        self.layout.map(|layout| match layout {
            LayoutArg::Classic => Layout::Classic,
            LayoutArg::Compact => Layout::Compact,
        })
    }
}

/// The objects by their part in a submission.
struct Rendered {
    pod: Value,
    service: Option<Value>,
    configmap: Option<Value>,
    /// In the order in which they are sent, like `in_order`.
    extra: Vec<Value>,
    in_order: Vec<Value>,
}

impl Rendered {
    /// With the accounts that have to be there before the pod is.
    fn with_accounts(mut self, accounts: &service_accounts::Objects) -> serde_json::Result<Self> {
        let first = [
            serde_json::to_value(&accounts.driver_role)?,
            serde_json::to_value(&accounts.driver_binding)?,
            serde_json::to_value(&accounts.driver)?,
            serde_json::to_value(&accounts.executor)?,
        ];
        self.extra.splice(..0, first.clone());
        self.in_order.splice(..0, first);
        Ok(self)
    }

    /// The driver's ConfigMap is the last that is sent.
    fn of(objects: &Objects) -> serde_json::Result<Self> {
        let mut rendered = Self {
            pod: serde_json::to_value(&objects.pod)?,
            service: None,
            configmap: None,
            extra: Vec::new(),
            in_order: vec![serde_json::to_value(&objects.pod)?],
        };
        let last = objects.dependents.len().saturating_sub(1);
        for (index, dependent) in objects.dependents.iter().enumerate() {
            let value = match dependent {
                Dependent::Secret(object) => serde_json::to_value(object)?,
                Dependent::Service(object) => serde_json::to_value(object)?,
                Dependent::NetworkPolicy(object) => serde_json::to_value(object)?,
                Dependent::PersistentVolumeClaim(object) => serde_json::to_value(object)?,
                Dependent::ConfigMap(object) => serde_json::to_value(object)?,
            };
            rendered.in_order.push(value.clone());
            match dependent {
                Dependent::Service(_) => rendered.service = Some(value),
                Dependent::ConfigMap(_) if index == last => rendered.configmap = Some(value),
                Dependent::Secret(_)
                | Dependent::NetworkPolicy(_)
                | Dependent::PersistentVolumeClaim(_)
                | Dependent::ConfigMap(_) => rendered.extra.push(value),
            }
        }
        Ok(rendered)
    }

    fn into_value(self) -> Value {
        let mut members = Map::new();
        members.insert("pod".to_owned(), self.pod);
        for (name, object) in [("service", self.service), ("configmap", self.configmap)] {
            if let Some(object) = object {
                members.insert(name.to_owned(), object);
            }
        }
        if !self.extra.is_empty() {
            members.insert("extra".to_owned(), Value::Array(self.extra));
        }
        Value::Object(members)
    }

    fn into_json(self) -> anyhow::Result<String> {
        Ok(format!(
            "{}\n",
            serde_json::to_string_pretty(&self.into_value())?
        ))
    }

    fn to_yaml(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        for object in &self.in_order {
            text.push_str("---\n");
            text.push_str(&serde_saphyr::to_string(object)?);
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
