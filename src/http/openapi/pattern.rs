//! A pattern in a description is ECMA-262's and means the same in other dialects that readers of
//! descriptions use: it is anchored, its classes are spelt out, and it admits no NUL, as no text of
//! the API does.

use std::iter::Peekable;
use std::str::Chars;

use crate::wire::Pattern;

/// What every text keeps that has no pattern of its own.
pub(super) const NO_NUL: &str = r"^[^\u0000]*$";

/// The pattern, in the words of ECMA-262.
pub(super) fn ecma(pattern: &Pattern) -> String {
    let unless = pattern.unless().map_or(String::new(), |unless| {
        format!("(?!(?:{})$)", translated(unless))
    });
    // It must match the whole value, whether it says so or not.
    let whole = pattern.regex();
    let whole = whole.strip_prefix('^').unwrap_or(whole);
    let whole = match whole.strip_suffix('$') {
        Some(stripped) if !stripped.ends_with('\\') => stripped,
        _ => whole,
    };
    let whole = translated(whole);
    if whole.contains('|') {
        format!("^{unless}(?:{whole})$")
    } else {
        format!("^{unless}{whole}$")
    }
}

/// From the dialect of the `regex` crate, where a dot matches line breaks too.
fn translated(regex: &str) -> String {
    let mut out = String::new();
    let mut in_class = false;
    let mut rest = regex.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, in_class, &mut out),
            '.' if !in_class => out.push_str(r"[^\u0000]"),
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push_str(r"^\u0000");
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            _ => out.push(c),
        }
    }
    out
}

/// With the flag `u`, ECMA-262 knows no escape that is not needed.
fn escape(rest: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) {
    const SYNTAX: &str = r"^$\.*+?()[]{}|/";
    match rest.next() {
        Some('x') if rest.next_if_eq(&'{').is_some() => {
            let hex: String = rest.by_ref().take_while(|c| *c != '}').collect();
            out.push_str(&format!(r"\u{hex:0>4}"));
        }
        Some(c) if c.is_ascii_alphanumeric() || SYNTAX.contains(c) || (in_class && c == '-') => {
            out.extend(['\\', c]);
        }
        Some(c) => out.push(c),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Kind, SHAPES};

    #[test]
    fn dialects_are_translated() {
        for (regex, ecma) in [
            (
                r".*[^ \t\n\x0B\f\r].*",
                r"[^\u0000]*[^\u0000 \t\n\x0B\f\r][^\u0000]*",
            ),
            (r"[\x{21}-\x{7F}]\x{2F}", r"[\u0021-\u007F]\u002F"),
            (r"[\.\-_\#A-Z\$\{\}.]+\/\-", r"[\.\-_#A-Z\$\{\}.]+\/-"),
        ] {
            assert_eq!(translated(regex), ecma);
        }
        let both = Pattern::new("", "[a-z]+", Some("xn.*"));
        assert_eq!(ecma(&both), r"^(?!(?:xn[^\u0000]*)$)[a-z]+$");
        let either = Pattern::plain(r"^a|b\$");
        assert_eq!(ecma(&either), r"^(?:a|b\$)$");
    }

    /// Read strictly: only what the grammar of ECMA-262 has with the flag `u`, and without it.
    #[test]
    fn every_pattern_is_ecma_262() {
        let mut seen = 0;
        for pattern in patterns() {
            let text = ecma(pattern);
            let mut rest = text.chars().peekable();
            let mut in_class = false;
            let mut depth = 0_i32;
            while let Some(c) = rest.next() {
                match c {
                    '\\' => match rest.next().unwrap() {
                        'u' => assert!(hex(&mut rest, 4), "{text}"),
                        'x' => assert!(hex(&mut rest, 2), "{text}"),
                        '-' => assert!(in_class, "{text}"),
                        c => assert!(r"tnfr^$\.*+?()[]{}|/".contains(c), "{text}: \\{c}"),
                    },
                    '[' => {
                        assert!(!in_class, "{text}");
                        in_class = true;
                    }
                    ']' => {
                        assert!(in_class, "{text}");
                        in_class = false;
                    }
                    '(' if !in_class => {
                        depth += 1;
                        if rest.next_if_eq(&'?').is_some() {
                            assert!([':', '!'].contains(&rest.next().unwrap()), "{text}");
                        }
                    }
                    ')' if !in_class => depth -= 1,
                    '{' if !in_class => {
                        let count: String = rest.by_ref().take_while(|c| *c != '}').collect();
                        assert!(
                            count.chars().all(|c| c.is_ascii_digit() || c == ','),
                            "{text}"
                        );
                    }
                    '}' => assert!(in_class, "{text}"),
                    c => assert!(!c.is_control() && c.is_ascii(), "{text}"),
                }
            }
            assert!(!in_class && depth == 0, "{text}");
            seen += 1;
        }
        assert!(seen > 20);
    }

    /// The translation is read by the same crate again, where it has no look-ahead.
    #[test]
    fn a_translation_means_the_same() {
        let texts = [
            "",
            " ",
            "a",
            "A_b-1",
            "\n",
            "a\nb",
            "\u{b}",
            "\u{1}",
            "é",
            "𐀀",
            "\u{fffe}",
            "\0",
            "0.5G",
            "arn:aws:iam::123456789012:role/job",
            "arn:aws:iam::123456789012:role/a/b",
            "arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/abc",
            "${x}",
            "a/b#c",
            "s3://bucket/logs",
            "٣",
            "a\u{a0}",
            "team-a",
            "-a",
            "QUJD",
        ];
        for pattern in patterns().filter(|pattern| pattern.unless().is_none()) {
            let translated = regex::Regex::new(&ecma(pattern)).unwrap();
            for text in texts {
                let kept = pattern.matches(text) && !text.contains('\0');
                assert_eq!(
                    translated.is_match(text),
                    kept,
                    "{text:?} and {}",
                    pattern.source
                );
            }
        }
    }

    fn patterns() -> impl Iterator<Item = &'static Pattern> {
        SHAPES.iter().filter_map(|shape| match &shape.kind {
            Kind::Text { pattern, .. } => pattern.as_ref(),
            Kind::Choice(_)
            | Kind::Integer(_)
            | Kind::Boolean
            | Kind::Timestamp
            | Kind::List { .. }
            | Kind::Map { .. }
            | Kind::Structure(_)
            | Kind::Union(_) => None,
        })
    }

    fn hex(rest: &mut Peekable<Chars<'_>>, digits: usize) -> bool {
        (0..digits).all(|_| rest.next().is_some_and(|c| c.is_ascii_hexdigit()))
    }
}
