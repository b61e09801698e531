//! What must hold for any text. The fuzzer runs these with texts of its own, `make test` with the
//! seeds.
#![allow(dead_code, reason = "each fuzz target uses one of them")]

use std::collections::BTreeMap;

use firesteel::spark::pod_template::{self, Role};
use firesteel::spark::{Policy, params, properties};

/// Both grammars take or refuse any text; what is taken has properties of Spark's alone.
pub fn parameters(text: &str) {
    for parse in [params::parse, params::parse_sql] {
        if let Ok(given) = parse(text) {
            assert!(given.properties.keys().all(|key| key.starts_with("spark.")));
            let _ = Policy::default().check_properties(&given.properties);
        }
    }
}

/// What is written is what Java reads. The text is cut into keys and values at its blank lines.
pub fn properties(text: &str) {
    let mut parts = text.split("\n\n").map(str::to_owned);
    let mut given = BTreeMap::new();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        given.insert(key, value);
    }
    assert_eq!(load(&properties::to_text(&given)), given);
}

/// A template is taken or refused; what is taken keeps its containers, and a policy judges it by its
/// fields, the same however often it is written and read.
pub fn templates(text: &str) {
    let policy = Policy::default();
    let Ok(pod) = pod_template::parse(text) else {
        assert!(policy.check_text(Role::Driver, text).is_err());
        return;
    };
    let _ = pod_template::unknown_fields(text, &pod);
    let judged = policy.check_template(Role::Driver, &pod);
    let again = serde_json::to_string(&pod).expect("a pod is JSON");
    let again = serde_json::from_str(&again).expect("what a pod was written as is a pod");
    assert_eq!(pod, again);
    assert_eq!(judged, policy.check_template(Role::Driver, &again));
    let all = pod.spec.as_ref().map_or(0, |spec| spec.containers.len());
    let start = pod_template::start(pod, Some("spark-kubernetes-driver"));
    assert_eq!(start.spec.containers.len(), all.saturating_sub(1));
}

/// `java.util.Properties.load(Reader)`.
fn load(text: &str) -> BTreeMap<String, String> {
    let mut read = BTreeMap::new();
    for line in logical_lines(text) {
        let units: Vec<u16> = line.encode_utf16().collect();
        let is = |index: usize, signs: &str| {
            units
                .get(index)
                .and_then(|unit| char::from_u32((*unit).into()))
                .is_some_and(|c| signs.contains(c))
        };
        let mut end = 0;
        while end < units.len() && !is(end, "=: \t\u{c}") {
            end += if is(end, "\\") { 2 } else { 1 };
        }
        let end = end.min(units.len());
        let mut start = end;
        let mut has_separator = false;
        while is(start, " \t\u{c}") || (!has_separator && is(start, "=:")) {
            has_separator |= is(start, "=:");
            start += 1;
        }
        read.insert(unescape(&units[..end]), unescape(&units[start..]));
    }
    read
}

/// Lines without comments, continued ones joined.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    for line in text.split(['\n', '\r']) {
        let line = line.trim_start_matches([' ', '\t', '\u{c}']);
        if open.is_none() && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let mut whole = open.take().unwrap_or_default();
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            whole.push_str(&line[..line.len() - 1]);
            open = Some(whole);
        } else {
            whole.push_str(line);
            lines.push(whole);
        }
    }
    lines.extend(open);
    lines
}

fn unescape(units: &[u16]) -> String {
    let mut out = Vec::new();
    let mut rest = units.iter().copied();
    while let Some(unit) = rest.next() {
        if unit != u16::from(b'\\') {
            out.push(unit);
            continue;
        }
        match rest.next().and_then(|unit| char::from_u32(unit.into())) {
            Some('t') => out.push(0x9),
            Some('n') => out.push(0xa),
            Some('r') => out.push(0xd),
            Some('f') => out.push(0xc),
            Some('u') => {
                let hex = String::from_utf16(&rest.by_ref().take(4).collect::<Vec<_>>());
                let hex = hex.expect("four hexadecimal digits");
                out.push(u16::from_str_radix(&hex, 16).expect("four hexadecimal digits"));
            }
            Some(other) => out.extend(other.encode_utf16(&mut [0; 2]).iter().copied()),
            None => {}
        }
    }
    String::from_utf16(&out).expect("pairs of surrogates stay together")
}
