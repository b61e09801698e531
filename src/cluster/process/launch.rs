//! What a driver's folder holds to start from: its properties and a script, so that whoever finds
//! a folder that was never started can start it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::toolchain::{Toolchain, has_java};
use crate::domain::job_run::decide::Refusal;
use crate::spark::Plan;
use crate::spark::plan::Language;
use crate::spark::properties;

/// What all drivers of the cluster have in common.
#[derive(Clone, Debug)]
pub struct Launcher {
    pub toolchain: Toolchain,
    /// PATH, HOME and what the configuration lists.
    pub environment: BTreeMap<String, String>,
    /// Threads for a driver's tasks; else as many as its executors would have had.
    pub threads: Option<usize>,
    pub boot: String,
}

const SCRIPT: &str = "run.sh";

impl Launcher {
    /// What forbids this plan on a host.
    pub fn check(&self, plan: &Plan) -> Result<(), Refusal> {
        if std::iter::once(&plan.resource)
            .chain(&plan.arguments)
            .chain(plan.environment.values())
            .chain(plan.main_class.iter())
            .chain(plan.proxy_user.iter())
            .any(|text| text.contains('\0'))
        {
            return Err(Refusal::Plan("An argument holds a NUL.".to_owned()));
        }
        let entry_point = match plan.language {
            Language::Sql => plan.arguments.get(1).unwrap_or(&plan.resource),
            Language::Java | Language::Python | Language::R => &plan.resource,
        };
        let on_s3 = ["s3://", "s3a://"]
            .iter()
            .any(|scheme| entry_point.starts_with(scheme));
        if on_s3 && !self.toolchain.has_s3() {
            return Err(Refusal::Plan(
                "The entry point is on S3, and this host's Spark has no hadoop-aws among its jars."
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// The files that `folder` needs to start `plan` from: path and text.
    pub fn files(&self, plan: &Plan, folder: &Path) -> Vec<(String, String)> {
        let properties = properties::to_text(&Self::properties(plan));
        let mut files = vec![
            (SCRIPT.to_owned(), self.script(plan, folder)),
            ("conf/spark.properties".to_owned(), properties),
        ];
        let given = plan.conf_files.iter();
        files.extend(given.map(|(name, text)| (format!("conf/{name}"), text.clone())));
        files
    }

    /// The properties of `plan` that make sense in one process.
    fn properties(plan: &Plan) -> BTreeMap<String, String> {
        let mut properties = plan.properties.clone();
        properties.retain(|key, _| {
            !CLUSTER_ONLY.contains(&key.as_str())
                && !CLUSTER_ONLY_PREFIXES
                    .iter()
                    .any(|prefix| key.starts_with(prefix))
        });
        for key in FILE_LISTS {
            if let Some(list) = properties.get_mut(key) {
                *list = list.split(',').map(local).collect::<Vec<_>>().join(",");
            }
        }
        // Many drivers share the host.
        properties
            .entry("spark.ui.port".to_owned())
            .or_insert_with(|| "0".to_owned());
        properties
    }

    /// The shell script that runs the driver. A second run of it ends at once.
    fn script(&self, plan: &Plan, folder: &Path) -> String {
        let mut script = String::from(HEAD);
        for (name, value) in self.variables(plan, folder) {
            script.push_str(&format!("export {name}={}\n", quoted(&value)));
        }
        script.push_str("cd work || exit 1\n");
        let command: Vec<String> = self
            .command(plan, folder)
            .iter()
            .map(|word| quoted(word))
            .collect();
        script.push_str(&command.join(" "));
        script.push_str(TAIL);
        script
    }

    /// Starts the script in `folder`, in a process group of its own and with nothing of ours, so
    /// that neither a Ctrl-C nor our death reaches it. Needs a tokio runtime.
    pub fn start(&self, folder: &Path) -> io::Result<()> {
        let mut child = Command::new("sh")
            .args([SCRIPT, &self.boot])
            .current_dir(folder)
            .env_clear()
            .envs(&self.environment)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // Only so that the kernel forgets it; the folder tells the end.
        tokio::spawn(async move { child.wait().await });
        Ok(())
    }

    fn variables(&self, plan: &Plan, folder: &Path) -> BTreeMap<String, String> {
        let mut variables = self.environment.clone();
        let mut set = |name: &str, value: &Path| {
            variables.insert(name.to_owned(), value.display().to_string());
        };
        set("SPARK_HOME", &self.toolchain.spark_home);
        set("SPARK_CONF_DIR", &folder.join("conf"));
        if let Some(home) = &self.toolchain.java_home {
            set("JAVA_HOME", home);
        }
        if let Some(python) = &self.toolchain.python {
            set("PYSPARK_PYTHON", python);
        }
        if !plan.properties.contains_key("spark.local.dir") {
            // Goes with the folder, even after a kill.
            set("SPARK_LOCAL_DIRS", &folder.join("local"));
        }
        // One process needs no other host to reach it, and no other should.
        variables.insert("SPARK_LOCAL_IP".to_owned(), "127.0.0.1".to_owned());
        variables.insert("SPARK_APPLICATION_ID".to_owned(), plan.app_id.clone());
        let given = plan
            .environment
            .iter()
            // Callers name the JDKs of the service's images, which are not on this host.
            .filter(|(name, value)| *name != "JAVA_HOME" || has_java(Path::new(value)));
        variables.extend(given.map(|(name, value)| (name.clone(), value.clone())));
        variables
    }

    fn command(&self, plan: &Plan, folder: &Path) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let mut command = vec![
            path(&self.toolchain.spark_home.join("bin/spark-submit")),
            "--master".to_owned(),
            self.master(plan),
            "--deploy-mode".to_owned(),
            "client".to_owned(),
            "--properties-file".to_owned(),
            path(&folder.join("conf/spark.properties")),
        ];
        if let Some(user) = &plan.proxy_user {
            command.extend(["--proxy-user".to_owned(), user.clone()]);
        }
        match (plan.language, &plan.main_class) {
            (Language::Java | Language::Sql, Some(class)) => {
                command.extend(["--class".to_owned(), class.clone()]);
            }
            // spark-submit knows the classes of the others by itself.
            (Language::Java | Language::Sql, None) | (Language::Python | Language::R, _) => {}
        }
        command.push(local(&plan.resource));
        command.extend(plan.arguments.iter().cloned());
        command
    }

    fn master(&self, plan: &Plan) -> String {
        let number = |key: &str| plan.properties.get(key)?.trim().parse::<usize>().ok();
        let executors = number("spark.executor.instances");
        let cores = number("spark.executor.cores");
        let of_executors = match (executors, cores) {
            (None, None) => None,
            (executors, cores) => Some(executors.unwrap_or(1).saturating_mul(cores.unwrap_or(1))),
        };
        let host = std::thread::available_parallelism().map_or(1, usize::from);
        match self.threads.or(of_executors.map(|n| n.min(host))) {
            Some(threads) => format!("local[{}]", threads.max(1)),
            None => "local[*]".to_owned(),
        }
    }
}

/// Properties that mean nothing in one process, or name an address that only a pod has.
const CLUSTER_ONLY: [&str; 6] = [
    "spark.blockManager.port",
    "spark.driver.bindAddress",
    "spark.driver.blockManager.port",
    "spark.driver.host",
    "spark.driver.port",
    "spark.shuffle.service.enabled",
];

const CLUSTER_ONLY_PREFIXES: [&str; 5] = [
    "spark.driver.resource.",
    "spark.dynamicAllocation.",
    "spark.executor.resource.",
    "spark.kubernetes.",
    "spark.task.resource.",
];

const FILE_LISTS: [&str; 4] = [
    "spark.archives",
    "spark.files",
    "spark.jars",
    "spark.submit.pyFiles",
];

/// The hard link is the lock: it appears whole, and once.
const HEAD: &str = r#"leader_start=$(cut -d ' ' -f 22 /proc/$$/stat 2>/dev/null)
echo "$$ $1 $leader_start" > "started.$$" || exit 1
ln "started.$$" started 2>/dev/null
lost=$?
rm -f "started.$$"
[ "$lost" = 0 ] || exit 0
"#;

/// The shell lives through a TERM for the group, to tell the end. It sets its trap only once the
/// driver is forked: a fork takes the trap along for a moment, and would lose a TERM to it. A
/// trapped signal ends `wait` early, hence the loop; 127 says that there is no one left to wait for.
/// The end of the driver is the end of all that it started, as in a container.
const TAIL: &str = r#" </dev/null >../stdout 2>../stderr &
driver=$!
trap signalled=1 HUP INT TERM
cd ..
code=127
signalled=1
while [ "$signalled" = 1 ]; do
  signalled=0
  wait "$driver"
  waited=$?
  [ "$waited" = 127 ] || code=$waited
done
echo "$code" > exit.new && mv exit.new exit
kill -KILL 0
"#;

/// `local:///path` says that a file is already there, which on a host is a plain path.
fn local(uri: &str) -> String {
    match uri.strip_prefix("local://") {
        Some(path) if path.starts_with('/') => path.to_owned(),
        _ => uri.to_owned(),
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
