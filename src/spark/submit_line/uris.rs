//! Paths and URIs as Spark reads them: what has a scheme stays as it is; anything else is a path of
//! the submitter's host, and becomes `file:/…`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) const LISTS: [&str; 4] = [
    "spark.jars",
    "spark.files",
    "spark.archives",
    "spark.submit.pyFiles",
];

/// Resolves the lists of URIs among `properties`. Python's is there even where it is empty.
pub(super) fn resolve_lists(properties: &mut BTreeMap<String, String>, working_dir: &str) {
    for key in LISTS {
        if let Some(list) = properties.get_mut(key) {
            let resolved: Vec<_> = items(list).map(|item| resolve(item, working_dir)).collect();
            *list = resolved.join(",");
        }
    }
    properties
        .entry("spark.submit.pyFiles".to_owned())
        .or_default();
}

pub(super) fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// The URI of a path or URI.
pub(super) fn resolve(text: &str, working_dir: &str) -> String {
    if is_uri(text) && scheme(text).is_some() {
        return text.to_owned();
    }
    let (path, fragment) = match text.split_once('#') {
        Some((path, fragment)) if is_uri(text) => (path, Some(fragment)),
        _ => (text, None),
    };
    let mut uri = String::from("file:");
    for c in absolute(path, working_dir).chars() {
        match c {
            '#' | '?' | '%' | ' ' | '"' | '<' | '>' | '[' | '\\' | ']' | '^' | '`' | '{' | '|'
            | '}' => {
                let _ = write!(uri, "%{:02X}", u32::from(c));
            }
            c => uri.push(c),
        }
    }
    if let Some(fragment) = fragment {
        uri.push('#');
        uri.push_str(fragment);
    }
    uri
}

/// Whether the file is the submitter's, whom nobody but he can read it for.
pub(super) fn is_submitters(uri: &str) -> bool {
    matches!(scheme(uri), None | Some("file"))
}

/// The last name of a path or URI, without its fragment.
pub(super) fn file_name(uri: &str) -> &str {
    let path = uri.split('#').next().unwrap_or(uri);
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

fn scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    (is_scheme && !rest.is_empty()).then_some(scheme)
}

/// Whether Java reads the text as a URI at all; if not, it is a path, whatever it looks like.
fn is_uri(text: &str) -> bool {
    let bytes = text.as_bytes();
    let percents_are_codes = bytes.iter().enumerate().all(|(index, byte)| {
        let code = bytes.get(index + 1..index + 3);
        *byte != b'%' || code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    });
    let is_legal = |c: char| !(c.is_control() || c.is_whitespace() || "\"<>\\^`{|}".contains(c));
    percents_are_codes
        && text.chars().all(is_legal)
        && text.matches('#').count() <= 1
        && !text.starts_with(':')
}

/// Absolute, and without `.`, `..` and doubled slashes.
fn absolute(path: &str, working_dir: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    let start = if path.starts_with('/') {
        ""
    } else {
        working_dir
    };
    for name in start.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_as_spark_reads_them() {
        for (text, uri) in [
            ("local:///opt/a.jar", "local:///opt/a.jar"),
            ("s3a://b/k#name", "s3a://b/k#name"),
            ("file:///x/a.jar", "file:///x/a.jar"),
            ("/x/main.py", "file:/x/main.py"),
            ("main.py", "file:/home/me/main.py"),
            ("./lib/../main.py", "file:/home/me/main.py"),
            (
                "/x/env.tar.gz#environment",
                "file:/x/env.tar.gz#environment",
            ),
            ("/x/a b.py", "file:/x/a%20b.py"),
            ("s3a://b/a b", "file:/home/me/s3a:/b/a%20b"),
        ] {
            assert_eq!(resolve(text, "/home/me"), uri, "{text}");
        }
    }

    #[test]
    fn names_of_files() {
        for (uri, name) in [
            ("local:///opt/pi.py", "pi.py"),
            ("file:/x/f.txt#renamed.txt", "f.txt"),
            ("s3a://b/dir/", "dir"),
        ] {
            assert_eq!(file_name(uri), name, "{uri}");
        }
    }
}
