use super::*;

fn account() -> AccountId {
    AccountId::parse("123456789012").unwrap()
}

async fn refused(prefixes: &[&str], uri: &str) -> FetchError {
    let prefixes: Vec<_> = prefixes.iter().map(|text| text.parse().unwrap()).collect();
    let limits = Limits {
        max_bytes: 1024,
        timeout: Duration::from_secs(5),
    };
    let prefixes = BTreeMap::from([(account(), prefixes)]);
    let client = Client::new(prefixes, Settings::default(), None, limits).unwrap();
    // Where a prefix lets it through, the missing credentials are what stops it.
    client.get(&account(), uri).await.unwrap_err()
}

#[tokio::test]
async fn a_prefix_ends_where_a_segment_does() {
    for uri in [
        "s3://bucket/team/a.yaml",
        "s3a://bucket/team/deep/er/a.yaml",
        "s3://bucket/team",
    ] {
        for prefix in [
            "s3://bucket/team",
            "s3://bucket/team/",
            "s3a://bucket",
            "s3://bucket/",
        ] {
            assert_eq!(
                refused(&[prefix], uri).await,
                FetchError::NoCredentials,
                "{prefix} {uri}"
            );
        }
    }
    for uri in [
        "s3://bucket/team2/a.yaml",
        "s3://bucket/tea",
        "s3://bucket/Team/a.yaml",
        "s3://bucket2/team/a.yaml",
        "s3://other/bucket/team/a.yaml",
    ] {
        let refused = refused(&["s3://bucket/team"], uri).await;
        assert_eq!(refused, FetchError::OutsidePrefixes(account()), "{uri}");
    }
}

#[tokio::test]
async fn without_prefixes_nothing_is_read_and_the_setting_is_named() {
    let error = refused(&[], "s3://bucket/team/a.yaml").await;
    assert_eq!(error, FetchError::NoPrefixes(account()));
    let told = error.to_string();
    assert!(
        told.contains("account 123456789012 has no template_prefixes"),
        "{told}"
    );
}

#[tokio::test]
async fn no_spelling_of_a_key_leaves_its_prefix() {
    for uri in [
        "s3://bucket/team/../secret",
        "s3://bucket/team/./a",
        "s3://bucket/team//a",
        "s3://bucket//team/a",
        "s3://bucket/team/a/",
        "s3://bucket/team/%2e%2e/secret",
        "s3://bucket/team/..%2fsecret",
        "s3://bucket/team/..\\secret",
        "s3://bucket/team/a?versionId=1",
        "s3://bucket/team/a#b",
        "s3://bucket/team/a\nb",
        "s3://bucket",
        "s3://bucket/",
        "s3:///team/a",
        "s3://b/team/a",
        "s3://user@bucket/team/a",
        "s3://bucket:80/team/a",
        "s3://bu..cket/team/a",
        "s3://Bucket/team/a",
        "s3n://bucket/team/a",
        "S3://bucket/team/a",
    ] {
        let error = refused(&["s3://bucket/team", "s3://bucket"], uri).await;
        assert!(matches!(error, FetchError::Uri(_)), "{uri} {error:?}");
    }
}

#[test]
fn a_prefix_names_a_bucket() {
    for text in [
        "",
        "bucket",
        "s3://",
        "s3:///a",
        "https://bucket/a",
        "s3://bucket/a//b",
        "s3://bucket/..",
    ] {
        assert!(text.parse::<Prefix>().is_err(), "{text}");
    }
}

#[test]
fn credentials_come_from_awss_variables_and_never_from_the_instance() {
    let of = |set: &'static [(&str, &str)]| {
        Access::of_environment(|name| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    assert!(matches!(of(&[]), Access::None));
    assert!(matches!(of(&[("AWS_ACCESS_KEY_ID", "a")]), Access::None));
    assert!(matches!(
        of(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]),
        Access::Key {
            session_token: None,
            ..
        }
    ));
    assert!(matches!(
        of(&[
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
            ("AWS_ROLE_ARN", "arn")
        ]),
        Access::WebIdentity { .. }
    ));
    assert!(matches!(
        of(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c")]),
        Access::ContainerPath { .. }
    ));
    assert!(matches!(
        of(&[
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "http://169.254.170.23/v1/credentials"
            ),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token")
        ]),
        Access::ContainerUrl { .. }
    ));
    let key = of(&[
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    assert!(!format!("{key:?}").contains("secret"));
}
