//! Which files of the submitter's conf folder a driver gets: what Spark takes for text that is not
//! its own configuration, the smallest first until its ConfigMap is full.

use std::collections::BTreeMap;

/// `spark.kubernetes.configMap.maxSize` where nobody says.
const MAX_SIZE: usize = 1024 * 1024;

/// The files of `folder` that go into the driver's ConfigMap, by name.
pub(super) fn map_files(
    folder: &BTreeMap<String, Vec<u8>>,
    max_size: Option<usize>,
) -> BTreeMap<String, String> {
    let max_size = max_size.unwrap_or(MAX_SIZE);
    let mut files: Vec<_> = folder
        .iter()
        .filter(|(name, bytes)| bytes.len() + name.len() <= max_size && is_taken(name))
        .collect();
    files.sort_by_key(|(name, bytes)| name.len() + bytes.len());
    let mut taken = BTreeMap::new();
    let mut size = 0_usize;
    for (name, bytes) in files {
        let Ok(text) = String::from_utf8(bytes.clone()) else {
            continue;
        };
        let more = utf16_len(name) + utf16_len(&text);
        if size + more < max_size {
            size += more;
            taken.insert(name.clone(), text);
        }
    }
    taken
}

fn is_taken(name: &str) -> bool {
    let is_binary = [".gz", ".zip", ".jar", ".tar"]
        .iter()
        .any(|end| name.ends_with(end));
    let is_sparks =
        name.starts_with("spark") && (name.ends_with("conf") || name.ends_with("properties"));
    !(is_binary || is_sparks || name.ends_with(".template"))
}

/// Spark counts the chars of Java.
fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(folder: &[(&str, &[u8])], max_size: Option<usize>) -> Vec<String> {
        let folder = folder
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
            .collect();
        map_files(&folder, max_size).into_keys().collect()
    }

    #[test]
    fn sparks_own_files_and_binary_ones_stay() {
        let folder: [(&str, &[u8]); 9] = [
            ("hive-site.xml", b"<configuration/>"),
            ("latin", b"\xe9"),
            ("lib.jar", b""),
            ("log4j2.properties", b""),
            ("log4j2.properties.template", b""),
            ("spark-defaults.conf", b""),
            ("spark-env.sh", b""),
            ("spark.properties", b""),
            ("sparkconf", b""),
        ];
        assert_eq!(
            taken(&folder, None),
            ["hive-site.xml", "log4j2.properties", "spark-env.sh"]
        );
    }

    #[test]
    fn the_smallest_come_first_until_the_map_is_full() {
        let folder: [(&str, &[u8]); 3] = [("a", b"12345678"), ("b", b"1"), ("c", b"123")];
        assert_eq!(taken(&folder, Some(7)), ["b", "c"]);
        assert_eq!(taken(&folder, Some(6)), ["b"]);
    }
}
