//! Tags: of every kind of resource, of one's own alone, never more than fifty, and in nobody's way.

use super::races::hold;
use super::*;
use crate::domain::arn::Resource;
use crate::domain::ids::{JobTemplateId, SecurityConfigurationId};
use crate::domain::job_run::State;
use crate::domain::job_run::decide::Finish;
use crate::domain::tags::{MAX_TAGS, Tags};

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn numbered(numbers: std::ops::Range<usize>) -> Tags {
    numbers
        .map(|number| (number.to_string(), String::new()))
        .collect()
}

/// One resource of each kind, without tags.
async fn one_of_each(bench: &Bench) -> [Resource; 4] {
    let run = bench.start("a").await;
    let template = JobTemplateId::random();
    let configuration = SecurityConfigurationId::random();
    sqlx::query(
        "INSERT INTO job_template (id, account, name, client_token, request_hash, data, tags,
            created_by, created_at)
        SELECT $1, account, 'a', 'a', request_hash, '{}', '{}', 'me', now() FROM virtual_cluster",
    )
    .bind(template.as_str())
    .execute(&bench.pool)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO security_configuration (id, account, name, client_token, request_hash, data,
            tags, created_by, created_at)
        SELECT $1, account, 'a', 'a', request_hash, '{}', '{}', 'me', now() FROM virtual_cluster",
    )
    .bind(configuration.as_str())
    .execute(&bench.pool)
    .await
    .unwrap();
    bench
        .execute("UPDATE virtual_cluster SET tags = '{}'")
        .await;
    [
        Resource::VirtualCluster(bench.place.id.clone()),
        Resource::JobRun(bench.place.id.clone(), run.id),
        Resource::JobTemplate(template),
        Resource::SecurityConfiguration(configuration),
    ]
}

#[sqlx::test]
async fn tags_come_change_and_go(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (store, account) = (&bench.store, us().account);
    for resource in one_of_each(&bench).await {
        let read = async || store.tags(&account, &resource).await.unwrap().unwrap();
        assert_eq!(read().await, tags(&[]), "{resource:?}");
        let first = tags(&[("a", "1"), ("b", "")]);
        let done = store.tag(&account, &resource, &first).await.unwrap();
        assert_eq!(done, Tagging::Done);
        let second = tags(&[("b", "2"), ("c d", "é")]);
        let done = store.tag(&account, &resource, &second).await.unwrap();
        assert_eq!(done, Tagging::Done);
        assert_eq!(read().await, tags(&[("a", "1"), ("b", "2"), ("c d", "é")]));
        let keys = ["a", "absent", "c d"].map(str::to_owned);
        store.untag(&account, &resource, &keys).await.unwrap();
        store.untag(&account, &resource, &keys).await.unwrap();
        store.untag(&account, &resource, &[]).await.unwrap();
        assert_eq!(read().await, tags(&[("b", "2")]));
    }
}

#[sqlx::test]
async fn what_is_not_the_accounts_has_no_tags_for_it(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let [cluster, run, template, configuration] = one_of_each(&bench).await;
    let (store, ours, theirs) = (&bench.store, us().account, caller("222222222222").account);
    let keys = ["a".to_owned()];
    let Resource::JobRun(_, run_id) = &run else {
        panic!("no run")
    };
    let elsewhere = Resource::JobRun(VirtualClusterId::random(), run_id.clone());
    let nobodys = Resource::VirtualCluster(VirtualClusterId::random());
    for resource in [&cluster, &run, &template, &configuration] {
        let done = store.tag(&ours, resource, &tags(&[("a", "1")])).await;
        assert_eq!(done.unwrap(), Tagging::Done);
    }
    for (account, resource) in [
        (&theirs, &cluster),
        (&theirs, &run),
        (&theirs, &template),
        (&theirs, &configuration),
        (&ours, &elsewhere),
        (&ours, &nobodys),
    ] {
        assert_eq!(store.tags(account, resource).await.unwrap(), None);
        let done = store.tag(account, resource, &tags(&[("b", "")])).await;
        assert_eq!(done.unwrap(), Tagging::Unknown);
        store.untag(account, resource, &keys).await.unwrap();
    }
    for resource in [&cluster, &run, &template, &configuration] {
        let kept = store.tags(&ours, resource).await.unwrap();
        assert_eq!(kept, Some(tags(&[("a", "1")])));
    }
    bench
        .execute("UPDATE security_configuration SET deleted_at = now()")
        .await;
    let gone = store.tags(&ours, &configuration).await.unwrap();
    assert_eq!(gone, None);
    let done = store.tag(&ours, &configuration, &tags(&[("b", "")])).await;
    assert_eq!(done.unwrap(), Tagging::Unknown);
}

#[sqlx::test]
async fn fifty_tags_are_the_most_and_one_too_many_changes_nothing(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (store, account) = (&bench.store, us().account);
    for resource in one_of_each(&bench).await {
        let tag = async |tags: Tags| store.tag(&account, &resource, &tags).await.unwrap();
        assert_eq!(tag(numbered(0..MAX_TAGS - 1)).await, Tagging::Done);
        assert_eq!(tag(numbered(48..51)).await, Tagging::TooMany);
        let kept = store.tags(&account, &resource).await.unwrap().unwrap();
        assert_eq!(kept, numbered(0..MAX_TAGS - 1), "{resource:?}");
        assert_eq!(tag(numbered(40..MAX_TAGS)).await, Tagging::Done);
        assert_eq!(tag(tags(&[("0", "new")])).await, Tagging::Done);
    }
}

#[sqlx::test]
async fn changes_at_once_lose_nothing_and_do_not_exceed_the_most(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (store, account) = (&bench.store, us().account);
    let [cluster, ..] = one_of_each(&bench).await;
    let done = store
        .tag(&account, &cluster, &numbered(0..MAX_TAGS - 2))
        .await;
    assert_eq!(done.unwrap(), Tagging::Done);
    // All have read the row before one of them may write it.
    let gate = hold(&bench, "UPDATE virtual_cluster SET name = 'b'").await;
    let open = async {
        bench.until_waiting(3).await;
        gate.commit().await.unwrap();
    };
    let [x, y, z] = ["x", "y", "z"].map(|key| tags(&[(key, "")]));
    let (x, y, z, ()) = tokio::join!(
        store.tag(&account, &cluster, &x),
        store.tag(&account, &cluster, &y),
        store.tag(&account, &cluster, &z),
        open
    );
    let outcomes = [x.unwrap(), y.unwrap(), z.unwrap()];
    let count = |wanted| outcomes.iter().filter(|found| **found == wanted).count();
    assert_eq!((count(Tagging::Done), count(Tagging::TooMany)), (2, 1));
    let kept = store.tags(&account, &cluster).await.unwrap().unwrap();
    assert_eq!(kept.len(), MAX_TAGS);
}

#[sqlx::test]
async fn a_change_of_tags_is_not_in_the_way_of_a_runs_end(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let tagged = hold(&bench, "UPDATE job_run SET tags = tags || '{\"a\": \"1\"}'").await;
    let commit = async {
        bench.until_waiting(1).await;
        tagged.commit().await.unwrap();
    };
    let end = Finish {
        state: State::Completed,
        reason: None,
        fault: None,
        details: "JobRun completed successfully.".to_owned(),
    };
    let store = &bench.store;
    let (finished, ()) = tokio::join!(
        store.finish(&lease, Some(1), State::Pending, &end, at(9)),
        commit
    );
    assert_eq!(finished.unwrap(), Change::Done);
    // Nor is the end in theirs.
    let account = us().account;
    let resource = Resource::JobRun(bench.place.id.clone(), run.id.clone());
    let done = store.tag(&account, &resource, &tags(&[("b", "2")])).await;
    assert_eq!(done.unwrap(), Tagging::Done);
    let run = bench.run(&run.id).await;
    assert_eq!(run.state, State::Completed);
    assert_eq!(run.tags, tags(&[("a", "1"), ("b", "2")]));
}

#[sqlx::test]
async fn a_virtual_cluster_that_ended_still_has_tags(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (store, account) = (&bench.store, us().account);
    let deleted = store
        .delete_virtual_cluster(&account, &bench.place.id)
        .await;
    assert_eq!(deleted.unwrap(), Deletion::Deleted);
    let resource = Resource::VirtualCluster(bench.place.id.clone());
    let done = store.tag(&account, &resource, &tags(&[("a", "1")])).await;
    assert_eq!(done.unwrap(), Tagging::Done);
}

#[sqlx::test]
async fn a_change_of_tags_touches_no_index(pool: PgPool) {
    let indexed: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_index
        JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
        WHERE attname = 'tags'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(indexed, 0, "an update of tags alone can stay on its page");
    let options: Vec<String> =
        sqlx::query_scalar("SELECT reloptions FROM pg_class WHERE oid = 'job_run'::regclass")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(options.contains(&"fillfactor=85".to_owned()));
}
