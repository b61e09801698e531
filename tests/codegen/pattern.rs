//! A pattern of the model is written for Java: the same language for the `regex` crate, or a refusal
//! that asks for treatment by hand.

use super::overrides::PATTERNS;

/// The expression for the `regex` crate and what must not match besides.
pub fn for_shape(shape: &str, source: &str) -> (String, Option<&'static str>) {
    match PATTERNS.iter().find(|(name, _, _)| *name == shape) {
        Some((_, regex, unless)) => ((*regex).to_owned(), *unless),
        None => (translate(source), None),
    }
}

/// Java's classes are ASCII, the crate's are Unicode; `\u` and look-around are spelt differently or
/// missing.
fn translate(source: &str) -> String {
    let by_hand = |what: &str| -> ! { panic!("treat {source} by hand: it has {what}") };
    for group in ["(?=", "(?!", "(?<", "(?>"] {
        if source.contains(group) {
            by_hand("look-around");
        }
    }
    let mut out = String::new();
    let mut in_class = false;
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('d') if in_class => out.push_str("0-9"),
                Some('d') => out.push_str("[0-9]"),
                Some('w') if in_class => out.push_str("A-Za-z0-9_"),
                Some('w') => out.push_str("[A-Za-z0-9_]"),
                Some('S') if !in_class => out.push_str(r"[^ \t\n\x0B\f\r]"),
                Some('u') => {
                    let hex: String = chars.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&hex, 16).unwrap_or_else(|_| by_hand("\\u"));
                    let scalar = char::from_u32(code).unwrap_or_else(|| by_hand("surrogates"));
                    out.push_str(&format!(r"\x{{{:X}}}", u32::from(scalar)));
                }
                Some(escaped) if escaped.is_ascii_alphanumeric() => by_hand("an unknown escape"),
                Some(escaped) => out.extend(['\\', escaped]),
                None => by_hand("a lone backslash"),
            },
            '[' if in_class => by_hand("a class in a class"),
            '&' | '~' if in_class => by_hand("what may be a set operation"),
            '[' => {
                in_class = true;
                out.push(c);
            }
            ']' => {
                in_class = false;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[test]
fn classes_become_ascii() {
    assert_eq!(translate(r".*\S.*"), r".*[^ \t\n\x0B\f\r].*");
    assert_eq!(
        translate(r"(\d{12})?[\w+=,.@-]+"),
        "([0-9]{12})?[A-Za-z0-9_+=,.@-]+"
    );
    assert_eq!(
        translate(r"\u002F[\u0021-\u007F]"),
        r"\x{2F}[\x{21}-\x{7F}]"
    );
    assert_eq!(translate(r"[\.\-_\#A-Z\$\{\}]\/"), r"[\.\-_\#A-Z\$\{\}]\/");
}

#[test]
#[should_panic(expected = "look-around")]
fn look_ahead_is_refused() {
    translate("(?!xn--.*)a");
}

#[test]
#[should_panic(expected = "surrogates")]
fn surrogates_are_refused() {
    translate(r"[\uD800-\uDBFF]");
}
