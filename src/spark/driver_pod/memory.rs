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

/// A number as Java writes a double.
pub(super) fn java_double(text: &str) -> String {
    let Some(number) = parse_double(text) else {
        return text.to_owned();
    };
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
        None => text,
    }
}

/// As Java reads a double: Java's own suffixes of such numbers may stand behind it.
fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let is_number = number.ends_with(|c: char| c.is_ascii_digit() || c == '.');
    number.parse().ok().filter(|_| is_number)
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
    const OWN: &str = "spark.driver.memoryOverheadFactor";
    const OF_ALL: &str = "spark.kubernetes.memoryOverheadFactor";
    let refused = |key: &str, expected| BuildError::Property {
        key: key.to_owned(),
        expected,
    };
    if let Some(text) = run.properties.get(OWN) {
        return parse_double(text)
            .filter(|factor| factor.is_finite() && *factor > 0.0)
            .ok_or_else(|| refused(OWN, "a number above 0"));
    }
    let text = run.properties.get(OF_ALL);
    let text = text.unwrap_or(default_overhead_factor(run.plan.language));
    parse_double(text)
        .filter(|factor| factor.is_finite() && *factor >= 0.0)
        .ok_or_else(|| refused(OF_ALL, "a number not below 0"))
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
