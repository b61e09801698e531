//! Spark's `DriverCommandFeatureStep`: the arguments that the image's entry point gives to
//! spark-submit in client mode.

use super::basic_driver::BIND_ADDRESS;
use super::{Draft, Run, conf};
use crate::spark::plan::Language;

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) {
    if run.plan.language == Language::Python {
        python(draft, run);
    }
    draft.container.args = Some(arguments(run));
}

fn python(draft: &mut Draft, run: &Run<'_>) {
    let python = run.properties.get("spark.pyspark.python");
    let driver_python = run.properties.get("spark.pyspark.driver.python").or(python);
    for (name, value) in [
        ("PYSPARK_PYTHON", python),
        ("PYSPARK_DRIVER_PYTHON", driver_python),
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
        option("--proxy-user", literal(user));
    }
    option("--properties-file", conf::properties_path());
    // Without a Service the driver is reached by its address, which only the kubelet knows: it
    // expands the variable, and the command line wins over the file.
    option("--conf", format!("spark.driver.host=$({BIND_ADDRESS})"));
    if let Some(class) = &run.plan.main_class {
        option("--class", literal(class));
    }
    arguments.push(literal(&run.plan.resource));
    arguments.extend(run.plan.arguments.iter().map(|text| literal(text)));
    arguments
}

/// Kubernetes expands `$(NAME)` in arguments; a caller's reach the program as they were written.
fn literal(argument: &str) -> String {
    argument.replace('$', "$$")
}
