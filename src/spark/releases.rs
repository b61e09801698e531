//! Release labels: each names one Spark version, by the table that the service documents.

/// A label that no run can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    #[error("Release {0} doesn't exist.")]
    Unknown(String),
    /// A release of the service, but of a Spark whose driver is built otherwise.
    #[error(
        "Release {label} is not supported: it has Spark {spark}, and the oldest Spark that \
         Firesteel runs is 3.3 (emr-6.8.0)."
    )]
    TooOld { label: String, spark: &'static str },
}

/// The Spark version of `label`, such as `3.5.6`, if Firesteel runs it.
pub fn spark_version(label: &str) -> Option<&'static str> {
    find(label).ok()
}

/// As `spark_version`, with the reason where there is none.
pub fn find(label: &str) -> Result<&'static str, ReleaseError> {
    let unknown = || ReleaseError::Unknown(label.to_owned());
    let spark = known(label).ok_or_else(unknown)?;
    if is_served(spark) {
        Ok(spark)
    } else {
        Err(ReleaseError::TooOld {
            label: label.to_owned(),
            spark,
        })
    }
}

/// `3.5` of `3.5.6`.
pub fn spark_line(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(line, _)| line)
}

/// `x` and `y` of `x.y.0`.
type Release = (u8, u8);

/// (first release, last release, Spark); a release that is not listed is refused, not guessed.
const EMR: [(Release, Release, &str); 20] = [
    ((5, 32), (5, 33), "2.4.7"),
    ((5, 34), (5, 36), "2.4.8"),
    ((6, 2), (6, 2), "3.0.1"),
    ((6, 3), (6, 3), "3.1.1"),
    ((6, 4), (6, 5), "3.1.2"),
    ((6, 6), (6, 6), "3.2.0"),
    ((6, 7), (6, 7), "3.2.1"),
    ((6, 8), (6, 9), "3.3.0"),
    ((6, 10), (6, 10), "3.3.1"),
    ((6, 11), (6, 11), "3.3.2"),
    ((6, 12), (6, 12), "3.4.0"),
    ((6, 13), (6, 15), "3.4.1"),
    ((7, 0), (7, 1), "3.5.0"),
    ((7, 2), (7, 3), "3.5.1"),
    ((7, 4), (7, 5), "3.5.2"),
    ((7, 6), (7, 7), "3.5.3"),
    ((7, 8), (7, 8), "3.5.4"),
    ((7, 9), (7, 10), "3.5.5"),
    ((7, 11), (7, 13), "3.5.6"),
    ((7, 14), (7, 14), "3.5.8"),
];

const EMR_SPARK: [(Release, &str); 2] = [((8, 0), "4.0.2"), ((8, 1), "4.1.1")];

/// Words between the version and the date; variants change the image, not the Spark version.
const VARIANT_WORDS: [&str; 8] = [
    "spark", "rapids", "java8", "java11", "java17", "java21", "al2", "al2023",
];

fn known(label: &str) -> Option<&'static str> {
    let rest = label.strip_prefix("emr-")?;
    let (of_spark_family, rest) = match rest.strip_prefix("spark-") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let mut words = rest.split('-');
    let version = release_version(words.next()?)?;
    let build = words.next_back()?;
    if !is_build(build) || !words.all(|word| VARIANT_WORDS.contains(&word)) {
        return None;
    }
    if of_spark_family {
        EMR_SPARK
            .iter()
            .find(|(release, _)| *release == version)
            .map(|(_, spark)| *spark)
    } else {
        EMR.iter()
            .find(|(first, last, _)| (*first..=*last).contains(&version))
            .map(|(_, _, spark)| *spark)
    }
}

fn release_version(text: &str) -> Option<Release> {
    let mut numbers = text.split('.').map(|number| {
        let canonical = !number.starts_with('0') || number == "0";
        let digits = number.bytes().all(|b| b.is_ascii_digit());
        (canonical && digits).then(|| number.parse().ok()).flatten()
    });
    match (
        numbers.next()?,
        numbers.next()?,
        numbers.next()?,
        numbers.next(),
    ) {
        (Some(major), Some(minor), Some(0), None) => Some((major, minor)),
        _ => None,
    }
}

fn is_build(word: &str) -> bool {
    word == "latest" || (word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit()))
}

fn is_served(spark: &str) -> bool {
    !(spark.starts_with("2.") || ["3.0", "3.1", "3.2"].contains(&spark_line(spark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_label_names_its_spark() {
        for (label, spark) in [
            ("emr-6.8.0-latest", "3.3.0"),
            ("emr-6.15.0-20231109", "3.4.1"),
            ("emr-7.0.0-latest", "3.5.0"),
            ("emr-7.10.0-java8-latest", "3.5.5"),
            ("emr-7.12.0-spark-rapids-latest", "3.5.6"),
            ("emr-6.13.0-java17-al2023-latest", "3.4.1"),
            ("emr-7.14.0-latest", "3.5.8"),
            ("emr-spark-8.0.0-latest", "4.0.2"),
            ("emr-spark-8.1.0-20260601", "4.1.1"),
        ] {
            assert_eq!(spark_version(label), Some(spark), "{label}");
        }
    }

    #[test]
    fn what_is_no_release_is_unknown() {
        for label in [
            "",
            "emr-7.12.0",
            "emr-7.12.0-",
            "emr-7.12.0-newest",
            "emr-7.12.1-latest",
            "emr-7.15.0-latest",
            "emr-07.12.0-latest",
            "emr-7.12.0-flink-latest",
            "emr-spark-7.12.0-latest",
            "emr-8.0.0-latest",
            "emr-7.12.0-2026-latest",
            "emr-999.0.0-latest",
            "spark-3.5.6",
        ] {
            let error = find(label).unwrap_err();
            assert_eq!(error.to_string(), format!("Release {label} doesn't exist."));
        }
    }

    #[test]
    fn an_old_release_is_told_apart_from_an_unknown_one() {
        for label in ["emr-5.33.0-latest", "emr-6.2.0-latest", "emr-6.7.0-latest"] {
            let error = find(label).unwrap_err();
            assert!(matches!(error, ReleaseError::TooOld { .. }), "{error}");
            assert!(error.to_string().contains("oldest"), "{error}");
        }
    }
}
