//! Paths of nodes: compared after they are made plain, and never with a step upwards in them.

/// Whether a pattern can be one of `host_paths`: absolute, with no step upwards, and not the root.
pub fn is_host_path_pattern(pattern: &str) -> bool {
    plain(pattern).is_some_and(|parts| !parts.is_empty() && parts != ["*"])
}

/// Whether `path` is one of the patterns' or below it.
pub(super) fn is_allowed(patterns: &[String], path: &str) -> bool {
    let Some(path) = plain(path) else {
        return false;
    };
    patterns
        .iter()
        .filter(|pattern| is_host_path_pattern(pattern))
        .filter_map(|pattern| plain(pattern))
        .any(|pattern| {
            pattern.len() <= path.len()
                && pattern
                    .iter()
                    .zip(&path)
                    .all(|(pattern, part)| super::matches(pattern, part))
        })
}

/// Whether a path within a volume stays there.
pub(super) fn stays_below(sub_path: &str) -> bool {
    is_taken_as_it_is(sub_path)
        && !sub_path.starts_with('/')
        && sub_path.split('/').all(|part| part != "..")
}

/// Spark cuts blanks off values, control characters among them: what is judged must be what is
/// mounted.
fn is_taken_as_it_is(path: &str) -> bool {
    path.trim() == path && !path.contains(char::is_control)
}

/// The parts of an absolute path.
fn plain(path: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = path
        .strip_prefix('/')?
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let is_plain = is_taken_as_it_is(path) && !parts.contains(&"..");
    is_plain.then_some(parts)
}
