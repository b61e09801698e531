//! How much memory a driver's pod asks for: Spark's own formula, in MiB.

use super::{BuildError, Run};
use crate::spark::plan::Language;

/// `spark.driver.memory` where nobody says.
const DEFAULT_MIB: u64 = 1024;
const MIN_OVERHEAD_MIB: u64 = 384;

/// The share of memory that a container needs beyond the JVM's heap, where neither the run nor its
/// `spark.kubernetes.memoryOverheadFactor` says: more for the processes of Python and R. Spark
/// tells these languages by the main resource's suffix and writes the factor back for executors.
pub(super) fn default_overhead_factor(language: Language) -> &'static str {
    match language {
        Language::Python | Language::R => "0.4",
        Language::Java | Language::Sql => "0.1",
    }
}

/// A number as Java writes a double, where both write it without an exponent.
pub(super) fn java_double(text: &str) -> String {
    match text.trim().parse::<f64>() {
        Ok(number) if (1e-3..1e7).contains(&number) => format!("{number:?}"),
        Ok(_) | Err(_) => text.to_owned(),
    }
}

/// The driver container's request and limit, in MiB.
pub(super) fn driver_mib(run: &Run<'_>) -> Result<u64, BuildError> {
    let heap = mib(run, "spark.driver.memory")?.unwrap_or(DEFAULT_MIB);
    let overhead = match mib(run, "spark.driver.memoryOverhead")? {
        Some(overhead) => overhead,
        None => {
            let min = if run.version.at_least(4, 0) {
                mib(run, "spark.driver.minMemoryOverhead")?.unwrap_or(MIN_OVERHEAD_MIB)
            } else {
                MIN_OVERHEAD_MIB
            };
            share(heap, overhead_factor(run)?).max(min)
        }
    };
    Ok(heap.saturating_add(overhead))
}

fn overhead_factor(run: &Run<'_>) -> Result<f64, BuildError> {
    let (key, text) = [
        "spark.driver.memoryOverheadFactor",
        "spark.kubernetes.memoryOverheadFactor",
    ]
    .into_iter()
    .find_map(|key| Some((key, run.properties.get(key)?)))
    .unwrap_or(("", default_overhead_factor(run.plan.language)));
    match text.trim().parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(factor),
        Ok(_) | Err(_) => Err(BuildError::Property {
            key: key.to_owned(),
            expected: "a number above 0",
        }),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "Spark truncates too; memory in MiB is far below 2^53"
)]
fn share(mib: u64, factor: f64) -> u64 {
    (mib as f64 * factor) as u64
}

/// A property in Spark's notation of bytes, whose numbers without a unit are MiB.
fn mib(run: &Run<'_>, key: &'static str) -> Result<Option<u64>, BuildError> {
    run.properties
        .get(key)
        .map(|text| {
            parse_mib(text).ok_or(BuildError::Property {
                key: key.to_owned(),
                expected: "an amount of memory such as 4g",
            })
        })
        .transpose()
}

fn parse_mib(text: &str) -> Option<u64> {
    const KIB: u64 = 1024;
    let text = text.trim().to_lowercase();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "b" => Some(number / (KIB * KIB)),
        "k" | "kb" => Some(number / KIB),
        "" | "m" | "mb" => Some(number),
        "g" | "gb" => number.checked_mul(KIB),
        "t" | "tb" => number.checked_mul(KIB * KIB),
        "p" | "pb" => number.checked_mul(KIB * KIB * KIB),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_as_spark_reads_them() {
        for (text, mib) in [
            ("3500", Some(3500)),
            (" 4G ", Some(4096)),
            ("4gb", Some(4096)),
            ("1048576k", Some(1024)),
            ("1t", Some(1 << 20)),
            ("1.5g", None),
            ("-1", None),
            ("g", None),
            ("99999999999999p", None),
        ] {
            assert_eq!(parse_mib(text), mib, "{text:?}");
        }
    }
}
