//! Templates from a real S3 server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use firesteel::domain::ids::AccountId;
use firesteel::fetch::{FetchError, Fetcher, S3Access, Settings, SystemResolver};

use crate::harness::s3::S3Server;

const TEMPLATE: &str = "spec: {priorityClassName: secret-of-the-team}";

fn account(text: &str) -> AccountId {
    AccountId::parse(text).unwrap()
}

fn fetcher(s3: &S3Server, change: impl FnOnce(&mut Settings)) -> Fetcher {
    let prefixes = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
    let mut settings = Settings {
        prefixes: BTreeMap::from([
            (account("111111111111"), prefixes(&["s3://templates/team"])),
            (
                account("222222222222"),
                prefixes(&["s3://templates/", "s3://nobucket"]),
            ),
        ]),
        s3: s3.settings(),
        max_bytes: 1024,
        timeout: Duration::from_secs(20),
        ..Settings::default()
    };
    change(&mut settings);
    Fetcher::new(settings, Arc::new(SystemResolver::default())).unwrap()
}

#[tokio::test]
async fn each_account_reads_below_its_own_prefixes() {
    let s3 = S3Server::start();
    s3.put("team/a.yaml", TEMPLATE).await;
    s3.put("team/deep/a b+ä.yaml", TEMPLATE).await;
    s3.put("team2/a.yaml", TEMPLATE).await;
    s3.put("team/longest", vec![b'x'; 1024]).await;
    s3.put("team/longer", vec![b'x'; 1025]).await;
    s3.put("team/bytes", b"\xff\xfesecret".to_vec()).await;
    let fetcher = fetcher(&s3, |_| {});
    let (team, all) = (account("111111111111"), account("222222222222"));
    for uri in [
        "s3://templates/team/a.yaml",
        "s3a://templates/team/deep/a b+ä.yaml",
    ] {
        assert_eq!(fetcher.s3(&team, uri).await.unwrap(), TEMPLATE);
    }
    let others = "s3://templates/team2/a.yaml";
    assert_eq!(fetcher.s3(&all, others).await.unwrap(), TEMPLATE);
    let longest = fetcher.s3(&team, "s3://templates/team/longest").await;
    assert_eq!(longest.unwrap().len(), 1024);

    let nobody = account("333333333333");
    for (account, uri, error) in [
        (&team, others, FetchError::OutsidePrefixes(team.clone())),
        (
            &nobody,
            "s3://templates/team/a.yaml",
            FetchError::NoPrefixes(nobody.clone()),
        ),
        (&team, "s3://templates/team/none.yaml", FetchError::Missing),
        (&all, "s3://nobucket/a.yaml", FetchError::Missing),
        (
            &team,
            "s3://templates/team/longer",
            FetchError::TooLarge(1024),
        ),
        (&team, "s3://templates/team/bytes", FetchError::NotText),
    ] {
        assert_eq!(fetcher.s3(account, uri).await.unwrap_err(), error, "{uri}");
        assert!(!error.to_string().contains("secret"));
        assert!(!error.may_pass(), "{uri}");
    }
}

#[tokio::test]
async fn who_s3_does_not_know_is_denied_and_a_silent_s3_is_waited_for() {
    let s3 = S3Server::start();
    s3.put("team/a.yaml", TEMPLATE).await;
    let team = account("111111111111");
    let uri = "s3://templates/team/a.yaml";
    let wrong = fetcher(&s3, |settings| {
        settings.s3.access = S3Access::Key {
            id: "firesteel-tests".to_owned(),
            secret: "wrong".to_owned(),
            session_token: None,
        };
    });
    assert_eq!(wrong.s3(&team, uri).await, Err(FetchError::Denied));
    let gone = fetcher(&s3, |settings| settings.timeout = Duration::from_secs(2));
    drop(s3);
    let error = gone.s3(&team, uri).await.unwrap_err();
    assert!(error.may_pass(), "{error:?}");
}
