//! `${name}` in a text stands for the value of a template's parameter; a value is never searched
//! for placeholders itself.

/// The longest name that the API lets a parameter have.
const LONGEST_NAME: usize = 512;

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    /// The name in a placeholder.
    Name(&'a str),
}

/// Cuts a text at its placeholders. `$` before anything else is text, as is `${a:b}`: a colon
/// is in no parameter's name.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut begun, mut at) = (0, 0);
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        match name(&text[start..]) {
            Some(name) => {
                if begun < start {
                    parts.push(Part::Text(&text[begun..start]));
                }
                parts.push(Part::Name(name));
                at = start + name.len() + "${}".len();
                begun = at;
            }
            None => at = start + 1,
        }
    }
    if begun < text.len() {
        parts.push(Part::Text(&text[begun..]));
    }
    parts
}

/// The names that a text refers to, in its order.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    parts(text).into_iter().filter_map(|part| match part {
        Part::Name(name) => Some(name),
        Part::Text(_) => None,
    })
}

/// Puts values in the place of placeholders; one without a value stays as it is.
pub fn fill<'v>(text: &str, value_of: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Name(name) => match value_of(name) {
                Some(value) => filled.push_str(value),
                None => filled.extend(["${", name, "}"]),
            },
        }
    }
    filled
}

/// The name in the placeholder that `text` begins with.
fn name(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("${")?;
    let in_a_name =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'#');
    // No further than the name could go: a text may be full of what begins like a placeholder.
    let length = rest.bytes().take_while(|byte| in_a_name(*byte)).count();
    let (name, after) = rest.split_at(length);
    let is_name = (1..=LONGEST_NAME).contains(&length) && after.starts_with('}');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(text: &str) -> String {
        fill(text, |name| match name {
            "a" => Some("1"),
            "b.c-d_e#F" => Some("${a}$"),
            _ => None,
        })
    }

    #[test]
    fn only_a_parameters_name_in_braces_is_a_placeholder() {
        for (text, expected) in [
            ("", ""),
            ("${a}", "1"),
            ("x${a}y${a}z", "x1y1z"),
            ("$${a}}", "$1}"),
            ("${${a}}", "${1}"),
            ("${b.c-d_e#F}", "${a}$"),
            ("${b.c-d_e#F}{a}", "${a}${a}"),
            ("${unknown}", "${unknown}"),
            (
                "${a:b} ${} ${a b} $a {a} ${a",
                "${a:b} ${} ${a b} $a {a} ${a",
            ),
            ("é${a}é", "é1é"),
        ] {
            assert_eq!(filled(text), expected, "{text}");
        }
        let long = format!("${{{}}}", "n".repeat(LONGEST_NAME + 1));
        assert_eq!(names(&long).count(), 0);
        assert_eq!(names("${x}-${y:z}${x}").collect::<Vec<_>>(), ["x", "x"]);
    }

    #[test]
    fn what_only_begins_like_a_placeholder_is_read_once() {
        let text = "${".repeat(1 << 20);
        assert_eq!(parts(&text), [Part::Text(text.as_str())]);
    }

    proptest! {
        #[test]
        fn without_values_a_text_stays(text in "([$][{]?|[}]|[a:. é]){0,20}") {
            prop_assert_eq!(fill(&text, |_| None), text);
        }

        #[test]
        fn a_value_comes_out_as_it_is(before in "[a-z ]*", value in any::<String>(), after in "[a-z ]*") {
            let text = format!("{before}${{name}}{after}");
            let filled = fill(&text, |_| Some(&value));
            prop_assert_eq!(filled, format!("{before}{value}{after}"));
        }
    }
}
