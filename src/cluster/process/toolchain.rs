//! The Spark and the JDK of this host: configured, named by the environment, or found.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ProcessError;
use crate::installed;

/// What a driver on this host is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    pub spark_home: PathBuf,
    /// The JDK, unless the one on PATH serves.
    pub java_home: Option<PathBuf>,
    /// The Python that Spark was found with.
    pub python: Option<PathBuf>,
}

impl Toolchain {
    /// Finds them; `spark_home` is the configured one. Runs Python where nothing else names a
    /// Spark, so it may take a second.
    pub fn find(spark_home: Option<&Path>) -> Result<Self, ProcessError> {
        let java_home = java_home()?;
        let named = spark_home
            .map(Path::to_path_buf)
            .or_else(|| path_variable("SPARK_HOME"));
        if let Some(spark_home) = named {
            if !has_spark(&spark_home) {
                return Err(ProcessError::NotSpark(spark_home));
            }
            return Ok(Self {
                python: python_around(&spark_home),
                spark_home,
                java_home,
            });
        }
        pythons()
            .into_iter()
            .find_map(|python| {
                let (spark_home, python) = ask_for_pyspark(&python)?;
                has_spark(&spark_home).then_some(Self {
                    spark_home,
                    java_home: java_home.clone(),
                    python: Some(python),
                })
            })
            .ok_or(ProcessError::NoSpark)
    }

    /// Whether Spark can read from S3.
    pub fn has_s3(&self) -> bool {
        self.jars().any(|jar| jar.starts_with("hadoop-aws"))
    }

    /// The version of Spark, as its jars tell it: `3.5.9` of `spark-core_2.12-3.5.9.jar`.
    pub fn spark_version(&self) -> Option<String> {
        self.jars().find_map(|jar| {
            let scala_and_version = jar.strip_prefix("spark-core_")?.strip_suffix(".jar")?;
            let (_, version) = scala_and_version.split_once('-')?;
            Some(version.to_owned())
        })
    }

    fn jars(&self) -> impl Iterator<Item = String> {
        std::fs::read_dir(self.spark_home.join("jars"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|jar| jar.file_name().to_string_lossy().into_owned())
    }
}

fn has_spark(spark_home: &Path) -> bool {
    spark_home.join("bin/spark-submit").is_file()
}

fn java_home() -> Result<Option<PathBuf>, ProcessError> {
    if let Some(home) = path_variable("JAVA_HOME").filter(|home| has_java(home)) {
        return Ok(Some(home));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("java").is_file()) {
        return Ok(None);
    }
    Err(ProcessError::NoJava)
}

/// Whether `home` holds a Java.
pub fn has_java(home: &Path) -> bool {
    home.join("bin/java").is_file()
}

fn path_variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Where Python may know a Spark, the most explicit first.
fn pythons() -> Vec<PathBuf> {
    let named = path_variable("FIRESTEEL_PYTHON");
    let active = path_variable("VIRTUAL_ENV").map(|env| env.join("bin/python3"));
    let local = Some(PathBuf::from(".venv/bin/python3")).filter(|python| python.is_file());
    let system = Some(PathBuf::from("python3"));
    let setup = installed::virtual_environment().map(|env| env.join("bin/python3"));
    [named, active, local, system, setup]
        .into_iter()
        .flatten()
        .collect()
}

/// The folder of the package pyspark, and the Python itself.
fn ask_for_pyspark(python: &Path) -> Option<(PathBuf, PathBuf)> {
    let question = "import importlib.util, sys\n\
                    spec = importlib.util.find_spec('pyspark')\n\
                    print(spec.submodule_search_locations[0])\n\
                    print(sys.executable)";
    let output = Command::new(python)
        .args(["-c", question])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines().map(PathBuf::from);
    let answer = (lines.next()?, lines.next()?);
    output.status.success().then_some(answer)
}

/// The Python of the environment that `spark_home` is a package of.
fn python_around(spark_home: &Path) -> Option<PathBuf> {
    let packages = spark_home.parent()?;
    if packages.file_name()? != "site-packages" {
        return None;
    }
    let environment = packages.ancestors().nth(3)?;
    Some(environment.join("bin/python3")).filter(|python| python.is_file())
}
