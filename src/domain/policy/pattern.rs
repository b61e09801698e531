//! Texts with wildcards: `*` stands for any characters, none included, and `?` for exactly one.
//! Matching takes at most the product of both lengths, whatever the pattern.

/// A pattern of a whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<char>);

/// A pattern for each of the six parts of an ARN: no wildcard reaches over a colon, but in the
/// last part, which may hold some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArnPattern([Pattern; 6]);

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self(text.chars().collect())
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let (pattern, text): (_, Vec<char>) = (&self.0, text.chars().collect());
        let (mut at, mut place) = (0, 0);
        // The last star, and how much of the text it has taken: no earlier one need take more.
        let mut star = None;
        while place < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, place));
                    at += 1;
                }
                Some(letter) if *letter == '?' || *letter == text[place] => {
                    at += 1;
                    place += 1;
                }
                Some(_) | None => {
                    let Some((star_at, taken)) = star else {
                        return false;
                    };
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    place = taken + 1;
                }
            }
        }
        pattern[at..].iter().all(|letter| *letter == '*')
    }
}

impl ArnPattern {
    pub(super) fn new(parts: [&str; 6]) -> Self {
        Self(parts.map(Pattern::new))
    }

    pub(super) fn matches(&self, arn: &str) -> bool {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        parts.len() == self.0.len()
            && self
                .0
                .iter()
                .zip(parts)
                .all(|(pattern, part)| pattern.matches(part))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text)
    }

    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, _) => text.is_empty(),
            (Some(('*', rest)), None) => naive(rest, text),
            (Some(('*', rest)), Some((_, shorter))) => naive(rest, text) || naive(pattern, shorter),
            (Some(_), None) => false,
            (Some((letter, rest)), Some((first, shorter))) => {
                (*letter == '?' || letter == first) && naive(rest, shorter)
            }
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_definition_matches(pattern in "[ab?*é]{0,8}", text in "[abé*?]{0,8}") {
            let [letters, characters] = [&pattern, &text].map(|text| text.chars().collect::<Vec<_>>());
            prop_assert_eq!(matches(&pattern, &text), naive(&letters, &characters));
        }
    }

    #[test]
    fn no_pattern_takes_for_ever() {
        let (pattern, text) = ("*a".repeat(3_000), "a".repeat(2_900));
        let started = Instant::now();
        assert!(!matches(&pattern, &text));
        assert!(!matches(&format!("{}b", "a*".repeat(1_000)), &text));
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_wildcard_stays_in_its_part_of_an_arn() {
        let pattern = ArnPattern::new(["arn", "aws", "iam", "", "12*", "role/*"]);
        for (arn, matches) in [
            ("arn:aws:iam::123456789012:role/a", true),
            ("arn:aws:iam::123456789012:role/a:b/c", true),
            ("arn:aws:iam::210987654321:role/a", false),
            ("arn:aws:iam::12:x:role/a", false),
            ("arn:aws:iam:eu:123456789012:role/a", false),
            ("arn:aws:iam::123456789012", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(pattern.matches(arn), matches, "{arn}");
        }
    }
}
