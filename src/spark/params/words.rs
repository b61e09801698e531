//! Shell words without a shell: quotes, backslashes and continued lines mean what POSIX says;
//! nothing is expanded, and `#` begins no comment.

/// The words of `text`; `None` where a quote is not closed or a backslash stands last.
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            '\n' => {}
                            c @ ('"' | '\\' | '$' | '`') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => match chars.next()? {
                // A continued line neither begins a word nor ends one.
                '\n' => {}
                c => word.get_or_insert_default().push(c),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// A text whose words, for `split` and every shell, are the given ones.
pub fn join<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = words.into_iter().map(quoted).collect();
    quoted.join(" ")
}

fn quoted(word: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(is_bare) {
        return word.to_owned();
    }
    // Readers of parameters take a carriage return before a line feed away: here they stand apart.
    let word = word.replace('\'', "'\\''").replace("\r\n", "\r''\n");
    format!("'{word}'")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_the_shells() {
        for (text, words) in [
            ("", &[][..]),
            ("  a\tb\nc  ", &["a", "b", "c"]),
            ("a\\\nb", &["ab"]),
            ("a \\\n  b \\\n", &["a", "b"]),
            ("'' \"\"", &["", ""]),
            ("a'b c'\"d e\"f\\ g", &["ab cd ef g"]),
            ("'\\' \"\\\\ \\\" \\x \\$ \\\n\"", &["\\", "\\ \" \\x $ "]),
            ("#a b#c", &["#a", "b#c"]),
        ] {
            assert_eq!(split(text).unwrap(), words, "{text:?}");
        }
        for text in ["'", "\"", "\\", "a \"b\\", "'a\\'b'"] {
            assert_eq!(split(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_what_needs_it_is_quoted() {
        let words = ["--conf", "spark.x=a b", "", "it's", "a\r\nb", "${x}"];
        let text = "--conf 'spark.x=a b' '' 'it'\\''s' 'a\r''\nb' '${x}'";
        assert_eq!(join(words), text);
    }

    proptest! {
        #[test]
        fn joined_words_come_apart_as_they_were(words in prop::collection::vec(any::<String>(), 0..5)) {
            let text = join(words.iter().map(String::as_str));
            prop_assert_eq!(split(&text), Some(words.clone()));
            prop_assert_eq!(split(&text.replace("\r\n", "\n")), Some(words.clone()));
            prop_assert_eq!(shlex::split(&text), Some(words));
        }

        #[test]
        fn joined_words_of_signs_come_apart_as_they_were(
            words in prop::collection::vec("[-a='\"\\\\$`#~*{} \t\r\n]*", 0..5),
        ) {
            let text = join(words.iter().map(String::as_str));
            prop_assert_eq!(split(&text), Some(words.clone()));
            prop_assert_eq!(split(&text.replace("\r\n", "\n")), Some(words.clone()));
            prop_assert_eq!(shlex::split(&text), Some(words));
        }

        #[test]
        fn another_parser_agrees(text in "[ab '\"\\\\$\t]*") {
            prop_assert_eq!(split(&text), shlex::split(&text));
        }
    }
}
