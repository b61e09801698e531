//! AWS's names become Rust's by their words; an acronym is one word.

/// `persistentAppUI` becomes `persistent_app_ui`.
pub fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(index + 1);
        let starts_word = before.is_some_and(|b| !b.is_ascii_uppercase())
            || (before.is_some() && after.is_some_and(char::is_ascii_lowercase));
        if c.is_ascii_uppercase() && starts_word {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// `persistentAppUI` becomes `PERSISTENT_APP_UI`.
pub fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// `CANCEL_PENDING` becomes `CancelPending`, `eksInfo` becomes `EksInfo`.
pub fn variant(name: &str) -> String {
    let words = if name.contains(char::is_lowercase) {
        snake(name)
    } else {
        name.to_owned()
    };
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
    };
    words.split('_').map(capital).collect()
}

/// A field name that may be a Rust keyword.
pub fn field(name: &str) -> String {
    let snake = snake(name);
    if snake == "type" {
        "r#type".to_owned()
    } else {
        snake
    }
}

/// What serde's `camelCase` makes of the field that stands for this name.
pub fn serde_camel(name: &str) -> String {
    let snake = snake(name);
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    first + &words.map(variant).collect::<String>()
}

/// A raw string literal.
pub fn raw(text: &str) -> String {
    let fence = if text.contains('"') { "#" } else { "" };
    format!("r{fence}\"{text}\"{fence}")
}

#[test]
fn acronyms_are_one_word() {
    assert_eq!(snake("persistentAppUI"), "persistent_app_ui");
    assert_eq!(snake("allowAWSToRetainLogs"), "allow_aws_to_retain_logs");
    assert_eq!(
        snake("emrIdentityCenterApplicationARN"),
        "emr_identity_center_application_arn"
    );
    assert_eq!(
        screaming("S3MonitoringConfiguration"),
        "S3_MONITORING_CONFIGURATION"
    );
    assert_eq!(screaming("String1024"), "STRING1024");
    assert_eq!(variant("TERMINATED_WITH_ERRORS"), "TerminatedWithErrors");
    assert_eq!(variant("eksInfo"), "EksInfo");
    assert_eq!(serde_camel("persistentAppUI"), "persistentAppUi");
    assert_eq!(serde_camel("maxResults"), "maxResults");
}
