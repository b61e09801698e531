//! The text of a Java properties file, which every reader of such files reads alike: what is not
//! ASCII is escaped, since log4j reads Latin-1 where Spark reads UTF-8.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One `key=value` line for each property.
pub fn to_text(properties: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (key, value) in properties {
        for c in key.chars() {
            push(&mut text, c, c == ' ');
        }
        text.push('=');
        for (index, c) in value.chars().enumerate() {
            push(&mut text, c, c == ' ' && index == 0);
        }
        text.push('\n');
    }
    text
}

fn push(text: &mut String, c: char, escape_blank: bool) {
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
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `java.util.Properties.load` makes of a text.
    fn load(text: &str) -> BTreeMap<String, String> {
        text.lines()
            .map(|line| {
                let mut sides = [Vec::new(), Vec::new()];
                let mut side = 0;
                let mut chars = line.chars();
                while let Some(c) = chars.next() {
                    match c {
                        '=' if side == 0 => side = 1,
                        '\\' => match chars.next().unwrap() {
                            't' => sides[side].push(u16::from(b'\t')),
                            'n' => sides[side].push(u16::from(b'\n')),
                            'r' => sides[side].push(u16::from(b'\r')),
                            'f' => sides[side].push(0xc),
                            'u' => {
                                let hex: String = chars.by_ref().take(4).collect();
                                sides[side].push(u16::from_str_radix(&hex, 16).unwrap());
                            }
                            other => sides[side].push(u16::try_from(u32::from(other)).unwrap()),
                        },
                        c => sides[side].push(u16::try_from(u32::from(c)).unwrap()),
                    }
                }
                let [key, value] = sides.map(|units| String::from_utf16(&units).unwrap());
                (key, value)
            })
            .collect()
    }

    #[test]
    fn values_keep_their_blanks_and_signs() {
        let properties = BTreeMap::from([
            ("spark.master".to_owned(), "k8s://https://h:6443".to_owned()),
            ("spark.a b".to_owned(), " x #1! é \\".to_owned()),
        ]);
        assert_eq!(
            to_text(&properties),
            "spark.a\\ b=\\ x \\#1\\! \\u00E9 \\\\\nspark.master=k8s\\://https\\://h\\:6443\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(properties in prop::collection::btree_map(any::<String>(), any::<String>(), 0..5)) {
            prop_assert_eq!(load(&to_text(&properties)), properties);
        }
    }
}
