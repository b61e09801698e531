//! Tags: what a caller may hang on a resource. Whatever sets tags checks them here first.

use std::collections::BTreeMap;

/// Keys and values, as a resource carries them.
pub type Tags = BTreeMap<String, String>;

/// The most tags that one resource has.
pub const MAX_TAGS: usize = 50;

const MAX_KEY_CHARS: usize = 128;
const MAX_VALUE_CHARS: usize = 256;

/// The service's own keys start with this, in whatever case.
const RESERVED_PREFIX: &str = "aws:";

/// Tags that a resource cannot have. No text holds a value of a tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTags {
    #[error("A resource can have at most {MAX_TAGS} tags.")]
    TooMany,
    #[error(
        "Tag keys must have between 1 and {MAX_KEY_CHARS} characters, and not white space alone."
    )]
    Key,
    #[error("The value of tag {0} has more than {MAX_VALUE_CHARS} characters.")]
    Value(String),
    #[error("aws: prefixed tag key names are not allowed for external use.")]
    Reserved,
}

/// Whether a caller may set these tags on a resource that has no others.
pub fn check(tags: &Tags) -> Result<(), InvalidTags> {
    if tags.len() > MAX_TAGS {
        return Err(InvalidTags::TooMany);
    }
    for (key, value) in tags {
        if is_blank(key) || key.chars().count() > MAX_KEY_CHARS {
            return Err(InvalidTags::Key);
        }
        if is_reserved(key) {
            return Err(InvalidTags::Reserved);
        }
        if value.chars().count() > MAX_VALUE_CHARS {
            return Err(InvalidTags::Value(key.clone()));
        }
    }
    Ok(())
}

/// By the API model's notion of white space, which is ASCII's alone.
fn is_blank(key: &str) -> bool {
    key.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r'])
        .is_empty()
}

fn is_reserved(key: &str) -> bool {
    key.get(..RESERVED_PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> Tags {
        Tags::from([(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn what_the_service_takes_is_taken() {
        let long = "é".repeat(MAX_KEY_CHARS);
        let longest = "é".repeat(MAX_VALUE_CHARS);
        for (key, value) in [
            ("team", "data"),
            ("empty", ""),
            ("aws", "x"),
            ("my-aws:key", "aws:x"),
            ("ééé", "x"),
            ("\u{a0}", "x"),
            (&long, &longest),
        ] {
            assert_eq!(check(&one(key, value)), Ok(()), "{key}");
        }
        assert_eq!(check(&Tags::new()), Ok(()));
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        let long = "é".repeat(MAX_KEY_CHARS + 1);
        for (key, error) in [
            ("", InvalidTags::Key),
            (" \t", InvalidTags::Key),
            ("\n\u{b}\u{c}\r", InvalidTags::Key),
            (&long, InvalidTags::Key),
            ("aws:x", InvalidTags::Reserved),
            ("AWS:x", InvalidTags::Reserved),
            ("aWs:", InvalidTags::Reserved),
        ] {
            assert_eq!(check(&one(key, "")), Err(error), "{key}");
        }
        let long = "é".repeat(MAX_VALUE_CHARS + 1);
        assert_eq!(
            check(&one("k", &long)),
            Err(InvalidTags::Value("k".to_owned()))
        );
    }

    #[test]
    fn fifty_tags_are_the_most() {
        let tags = |count: usize| {
            (0..count)
                .map(|number| (number.to_string(), String::new()))
                .collect::<Tags>()
        };
        assert_eq!(check(&tags(MAX_TAGS)), Ok(()));
        assert_eq!(check(&tags(MAX_TAGS + 1)), Err(InvalidTags::TooMany));
    }
}
