//! What documents name exists: tests, operations with their errors, settings, other documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use firesteel::config::DEFAULTS;
use firesteel::wire::OPERATIONS;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents of a folder, by their paths.
fn documents(folder: &str) -> Vec<(PathBuf, String)> {
    let files = fs::read_dir(root().join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|kind| kind == "md"))
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            (file, text)
        })
        .collect()
}

/// All documents of the project.
fn all_documents() -> Vec<(PathBuf, String)> {
    let folders = ["", "docs", "docs/adr", "docs/compatibility"];
    folders.into_iter().flat_map(documents).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_check_that_is_named_exists() {
    let mut named = BTreeSet::new();
    for (page, text) in all_documents() {
        for check in quoted(&text) {
            // A script may be named with its arguments.
            let check = check.split(' ').next().unwrap_or(check);
            let (file, test) = check.split_once("::").unwrap_or((check, ""));
            if !["tests/", "src/"].iter().any(|of| file.starts_with(of)) {
                continue;
            }
            let page = page.display();
            let source = fs::read_to_string(root().join(file));
            if test.is_empty() {
                assert!(root().join(file).exists(), "{page}: there is no {file}");
            } else {
                let source = source.unwrap_or_else(|_| panic!("{page}: there is no {file}"));
                let defined = ["fn", "def", "func"]
                    .iter()
                    .any(|word| source.contains(&format!("{word} {test}(")));
                assert!(defined, "{page}: {file} has no {test}");
                named.insert(check.to_owned());
            }
        }
    }
    assert!(named.len() > 100, "the tables name {} tests", named.len());
}

#[test]
fn every_answer_names_its_check_or_why_there_is_none() {
    let mut answers = 0;
    for (page, text) in documents("docs/compatibility") {
        let mut checked = false;
        for line in text.lines() {
            checked = line.starts_with('|') && (checked || line.ends_with("| checked by |"));
            if !checked || line.ends_with("| checked by |") || line.starts_with("|---") {
                continue;
            }
            let last = line.trim_end_matches('|').rsplit(" | ").next().unwrap();
            let names = ["`tests/", "`src/", "no test: "].map(|name| last.contains(name));
            let elsewhere = last.trim().is_empty() && line.contains("](");
            assert!(names.contains(&true) || elsewhere, "{page:?}: {line}");
            answers += 1;
        }
    }
    assert!(answers > 100, "there are {answers} answers");
}

#[test]
fn every_operation_of_the_model_stands_in_the_table_with_its_errors() {
    let text = fs::read_to_string(root().join("docs/compatibility.md")).unwrap();
    let table = text.split("## Operations").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let mut rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .map(|line| line.split('|').map(str::trim).skip(1).collect())
        .collect();
    for operation in OPERATIONS {
        let name = operation.name;
        let place = rows.iter().position(|row| row[0] == name);
        let row = rows.remove(place.unwrap_or_else(|| panic!("{name} is not in the table")));
        let written: BTreeSet<_> = row[2].split(", ").map(str::to_owned).collect();
        let modelled: BTreeSet<_> = operation
            .errors
            .iter()
            .map(|error| error.trim_end_matches("Exception").to_owned())
            .collect();
        assert_eq!(written, modelled, "{name}");
    }
    assert!(rows.is_empty(), "no operations: {rows:?}");
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for (page, text) in all_documents() {
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                let path = page.parent().unwrap().join(target);
                assert!(path.exists(), "{}: {target}", page.display());
            }
        }
    }
}

/// The texts of failures are those that real statuses and logs are told by.
#[test]
fn every_text_of_a_failure_is_a_real_one() {
    let told = [
        "src/cluster/kubernetes/pod_status/snapshots/firesteel__cluster__kubernetes__pod_status__tests__real_statuses_explained.snap",
        "src/domain/job_run/explain/snapshots/firesteel__domain__job_run__explain__tests__real_logs.snap",
    ]
    .map(|file| fs::read_to_string(root().join(file)).unwrap())
    .concat();
    let told: BTreeSet<_> = told
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(_, text)| text)
        .collect();
    let page = fs::read_to_string(root().join("docs/failures.md")).unwrap();
    let mut failures = 0;
    for table in page.split("| what happened | `stateDetails` |").skip(1) {
        let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
        for row in rows {
            let text = quoted(row).last().unwrap();
            assert!(told.contains(text), "{text}");
            failures += 1;
        }
    }
    assert!(failures > 20, "the page tells of {failures} failures");
}

#[test]
fn every_setting_that_is_named_exists() {
    let mut named = 0;
    for (page, text) in all_documents() {
        for span in quoted(&text) {
            let Some((section, rest)) = span.strip_prefix('[').and_then(|s| s.split_once("] "))
            else {
                continue;
            };
            let name = rest.split(' ').next().unwrap();
            let settings = DEFAULTS.split(&format!("\n[{section}]\n")).nth(1);
            let settings = settings.unwrap_or_else(|| panic!("{}: [{section}]", page.display()));
            let settings = settings.split("\n[").next().unwrap();
            let has = |line: &str| {
                line.trim_start_matches("# ")
                    .starts_with(&format!("{name} ="))
            };
            assert!(settings.lines().any(has), "{}: {span}", page.display());
            named += 1;
        }
    }
    assert!(named > 10, "the documents name {named} settings");
}
