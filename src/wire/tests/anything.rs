//! Whatever arrives is answered: nothing panics, and every answer is bounded.

use proptest::prelude::*;

use super::*;

/// Each request type reads the same noise.
fn read_all(path: &str, query: &str, body: &[u8]) -> Vec<Result<Value, String>> {
    fn one<R: Request>(label: &str, query: &str, body: &[u8]) -> Result<Value, String> {
        let labels = R::OPERATION
            .members()
            .iter()
            .map(|member| (member.wire_name, label));
        R::from_parts(&labels.collect(), &QueryPairs::parse(query), body)
            .map(|request| serde_json::to_value(&request).expect("a request has a JSON form"))
            .map_err(|rejection| ApiError::from(rejection).message().to_owned())
    }
    every_request!(one(path, query, body)).into()
}

/// JSON under names that the operations know.
fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[a-z]{1,8}".prop_map(Value::from),
        Just(json!("x".repeat(20_000))),
    ];
    let names: Vec<&str> = SHAPES
        .iter()
        .filter_map(|shape| match &shape.kind {
            Kind::Structure(members) | Kind::Union(members) => Some(*members),
            Kind::Text { .. }
            | Kind::Choice(_)
            | Kind::Integer(_)
            | Kind::Boolean
            | Kind::Timestamp
            | Kind::List { .. }
            | Kind::Map { .. } => None,
        })
        .flatten()
        .map(|member| member.name)
        .collect();
    let name = prop_oneof![4 => proptest::sample::select(names).prop_map(str::to_owned),
                           1 => ".{0,10}"];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn bytes_never_panic(
        path in ".{0,40}",
        query in ".{0,80}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        for refusal in read_all(&path, &query, &body).into_iter().filter_map(Result::err) {
            prop_assert!(!refusal.is_empty() && refusal.len() < 64 * 1024);
        }
    }

    #[test]
    fn json_never_panics_and_answers_are_bounded(body in body(), query in "(states|maxResults|createdAfter|types|tagKeys)=.{0,9}") {
        for refusal in read_all("abc", &query, body.to_string().as_bytes()).iter().filter_map(|a| a.as_ref().err()) {
            prop_assert!(refusal.len() < 64 * 1024, "{} bytes", refusal.len());
            prop_assert!(!refusal.is_empty());
        }
    }

    #[test]
    fn what_is_read_is_valid(body in body()) {
        let text = run(json!({"jobDriver": body}));
        if let Ok(request) = read::<StartJobRunRequest>("/virtualclusters/abc/jobruns", "", &text) {
            prop_assert!(validate(&request).is_ok());
        }
    }
}

#[test]
fn nesting_ends_before_the_stack_does() {
    let nested = |depth: usize| {
        format!(
            r#"{{"clientToken":"t","configurationOverrides":{{"applicationConfiguration":{}{}}}}}"#,
            r#"[{"classification":"c","configurations":"#.repeat(depth),
            format_args!("[]{}", "}]".repeat(depth)),
        )
    };
    let read =
        |depth| read::<StartJobRunRequest>("/virtualclusters/abc/jobruns", "", &nested(depth));
    read(50).unwrap();
    for depth in [64, 1_000, 100_000] {
        assert!(
            matches!(read(depth), Err(Rejection::Serialization(_))),
            "{depth}"
        );
    }
}
