//! A spark-submit command line, rendered.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use uuid::Uuid;

use super::files::{self, Read};
use super::ids::Ids;
use super::{RenderArgs, Rendered};
use crate::spark::driver_pod::{self, Layout, Objects, Submission};
use crate::spark::submit_line::{self, CommandLine, Stamps, Submitter};

const NAMESPACE: &str = "spark.kubernetes.namespace";

/// What is rendered, apart from the files that it names.
pub(super) struct Request<'a> {
    pub words: &'a [String],
    pub spark_version: &'a str,
    pub layout: Layout,
    pub namespace: Option<&'a str>,
    pub conf_dir: Option<&'a Path>,
    pub hadoop_conf_dir: Option<&'a Path>,
    pub environment: BTreeMap<String, String>,
    pub user: &'a str,
    pub ids: &'a Ids,
}

pub(super) fn render(args: &RenderArgs) -> anyhow::Result<Rendered> {
    let ids = match &args.ids {
        None => Ids::default(),
        Some(path) => {
            let text =
                std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_slice(&text).with_context(|| format!("in {}", path.display()))?
        }
    };
    let environment: BTreeMap<_, _> = args.env.iter().cloned().collect();
    // Spark looks at these in this order.
    let told = ["SPARK_USER", "HADOOP_USER_NAME"]
        .into_iter()
        .find_map(|name| environment.get(name));
    let user = match args.user.as_ref().or(told) {
        Some(user) => user.clone(),
        None => os_user()?,
    };
    let objects = objects(
        &Request {
            words: &args.words,
            spark_version: args.spark_version.as_deref().unwrap_or_default(),
            layout: args.layout().unwrap_or(Layout::Classic),
            namespace: args.namespace.as_deref(),
            conf_dir: args.conf_dir.as_deref(),
            hadoop_conf_dir: args.hadoop_conf_dir.as_deref(),
            environment,
            user: &user,
            ids: &ids,
        },
        &files::read,
    )?;
    Ok(Rendered::of(&objects)?)
}

/// The objects of a command line. Owned, if the pod's uid is known.
pub(super) fn objects(request: &Request<'_>, read: &Read<'_>) -> anyhow::Result<Objects> {
    let line = CommandLine::parse(request.words)?;
    let submitter = submitter(request, &line, read)?;
    let stamps = Stamps {
        app_id: match &request.ids.app_id {
            Some(given) => given.clone(),
            None => format!("spark-{}", Uuid::new_v4().simple()),
        },
        submit_time: match &request.ids.submit_time {
            Some(given) => given.clone(),
            None => Timestamp::now().as_millisecond().to_string(),
        },
        uuid: &mut || Uuid::new_v4().to_string(),
    };
    let mut plan = submit_line::plan(&line, request.spark_version, &submitter, stamps)?;
    if let Some(namespace) = request
        .namespace
        .filter(|namespace| *namespace != "default")
    {
        // Executors are made where the driver's properties say.
        plan.properties
            .entry(NAMESPACE.to_owned())
            .or_insert_with(|| namespace.to_owned());
    }
    let mut texts = files::of_properties(&plan, read)?;
    if let Some(folder) = request.hadoop_conf_dir {
        for (name, bytes) in files::read_folder(folder)? {
            let text = String::from_utf8(bytes)
                .with_context(|| format!("{name} of {} is not UTF-8", folder.display()))?;
            texts.hadoop_conf.insert(name, text);
        }
    }
    let names = request.ids.names(&plan);
    let mut objects = driver_pod::build(&Submission {
        plan: &plan,
        names: &names,
        layout: request.layout,
        texts: &texts,
        user: request.user,
        environment: &request.environment,
    })?;
    if let Some(uid) = &request.ids.pod_uid {
        objects.owned_by(uid);
    }
    Ok(objects)
}

fn submitter(
    request: &Request<'_>,
    line: &CommandLine,
    read: &Read<'_>,
) -> anyhow::Result<Submitter> {
    let properties_file = match &line.properties_file {
        None => None,
        Some(path) => {
            Some(String::from_utf8(read(path)?).with_context(|| format!("{path} is not UTF-8"))?)
        }
    };
    let working_dir = std::env::current_dir()?;
    Ok(Submitter {
        working_dir: working_dir.to_string_lossy().into_owned(),
        properties_file,
        conf_dir: match request.conf_dir {
            Some(folder) => files::read_folder(folder)?,
            None => Default::default(),
        },
        environment: request.environment.clone(),
    })
}

/// Whom Hadoop takes a submitter for.
fn os_user() -> anyhow::Result<String> {
    let id = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(id)?;
    user.map(|user| user.name)
        .with_context(|| format!("user {id} has no name: give --user"))
}
