//! Secrets are taken out of what drivers and clusters say before anybody keeps or shows it: what
//! Spark's `spark.redaction.regex` names, wherever text gives a value to it, and the user part of
//! URLs. Too much is taken rather than too little.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{NoExpand, Regex, RegexBuilder};

/// Spark's word for what was taken out.
pub const REDACTED: &str = "*********(redacted)";

/// Spark's own default for `spark.redaction.regex`.
pub const DEFAULT_REGEX: &str = "(?i)secret|password|token|access[.]?key";

/// Longer lines are cut: patterns of callers take no more than the square of it.
const MAX_LINE_BYTES: usize = 1024;

/// Names are looked at up to this length, from their end.
const MAX_KEY_BYTES: usize = 256;

/// How large a caller's pattern may be once it is compiled, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// What counts as a secret: Spark's default, and what a run adds to it.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    own_keys: Option<Regex>,
    own_texts: Option<Regex>,
}

impl Redaction {
    /// With a run's own `spark.redaction.regex` and `spark.redaction.string.regex`. A pattern that
    /// is not understood is left out.
    pub fn new(regex: Option<&str>, string_regex: Option<&str>) -> Self {
        Self {
            own_keys: regex.and_then(compile),
            own_texts: string_regex.and_then(compile),
        }
    }

    /// Whether `pattern`, written for Java, is understood here.
    pub fn understands(pattern: &str) -> bool {
        compile(pattern).is_some()
    }

    /// `text` without its secrets.
    pub fn apply(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let (line, end) = match line.strip_suffix('\n') {
                Some(line) => (line, "\n"),
                None => (line, ""),
            };
            let line = shortened(line);
            let line = match &self.own_texts {
                Some(pattern) => pattern.replace_all(&line, NoExpand(REDACTED)),
                None => line,
            };
            let line = without_users(&line);
            self.copy_without_values(&line, &mut clean);
            clean.push_str(end);
        }
        clean
    }

    fn copy_without_values(&self, line: &str, clean: &mut String) {
        let mut copied = 0;
        let mut at = 0;
        while let Some(word) = next_word(line, at) {
            at = word.end;
            let Some(value) = value_of(line, word.start, word.end) else {
                continue;
            };
            let named = self.names_secret(&line[word.start..word.end]);
            let shown = &line[value.start..value.end];
            if named && !is_plain(&line[word.start..word.end], shown) {
                clean.push_str(&line[copied..value.start]);
                clean.push_str(REDACTED);
                copied = value.end;
                at = value.end;
            }
        }
        clean.push_str(&line[copied..]);
    }

    fn names_secret(&self, key: &str) -> bool {
        // `SecretNotFoundException: …` tells of a secret and not the secret.
        if key.ends_with("Exception") || key.ends_with("Error") {
            return false;
        }
        let mut start = key.len().saturating_sub(MAX_KEY_BYTES);
        while !key.is_char_boundary(start) {
            start += 1;
        }
        let key = &key[start..];
        DEFAULT_KEYS
            .iter()
            .chain(&self.own_keys)
            .any(|pattern| pattern.is_match(key))
    }
}

static DEFAULT_KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| compile(DEFAULT_REGEX));

/// The user part of a URL, where secrets of Hadoop's may hold slashes.
static USER: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(r#"([A-Za-z0-9+.-]*)://[^\s/"'<>@]+(?::[^\s"'<>@]*)?@"#));

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN_BYTES)
        .build()
        .ok()
}

struct Span {
    start: usize,
    end: usize,
}

fn shortened(line: &str) -> Cow<'_, str> {
    if line.len() <= MAX_LINE_BYTES {
        return Cow::Borrowed(line);
    }
    let mut end = MAX_LINE_BYTES;
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", &line[..end]))
}

fn without_users(line: &str) -> Cow<'_, str> {
    match USER.as_ref() {
        Some(user) if line.contains("://") => {
            user.replace_all(line, |found: &regex::Captures<'_>| match &found[1] {
                // Names of Spark's endpoints.
                "spark" => found[0].to_owned(),
                scheme => format!("{scheme}://{REDACTED}@"),
            })
        }
        _ => Cow::Borrowed(line),
    }
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '_' | '-')
}

fn next_word(line: &str, from: usize) -> Option<Span> {
    let start = from + line[from..].find(in_word)?;
    let length = line[start..].find(|character| !in_word(character));
    Some(Span {
        start,
        end: length.map_or(line.len(), |length| start + length),
    })
}

/// The value that `line` gives to the word there, in the ways of properties, command lines, JSON,
/// and of maps and pairs as Scala and Python print them.
fn value_of(line: &str, start: usize, end: usize) -> Option<Span> {
    let after = &line[end..];
    let closed = after.trim_start_matches('\\');
    let closed = closed.strip_prefix(['"', '\'']).unwrap_or(after);
    let spaced = closed.trim_start_matches(' ');
    let has_space = spaced.len() < closed.len();
    let value = if let Some(value) = spaced.strip_prefix("->") {
        value
    } else if let Some(value) = spaced.strip_prefix('=') {
        value.strip_prefix('>').unwrap_or(value)
    } else if let Some(value) = spaced.strip_prefix(':') {
        // Kubernetes says `volume "token" : secret "x" not found`.
        let is_json = value.trim_start().starts_with(['"', '\'', '\\']);
        if value.starts_with("//") || has_space && !is_json {
            return None;
        }
        value
    } else if let (Some(value), true) = (closed.strip_prefix(','), line[..start].ends_with('(')) {
        value
    } else if has_space && line[start..end].starts_with("--") && !spaced.starts_with('-') {
        spaced
    } else {
        return None;
    };
    let value = value.trim_start_matches(' ');
    let from = line.len() - value.len();
    let length = quoted_length(value).unwrap_or_else(|| {
        let start = opening(value);
        let never_closed = start > 0;
        Span {
            start,
            end: if never_closed {
                value.len()
            } else {
                bare_length(value)
            },
        }
    });
    (length.end > length.start).then_some(Span {
        start: from + length.start,
        end: from + length.end,
    })
}

/// The length of a quote at the beginning of `value`, with what escapes it.
fn opening(value: &str) -> usize {
    let escapes = value.len() - value.trim_start_matches('\\').len();
    match value[escapes..].chars().next() {
        Some('"' | '\'') => escapes + 1,
        Some(_) | None => 0,
    }
}

/// What stands between the quotes at the beginning of `value`, if they are closed.
fn quoted_length(value: &str) -> Option<Span> {
    let start = opening(value);
    let quote = value[..start].chars().last()?;
    let mut from = start;
    loop {
        let end = from + value[from..].find(quote)?;
        let inner = &value[start..end];
        let escapes = inner.len() - inner.trim_end_matches('\\').len();
        if escapes < start {
            return Some(Span {
                start,
                end: end - escapes,
            });
        }
        from = end + 1;
    }
}

/// The length of a value without quotes. A separator ends it where another pair, or nothing,
/// follows: secrets may hold separators.
fn bare_length(value: &str) -> usize {
    for scheme in ["Bearer ", "Basic ", "bearer ", "basic "] {
        if let Some(rest) = value.strip_prefix(scheme) {
            return scheme.len() + bare_length(rest);
        }
    }
    value
        .char_indices()
        .find(|(index, character)| match character {
            ',' | ';' | '&' => {
                let rest = &value[index + 1..];
                let word = rest.trim_start_matches(in_word);
                rest.is_empty()
                    || rest.starts_with(char::is_whitespace)
                    || word.len() < rest.len() && word.starts_with(['=', ':'])
            }
            _ => character.is_whitespace() || matches!(character, '"' | '\''),
        })
        .map_or(value.len(), |(index, _)| index)
}

/// What nobody keeps secret: that there is no value, and how many Secrets a quota allows.
fn is_plain(key: &str, value: &str) -> bool {
    matches!(value, "null" | "None" | "true" | "false")
        || key == "secrets" && value.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
