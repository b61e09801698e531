//! The text of a Java properties file, as `java.util.Properties` writes and reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One `key=value` line for each property. What is not ASCII is escaped, since some readers (log4j)
/// take such files for Latin-1.
pub fn to_text(properties: &BTreeMap<String, String>) -> String {
    write_all(properties, push_ascii)
}

/// As `to_text`, but with characters beyond ASCII as they are: for readers of UTF-8, as Spark is.
pub fn to_utf8_text(properties: &BTreeMap<String, String>) -> String {
    write_all(properties, String::push)
}

/// The properties of a text. Of a key that is there twice the last counts.
pub fn from_text(text: &str) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    let text = text.replace("\r\n", "\n");
    let mut lines = text.split(['\n', '\r']).map(trim_start);
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut line = line.to_owned();
        while is_continued(&line) {
            line.pop();
            match lines.next() {
                Some(more) => line.push_str(more),
                None => break,
            }
        }
        let (key, value) = split(&line);
        properties.insert(unescaped(key), unescaped(value));
    }
    properties
}

fn write_all(properties: &BTreeMap<String, String>, push_other: fn(&mut String, char)) -> String {
    let mut text = String::new();
    for (key, value) in properties {
        for c in key.chars() {
            push(&mut text, c, c == ' ', push_other);
        }
        text.push('=');
        for (index, c) in value.chars().enumerate() {
            push(&mut text, c, c == ' ' && index == 0, push_other);
        }
        text.push('\n');
    }
    text
}

fn push(text: &mut String, c: char, escape_blank: bool, push_other: fn(&mut String, char)) {
    match c {
        ' ' if escape_blank => text.push_str("\\ "),
        '\t' => text.push_str("\\t"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\u{c}' => text.push_str("\\f"),
        '\\' | '=' | ':' | '#' | '!' => {
            text.push('\\');
            text.push(c);
        }
        ' '..='~' => text.push(c),
        _ => push_other(text, c),
    }
}

fn push_ascii(text: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\\u{unit:04X}");
    }
}

const BLANKS: [char; 3] = [' ', '\t', '\u{c}'];

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(BLANKS)
}

/// Whether the line ends with a backslash that is not itself escaped.
fn is_continued(line: &str) -> bool {
    let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\');
    backslashes.count() % 2 == 1
}

/// Key and value: between them stand blanks, and at most one `=` or `:`.
fn split(line: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let end = line.find(|c: char| {
        let ends = !is_escaped && (BLANKS.contains(&c) || c == '=' || c == ':');
        is_escaped = !is_escaped && c == '\\';
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = trim_start(rest);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (key, trim_start(rest))
}

fn unescaped(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some('u') => {
                    let code = chars.as_str().get(..4);
                    let unit = code.and_then(|code| u16::from_str_radix(code, 16).ok());
                    if let Some(unit) = unit {
                        units.push(unit);
                        chars = chars.as_str().get(4..).unwrap_or_default().chars();
                    }
                    continue;
                }
                Some(other) => other,
                None => continue,
            },
            c => c,
        };
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn values_keep_their_blanks_and_signs() {
        let properties = map(&[
            ("spark.master", "k8s://https://h:6443"),
            ("spark.a b", " x #1! é \\"),
        ]);
        assert_eq!(
            to_text(&properties),
            "spark.a\\ b=\\ x \\#1\\! \\u00E9 \\\\\nspark.master=k8s\\://https\\://h\\:6443\n"
        );
        assert_eq!(
            to_utf8_text(&properties),
            "spark.a\\ b=\\ x \\#1\\! é \\\\\nspark.master=k8s\\://https\\://h\\:6443\n"
        );
    }

    #[test]
    fn files_are_read_as_java_reads_them() {
        let text = "# comment\n  ! another\n\n\
                    spark.a  one two \n\
                    spark.b=1\n\
                    spark.c : 2\r\n\
                    \tspark.d\n\
                    spark.e=x \\\n     y\\\\\n\
                    spark\\ f=\\u00e9\\ud83d\\ude00\\q\n\
                    spark.b=3";
        let read = map(&[
            ("spark.a", "one two "),
            ("spark.b", "3"),
            ("spark.c", "2"),
            ("spark.d", ""),
            ("spark.e", "x y\\"),
            ("spark f", "é😀q"),
        ]);
        assert_eq!(from_text(text), read);
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(properties in prop::collection::btree_map(any::<String>(), any::<String>(), 0..5)) {
            prop_assert_eq!(from_text(&to_text(&properties)), properties.clone());
            prop_assert_eq!(from_text(&to_utf8_text(&properties)), properties);
        }
    }
}
