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

    proptest! {
        #[test]
        fn another_parser_agrees(text in "[ab '\"\\\\$\t]*") {
            prop_assert_eq!(split(&text), shlex::split(&text));
        }
    }
}
