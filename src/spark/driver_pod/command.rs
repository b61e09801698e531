//! Spark's `DriverCommandFeatureStep`: the arguments that the image's entry point gives to
//! spark-submit in client mode.

use super::basic_driver::BIND_ADDRESS;
use super::{BuildError, Draft, Layout, Run, conf};
use crate::spark::plan::Language;

const PYTHON: &str = "PYSPARK_PYTHON";
const DRIVER_PYTHON: &str = "PYSPARK_DRIVER_PYTHON";

#[expect(clippy::unnecessary_wraps, reason = "every step has this form")]
pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    if run.plan.language == Language::Python {
        python(draft, run);
    }
    let arguments = arguments(run);
    draft
        .container
        .args
        .get_or_insert_default()
        .extend(arguments);
    Ok(())
}

fn python(draft: &mut Draft, run: &Run<'_>) {
    let submitters = |name: &str| run.environment.get(name).map(String::as_str);
    let python = run.properties.get("spark.pyspark.python");
    let driver_python = run.properties.get("spark.pyspark.driver.python").or(python);
    for (name, value) in [
        (PYTHON, python.or_else(|| submitters(PYTHON))),
        (
            DRIVER_PYTHON,
            driver_python
                .or_else(|| submitters(DRIVER_PYTHON))
                .or_else(|| submitters(PYTHON)),
        ),
    ] {
        if let Some(value) = value {
            draft.set_env(name, value);
        }
    }
}

fn arguments(run: &Run<'_>) -> Vec<String> {
    let mut arguments = vec!["driver".to_owned()];
    let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    if let Some(user) = &run.plan.proxy_user {
        option("--proxy-user", user.clone());
    }
    option("--properties-file", conf::properties_path());
    if run.layout == Layout::Compact {
        // Without a Service the driver is reached by its address, which only the kubelet knows: it
        // expands the variable, and the command line wins over the file.
        option("--conf", format!("spark.driver.host=$({BIND_ADDRESS})"));
    }
    if let Some(class) = &run.plan.main_class {
        option("--class", class.clone());
    }
    arguments.push(run.plan.resource.clone());
    arguments.extend(run.plan.arguments.iter().cloned());
    arguments
}
