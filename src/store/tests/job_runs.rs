use super::*;
use crate::domain::configuration::{ConfigurationOverrides, MonitoringConfiguration, S3Logs};
use crate::domain::job_run::State;

fn ids(runs: &[JobRun]) -> Vec<JobRunId> {
    runs.iter().map(|run| run.id.clone()).collect()
}

#[sqlx::test]
async fn what_was_started_is_read_back_and_due(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let mut new = new_job_run(&bench.place.id, "a");
    new.overrides = Some(ConfigurationOverrides {
        application_configuration: None,
        monitoring: Some(MonitoringConfiguration {
            s3: Some(S3Logs {
                log_uri: "s3://logs".to_owned(),
                encryption_key_arn: None,
            }),
            ..Default::default()
        }),
    });
    let run = bench
        .store
        .start_job_run(&StartJobRun {
            caller: &us(),
            virtual_cluster: &bench.place,
            new: &new,
            request_hash: &hash(1),
            now: Timestamp::new(1_700_000_000, 123_456_789).unwrap(),
            queue_timeout: Duration::ZERO,
        })
        .await
        .unwrap();
    assert_eq!(run.state, State::Pending);
    assert_eq!(
        run.created_at,
        Timestamp::new(1_700_000_000, 123_000_000).unwrap()
    );
    assert_eq!(run.created_by, us().arn);
    assert_eq!(bench.run(&run.id).await, run);
    assert!(bench.is_due(&run.id).await);

    let theirs = caller("222222222222").account;
    let hidden = bench.store.job_run(&theirs, &bench.place.id, &run.id).await;
    assert_eq!(hidden.unwrap(), None);
}

#[sqlx::test]
async fn a_known_token_gives_the_original_run_whatever_became_of_it(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start("a").await;
    bench
        .execute(
            "UPDATE job_run SET state = 'FAILED', finished_at = now(), failure_reason = 'USER_ERROR'",
        )
        .await;
    bench.execute("DELETE FROM work").await;
    let place = &bench.place;
    let deleted = bench
        .store
        .delete_virtual_cluster(&us().account, &place.id)
        .await;
    assert_eq!(deleted.unwrap(), Deletion::Deleted);

    let again = bench.start("a").await;
    assert_eq!((again.id, again.state), (run.id.clone(), State::Failed));

    let reused = bench
        .store
        .start_job_run(&StartJobRun {
            caller: &us(),
            virtual_cluster: place,
            new: &new_job_run(&place.id, "a"),
            request_hash: &hash(2),
            now: Timestamp::now(),
            queue_timeout: Duration::ZERO,
        })
        .await;
    assert!(matches!(reused, Err(StartJobRunError::TokenReused)));
    let by_token = bench
        .store
        .job_run_by_token(&us().account, &place.id, "a", &hash(1))
        .await;
    assert_eq!(by_token.unwrap().unwrap().id, run.id);
}

#[sqlx::test]
async fn a_token_belongs_to_its_virtual_cluster(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let other = bench.place("111111111111", "team-b").await;
    let here = bench.start("a").await;
    let there = bench.start_in(&other, "a").await;
    assert_ne!(here.id, there.id);
}

#[sqlx::test]
async fn a_colliding_id_is_drawn_again(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let now = at(0);
    let first = bench.try_start(&bench.place, "first", now).await.unwrap();
    // Half of the ids of this millisecond are taken.
    sqlx::query(
        "INSERT INTO job_run (id, account, virtual_cluster, cluster, namespace, client_token,
            request_hash, release_label, driver, tags, created_by, created_at)
        SELECT taken.id, account, virtual_cluster, cluster, namespace, taken.id, request_hash,
            release_label, driver, tags, created_by, created_at
        FROM job_run, LATERAL (
            SELECT left(job_run.id, 16) || a || b || c AS id
            FROM regexp_split_to_table('0123456789abcdefghijklmnopqrstuv', '') AS a,
                regexp_split_to_table('0123456789abcdefghijklmnopqrstuv', '') AS b,
                regexp_split_to_table('0123456789abcdefghijklmnopqrstuv', '') AS c
        ) AS taken
        ON CONFLICT (id) DO NOTHING",
    )
    .execute(&bench.pool)
    .await
    .unwrap();
    let mut seen = vec![first.id];
    for token in 0..20 {
        let run = bench
            .try_start(&bench.place, &format!("t{token}"), now)
            .await
            .unwrap();
        assert!(!seen.contains(&run.id));
        seen.push(run.id);
    }
    // So are those of many that go together.
    let tokens: Vec<_> = (0..20).map(|token| format!("together{token}")).collect();
    let starts = tokens
        .iter()
        .map(|token| bench.try_start(&bench.place, token, now));
    for started in futures::future::join_all(starts).await {
        let id = started.unwrap().id;
        assert!(!seen.contains(&id));
        seen.push(id);
    }
}

#[sqlx::test]
async fn pages_have_no_gap_and_no_duplicate_where_times_are_equal(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let mut started = Vec::new();
    for number in 0..11 {
        // Four of one millisecond each.
        let now = at(number / 4);
        let run = bench
            .try_start(&bench.place, &format!("t{number}"), now)
            .await;
        started.push(run.unwrap());
    }
    started.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    for limit in 1..=4 {
        let mut listed = Vec::new();
        let mut page = Page { after: None, limit };
        loop {
            let found = bench
                .store
                .list_job_runs(
                    &us().account,
                    &bench.place.id,
                    &JobRunFilter::default(),
                    &page,
                )
                .await
                .unwrap();
            let Some(last) = found.last() else { break };
            page.after = Some(Cursor {
                created_at: last.created_at,
                id: last.id.to_string(),
            });
            listed.extend(found);
            // A run that starts meanwhile belongs before the first page.
            bench.start(&format!("later-{}", listed.len())).await;
        }
        bench.execute("DELETE FROM work WHERE true").await;
        bench
            .execute("DELETE FROM job_run WHERE client_token LIKE 'later-%'")
            .await;
        assert_eq!(ids(&listed), ids(&started), "pages of {limit}");
    }
}

#[sqlx::test]
async fn lists_are_filtered(pool: PgPool) {
    let bench = Bench::new(pool).await;
    for (token, second) in [("a", 0), ("b", 10), ("c", 20)] {
        bench
            .try_start(&bench.place, token, at(second))
            .await
            .unwrap();
    }
    bench
        .execute("UPDATE job_run SET name = 'other' WHERE client_token = 'b'")
        .await;
    bench
        .execute("UPDATE job_run SET state = 'RUNNING' WHERE client_token = 'c'")
        .await;
    let tokens = async |filter: JobRunFilter| {
        let page = Page {
            after: None,
            limit: 100,
        };
        let runs = bench
            .store
            .list_job_runs(&us().account, &bench.place.id, &filter, &page)
            .await
            .unwrap();
        runs.into_iter()
            .map(|run| run.client_token)
            .collect::<String>()
    };
    let filter = JobRunFilter::default;
    assert_eq!(tokens(filter()).await, "cba");
    assert_eq!(
        tokens(JobRunFilter {
            name: Some("other".into()),
            ..filter()
        })
        .await,
        "b"
    );
    assert_eq!(
        tokens(JobRunFilter {
            states: vec![State::Running, State::Failed],
            ..filter()
        })
        .await,
        "c"
    );
    assert_eq!(
        tokens(JobRunFilter {
            created_after: Some(at(10)),
            ..filter()
        })
        .await,
        "cb"
    );
    assert_eq!(
        tokens(JobRunFilter {
            created_before: Some(at(10)),
            ..filter()
        })
        .await,
        "ba"
    );
}

#[sqlx::test]
async fn a_cancelled_run_is_marked_once_and_woken(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start("a").await;
    let lease = bench.claim_one().await;
    bench
        .store
        .release(&lease, Duration::from_secs(600), Some("Waiting for room."))
        .await
        .unwrap();
    assert!(!bench.is_due(&run.id).await);
    let cancel = async |account: &AccountId, id: &JobRunId| {
        bench
            .store
            .cancel_job_run(account, &bench.place.id, id)
            .await
            .unwrap()
    };
    let ours = us().account;
    assert_eq!(
        cancel(&caller("222222222222").account, &run.id).await,
        Cancellation::Unknown
    );
    assert_eq!(
        cancel(&ours, &JobRunId::random(at(0))).await,
        Cancellation::Unknown
    );
    assert_eq!(cancel(&ours, &run.id).await, Cancellation::Accepted);
    let marked = bench.run(&run.id).await;
    assert_eq!(
        (marked.state, marked.state_details),
        (State::CancelPending, None)
    );
    assert!(bench.is_due(&run.id).await);
    assert_eq!(
        cancel(&ours, &run.id).await,
        Cancellation::NotCancellable(State::CancelPending)
    );
    bench
        .execute("UPDATE job_run SET state = 'CANCELLED', finished_at = now()")
        .await;
    assert_eq!(
        cancel(&ours, &run.id).await,
        Cancellation::NotCancellable(State::Cancelled)
    );
}
