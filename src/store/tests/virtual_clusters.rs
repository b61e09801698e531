use super::*;
use crate::domain::virtual_cluster::{SchedulerConfiguration, SchedulerStatus, State};

fn all(limit: i64) -> Page {
    Page { after: None, limit }
}

#[sqlx::test]
async fn what_was_created_is_read_back(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let account = us().account;
    let read = bench.store.virtual_cluster(&account, &bench.place.id).await;
    assert_eq!(read.unwrap().as_ref(), Some(&bench.place));
    let theirs = caller("222222222222").account;
    let read = bench.store.virtual_cluster(&theirs, &bench.place.id).await;
    assert_eq!(read.unwrap(), None);
}

#[sqlx::test]
async fn a_known_token_gives_the_original_and_never_another(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let create = async |namespace: &str, token: &str, request: u8| {
        let new = new_virtual_cluster(namespace, token);
        bench
            .store
            .create_virtual_cluster(&us(), &new, &hash(request))
            .await
    };
    assert_eq!(create("team-a", "place", 1).await.unwrap(), bench.place);
    assert!(matches!(
        create("team-b", "place", 2).await,
        Err(CreateVirtualClusterError::TokenReused)
    ));
    assert!(matches!(
        create("team-a", "other", 1).await,
        Err(CreateVirtualClusterError::NamespaceTaken)
    ));
    let account = us().account;
    let by_token = bench
        .store
        .virtual_cluster_by_token(&account, "place", &hash(1))
        .await;
    assert_eq!(by_token.unwrap(), Some(bench.place.clone()));
    let reused = bench
        .store
        .virtual_cluster_by_token(&account, "place", &hash(2))
        .await;
    assert!(matches!(reused, Err(TokenError::Reused)));
}

#[sqlx::test]
async fn twins_of_one_request_give_one_virtual_cluster(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (caller, new) = (us(), new_virtual_cluster("twins", "twins"));
    let request_hash = hash(1);
    let create = || {
        bench
            .store
            .create_virtual_cluster(&caller, &new, &request_hash)
    };
    let (a, b, c, d) = tokio::join!(create(), create(), create(), create());
    let a = a.unwrap();
    for other in [b, c, d] {
        assert_eq!(other.unwrap(), a);
    }
}

#[sqlx::test]
async fn deletion_waits_for_the_last_run_and_frees_the_namespace(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let account = us().account;
    let delete = async || {
        bench
            .store
            .delete_virtual_cluster(&account, &bench.place.id)
            .await
            .unwrap()
    };
    bench.start("a").await;
    bench.start("b").await;
    assert_eq!(delete().await, Deletion::HasLiveRuns(2));
    bench
        .execute("UPDATE job_run SET state = 'COMPLETED', finished_at = now()")
        .await;
    assert_eq!(delete().await, Deletion::Deleted);
    assert_eq!(delete().await, Deletion::Deleted);
    let read = bench.store.virtual_cluster(&account, &bench.place.id).await;
    assert_eq!(read.unwrap().unwrap().state, State::Terminated);
    let unknown = bench
        .store
        .delete_virtual_cluster(&caller("222222222222").account, &bench.place.id)
        .await;
    assert_eq!(unknown.unwrap(), Deletion::Unknown);

    assert!(matches!(
        bench
            .try_start(&bench.place, "late", Timestamp::now())
            .await,
        Err(StartJobRunError::VirtualClusterNotRunning(
            State::Terminated
        ))
    ));
    bench
        .store
        .create_virtual_cluster(&us(), &new_virtual_cluster("team-a", "again"), &hash(1))
        .await
        .unwrap();
}

#[sqlx::test]
async fn lists_are_the_accounts_own_filtered_and_paged(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let mut ids = vec![bench.place.id.clone()];
    for namespace in ["b", "c", "d", "e"] {
        ids.push(bench.place("111111111111", namespace).await.id);
    }
    bench.place("222222222222", "theirs").await;
    bench
        .execute("UPDATE virtual_cluster SET created_at = '2026-01-01T00:00:00Z'")
        .await;
    bench
        .execute(
            "UPDATE virtual_cluster SET state = 'TERMINATED', terminated_at = now()
            WHERE namespace = 'c'",
        )
        .await;
    let account = us().account;
    let list = async |filter: &VirtualClusterFilter, page: &Page| {
        bench
            .store
            .list_virtual_clusters(&account, filter, page)
            .await
            .unwrap()
    };

    let mut listed = Vec::new();
    let mut page = all(2);
    loop {
        let found = list(&VirtualClusterFilter::default(), &page).await;
        let Some(last) = found.last() else { break };
        page.after = Some(Cursor {
            created_at: last.created_at,
            id: last.id.to_string(),
        });
        listed.extend(found.into_iter().map(|found| found.id));
    }
    ids.sort();
    ids.reverse();
    assert_eq!(listed, ids);

    let count = async |filter: VirtualClusterFilter| list(&filter, &all(100)).await.len();
    let day = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    let second = Duration::from_secs(1);
    assert_eq!(
        count(VirtualClusterFilter {
            states: vec![State::Running],
            ..Default::default()
        })
        .await,
        4
    );
    assert_eq!(
        count(VirtualClusterFilter {
            cluster: Some("other".into()),
            ..Default::default()
        })
        .await,
        0
    );
    assert_eq!(
        count(VirtualClusterFilter {
            cluster: Some("prod".into()),
            ..Default::default()
        })
        .await,
        5
    );
    assert_eq!(
        count(VirtualClusterFilter {
            created_after: Some(day),
            created_before: Some(day),
            ..Default::default()
        })
        .await,
        5
    );
    assert_eq!(
        count(VirtualClusterFilter {
            created_after: Some(day + second),
            ..Default::default()
        })
        .await,
        0
    );
    assert_eq!(
        count(VirtualClusterFilter {
            created_before: Some(day - second),
            ..Default::default()
        })
        .await,
        0
    );
}

fn limits(queue: i32, concurrent: i32) -> SchedulerConfiguration {
    SchedulerConfiguration {
        max_in_queue_job_runs: Some(queue),
        max_concurrent_job_runs: Some(concurrent),
    }
}

async fn update(
    bench: &Bench,
    scheduler: Option<SchedulerConfiguration>,
    client_token: &str,
    request: u8,
) -> Result<Option<SchedulerConfiguration>, UpdateVirtualClusterError> {
    let update = UpdateVirtualCluster {
        caller: &us(),
        id: &bench.place.id,
        scheduler,
        client_token,
        request_hash: &hash(request),
    };
    let updated = bench.store.update_virtual_cluster(&update).await?;
    let account = us().account;
    let read = bench.store.virtual_cluster(&account, &bench.place.id).await;
    assert_eq!(read?.as_ref(), Some(&updated));
    Ok(updated.scheduler)
}

#[sqlx::test]
async fn an_update_replaces_clears_or_leaves_the_limits(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let one = SchedulerConfiguration {
        max_in_queue_job_runs: Some(7),
        max_concurrent_job_runs: None,
    };
    let changed = update(&bench, Some(limits(3, 2)), "a", 1).await;
    assert_eq!(changed.unwrap(), Some(limits(3, 2)));
    let changed = update(&bench, Some(one), "b", 2).await;
    assert_eq!(changed.unwrap(), Some(one), "the whole object is replaced");
    let changed = update(&bench, None, "c", 3).await;
    assert_eq!(changed.unwrap(), Some(one));
    let changed = update(&bench, Some(SchedulerConfiguration::default()), "d", 4).await;
    assert_eq!(changed.unwrap(), None);
    let changed = update(&bench, None, "e", 5).await;
    assert_eq!(changed.unwrap(), None);
}

#[sqlx::test]
async fn an_update_is_made_once_for_a_token(pool: PgPool) {
    let bench = Bench::new(pool).await;
    update(&bench, Some(limits(1, 1)), "a", 1).await.unwrap();
    update(&bench, Some(limits(2, 2)), "b", 2).await.unwrap();
    let again = update(&bench, Some(limits(1, 1)), "a", 1).await;
    assert_eq!(again.unwrap(), Some(limits(2, 2)), "the present is told");
    let reused = update(&bench, Some(limits(9, 9)), "a", 9).await;
    assert!(matches!(
        reused,
        Err(UpdateVirtualClusterError::TokenReused)
    ));
    let other = bench.place("111111111111", "b").await;
    let elsewhere = UpdateVirtualCluster {
        caller: &us(),
        id: &other.id,
        scheduler: Some(limits(5, 5)),
        client_token: "a",
        request_hash: &hash(5),
    };
    let updated = bench.store.update_virtual_cluster(&elsewhere).await;
    assert_eq!(updated.unwrap().scheduler, Some(limits(5, 5)));
}

#[sqlx::test]
async fn only_a_running_virtual_cluster_of_the_account_is_updated(pool: PgPool) {
    let bench = Bench::new(pool).await;
    update(&bench, Some(limits(1, 1)), "a", 1).await.unwrap();
    let theirs = UpdateVirtualCluster {
        caller: &caller("222222222222"),
        id: &bench.place.id,
        scheduler: None,
        client_token: "a",
        request_hash: &hash(1),
    };
    assert!(matches!(
        bench.store.update_virtual_cluster(&theirs).await,
        Err(UpdateVirtualClusterError::Unknown)
    ));
    bench
        .execute("UPDATE virtual_cluster SET state = 'TERMINATED', terminated_at = now()")
        .await;
    assert!(matches!(
        update(&bench, None, "b", 2).await,
        Err(UpdateVirtualClusterError::NotRunning(State::Terminated))
    ));
    let again = update(&bench, Some(limits(1, 1)), "a", 1).await;
    assert_eq!(
        again.unwrap(),
        Some(limits(1, 1)),
        "a known token is answered"
    );
}

#[sqlx::test]
async fn the_status_counts_the_runs_that_are_not_over(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let other = bench.place("111111111111", "b").await;
    let idle = bench.place("222222222222", "c").await;
    for token in [
        "PENDING",
        "PENDING2",
        "SUBMITTED",
        "RUNNING",
        "CANCEL_PENDING",
        "COMPLETED",
    ] {
        bench.start(token).await;
    }
    bench.start_in(&other, "PENDING").await;
    bench
        .execute(
            "UPDATE virtual_cluster SET scheduler = '{\"max_in_queue_job_runs\": 9}'
            WHERE namespace <> 'c'",
        )
        .await;
    bench
        .execute(
            "UPDATE job_run SET state = client_token::job_run_state,
                finished_at = CASE WHEN client_token = 'COMPLETED' THEN now() END
            WHERE client_token <> 'PENDING2'",
        )
        .await;
    let ids = [&bench.place.id, &other.id, &idle.id].map(ToString::to_string);
    let status = bench.store.scheduler_status(&ids).await.unwrap();
    let status_of = |in_queue, concurrent| SchedulerStatus {
        in_queue,
        concurrent,
    };
    assert_eq!(
        status,
        BTreeMap::from([
            (bench.place.id.clone(), status_of(3, 1)),
            (other.id.clone(), status_of(1, 0)),
        ])
    );
}
