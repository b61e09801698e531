use std::time::{Duration, Instant};

use super::*;

fn clean(text: &str) -> String {
    Redaction::default().apply(text).replace(REDACTED, "***")
}

#[test]
fn values_of_secrets_go_however_they_are_written() {
    let cases = [
        ("password=hunter2 left", "password=*** left"),
        ("password = hunter2 left", "password = *** left"),
        ("the Token: abc", "the Token: ***"),
        (
            "--conf spark.hadoop.fs.s3a.secret.key=abc/+= --class A",
            "--conf spark.hadoop.fs.s3a.secret.key=*** --class A",
        ),
        ("--db-password abc --x", "--db-password *** --x"),
        (
            r#"{"user": "u", "accessKey": "a\"b c", "n": 1}"#,
            r#"{"user": "u", "accessKey": "***", "n": 1}"#,
        ),
        (
            r#"{"password" : "a b", "x":1}"#,
            r#"{"password" : "***", "x":1}"#,
        ),
        (
            r#"said "{\"token\":\"a b\",\"x\":1}""#,
            r#"said "{\"token\":\"***\",\"x\":1}""#,
        ),
        (
            "{'password': 'a, b', 'x': 'y'}",
            "{'password': '***', 'x': 'y'}",
        ),
        (
            "Map(password -> hunter2, a -> b)",
            "Map(password -> ***, a -> b)",
        ),
        ("(spark.my.password,hunter2)", "(spark.my.password,***"),
        (
            "jdbc:postgresql://db/x?user=u&password=p&ssl=true",
            "jdbc:postgresql://db/x?user=u&password=***&ssl=true",
        ),
        (
            "jdbc:sqlserver://db;user=u;password=a;b,c;encrypt=true",
            "jdbc:sqlserver://db;user=u;password=***;encrypt=true",
        ),
        (
            "spark.driver.extraJavaOptions=-Dtrust.password=x -Da=b",
            "spark.driver.extraJavaOptions=-Dtrust.password=*** -Da=b",
        ),
        ("token: Bearer abc.def rest", "token: *** rest"),
        ("password=\"never closed", "password=\"***"),
        ("пароль: x, password=дом y", "пароль: x, password=*** y"),
        ("https://u:p@host/x", "https://***@host/x"),
        ("https://ghp_abc@host/x", "https://***@host/x"),
        ("s3a://AKIA:se/cret@bucket/x", "s3a://***@bucket/x"),
    ];
    for (text, expected) in cases {
        assert_eq!(clean(text), expected);
        assert_eq!(
            clean(&Redaction::default().apply(text)),
            expected,
            "a second time"
        );
    }
}

#[test]
fn what_only_speaks_of_secrets_stays() {
    for text in [
        "MountVolume.SetUp failed for volume \"token\" : secret \"none\" not found",
        "Error: secret \"db-password\" not found",
        "exceeded quota: q, requested: secrets=1, used: secrets=5, limited: secrets=5",
        "com.example.SecretNotFoundException: no such secret",
        "FATAL: password authentication failed for user \"etl\"",
        "spark://HeartbeatReceiver@10.1.2.3:7078",
        "token: null",
        "The table or view `orders` cannot be found.",
        "tokens at 12:30:01 from https://host:8443/path",
    ] {
        assert_eq!(clean(text), text);
    }
}

#[test]
fn a_run_adds_its_own_patterns_to_sparks() {
    let own = Redaction::new(Some("^salary$|(?i)iban"), Some(r"\b\d{16}\b"));
    assert_eq!(
        own.apply("salary=7 monthly.salary=8 IBAN: DE1 password=x card 4111111111111111 $1"),
        format!(
            "salary={REDACTED} monthly.salary=8 IBAN: {REDACTED} password={REDACTED} \
             card {REDACTED} $1"
        )
    );
    let not_understood = Redaction::new(Some("(?!x)"), Some("("));
    assert!(!Redaction::understands("(?!x)"));
    assert_eq!(
        not_understood.apply("password=x a=b"),
        format!("password={REDACTED} a=b")
    );
}

#[test]
fn lines_stay_lines() {
    assert_eq!(clean("a=b\r\n\npassword=x\nz"), "a=b\r\n\npassword=***\nz");
}

/// As many lines as are read of a log, made to be slow.
#[test]
fn the_cost_of_a_long_log_is_bounded() {
    let own = Redaction::new(Some("(a+)+b"), Some(".*[^A-Z]|[A-Z]"));
    for pattern in ["A", "a=", "token:", "\\\""] {
        let one_line = pattern.repeat(1024 * 1024 / pattern.len());
        let started = Instant::now();
        assert!(own.apply(&one_line).len() < 32 * MAX_LINE_BYTES);
        let line = pattern.repeat(MAX_LINE_BYTES / pattern.len());
        own.apply(&format!("{line}\n").repeat(300));
        assert!(started.elapsed() < Duration::from_secs(20), "{pattern}");
    }
}
