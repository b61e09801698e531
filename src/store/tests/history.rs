//! What a call costs does not depend on how many runs have ended, and a filter finds just what it says.

use jiff::SignedDuration;
use jiff_sqlx::ToSqlx as _;

use super::*;
use crate::domain::job_run::State;

const NAMES: [Option<&str>; 3] = [None, Some("hourly"), Some("nightly")];

/// A run as far as lists can tell.
struct Past {
    id: JobRunId,
    created_at: Timestamp,
    name: Option<&'static str>,
    state: State,
}

/// Runs of the virtual cluster, oldest first, `apart` from each other.
async fn insert(
    bench: &Bench,
    count: usize,
    apart: SignedDuration,
    state: impl Fn(usize) -> State,
) -> Vec<Past> {
    let mut now = at(0);
    let mut past = Vec::new();
    for number in 0..count {
        // Some are of one millisecond.
        if number % 3 != 0 {
            now += apart;
        }
        past.push(Past {
            id: JobRunId::random(now),
            created_at: now,
            name: NAMES[number / 2 % NAMES.len()],
            state: state(number),
        });
    }
    past.sort_by(|a, b| a.id.cmp(&b.id));
    past.dedup_by(|a, b| a.id == b.id);
    let column = |of: fn(&Past) -> String| past.iter().map(of).collect::<Vec<_>>();
    let times: Vec<_> = past.iter().map(|run| run.created_at.to_sqlx()).collect();
    sqlx::query(
        "INSERT INTO job_run (id, account, virtual_cluster, cluster, namespace, name, client_token,
            request_hash, release_label, driver, tags, created_by, created_at, state,
            failure_reason, finished_at)
        SELECT run.id, $1, $2, 'prod', $3, nullif(run.name, ''), run.id, sha256('x'), '', $4, '{}',
            '', run.at, run.state::job_run_state,
            CASE run.state WHEN 'FAILED' THEN 'USER_ERROR' END,
            CASE WHEN run.state::job_run_state >= 'COMPLETED' THEN run.at END
        FROM unnest($5::text[], $6::text[], $7::text[], $8::timestamptz[])
            AS run (id, name, state, at)",
    )
    .bind(us().account.as_str())
    .bind(bench.place.id.as_str())
    .bind(&bench.place.namespace)
    .bind(sqlx::types::Json(
        &new_job_run(&bench.place.id, "past").driver,
    ))
    .bind(column(|run| run.id.to_string()))
    .bind(column(|run| run.name.unwrap_or_default().to_owned()))
    .bind(column(|run| run.state.to_string()))
    .bind(times)
    .execute(&bench.pool)
    .await
    .unwrap();
    past
}

/// The whole list, page by page.
async fn list(bench: &Bench, filter: &JobRunFilter) -> Vec<JobRunId> {
    let mut listed: Vec<JobRun> = Vec::new();
    loop {
        let page = Page {
            after: listed.last().map(|last| Cursor {
                created_at: last.created_at,
                id: last.id.to_string(),
            }),
            limit: 7,
        };
        let (account, place) = (&us().account, &bench.place.id);
        let found = bench.store.list_job_runs(account, place, filter, &page);
        let found = found.await.unwrap();
        if found.is_empty() {
            return listed.into_iter().map(|run| run.id).collect();
        }
        listed.extend(found);
    }
}

#[sqlx::test]
async fn every_combination_of_filters_finds_what_it_says(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let apart = SignedDuration::from_millis(1);
    let past = insert(&bench, 120, apart, |number| {
        State::ALL[number * 5 % 11 % State::ALL.len()]
    });
    let past = past.await;
    // Another's runs are in no list of ours.
    let elsewhere = bench.place("222222222222", "team-b").await;
    bench.start_in(&elsewhere, "elsewhere").await;

    let mut states: Vec<Vec<State>> = State::ALL.iter().map(|&state| vec![state]).collect();
    states.push(Vec::new());
    states.push(State::ALL.to_vec());
    states.push(State::ALL[..4].to_vec());
    states.push(vec![State::Failed, State::Completed, State::Failed]);
    let (middle, within) = (past[60].created_at, SignedDuration::from_micros(1));
    let times = [
        None,
        Some(middle),
        Some(middle + within),
        Some(middle - within),
    ];
    for name in [None, NAMES[1], NAMES[2], Some("none has it")] {
        for states in &states {
            for created_after in times {
                for created_before in times {
                    let filter = JobRunFilter {
                        name: name.map(str::to_owned),
                        states: states.clone(),
                        created_after,
                        created_before,
                    };
                    let expected: Vec<_> = past
                        .iter()
                        .rev()
                        .filter(|run| name.is_none() || run.name == name)
                        .filter(|run| states.is_empty() || states.contains(&run.state))
                        .filter(|run| created_after.is_none_or(|after| run.created_at >= after))
                        .filter(|run| created_before.is_none_or(|before| run.created_at <= before))
                        .map(|run| run.id.clone())
                        .collect();
                    assert_eq!(list(&bench, &filter).await, expected, "{filter:?}");
                }
            }
        }
    }
}

/// Scans of whole tables, and index entries read, so far.
async fn read(pool: &PgPool) -> (i64, i64) {
    sqlx::query("SELECT pg_stat_force_next_flush()")
        .execute(pool)
        .await
        .unwrap();
    sqlx::query_as(
        "SELECT
            (SELECT sum(seq_scan)::bigint FROM pg_stat_user_tables WHERE relname LIKE 'job\\_run%'),
            (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname LIKE 'job\\_run%')",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[sqlx::test]
async fn no_call_reads_the_runs_that_have_ended(pool: PgPool) {
    let apart = SignedDuration::from_secs(60);
    let bench = Bench::new(pool.clone()).await;
    let past = insert(&bench, 5_000, apart, |_| State::Completed).await;
    // Each with an attempt, whose event is told by itself.
    let statements = "INSERT INTO job_run_attempt (run, number, driver_name, cluster_identity)
        SELECT id, 1, 'driver', 'cluster' FROM job_run; ANALYZE";
    sqlx::raw_sql(statements).execute(&pool).await.unwrap();
    // A statement that was prepared is planned once for all arguments, or for each anew.
    for plans in ["force_generic_plan", "force_custom_plan"] {
        let options = (*pool.connect_options()).clone();
        // What one connection read is told by it alone.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options.options([("plan_cache_mode", plans)]));
        let bench = Bench {
            store: Store::from_pool(pool.clone()),
            pool: pool.clone(),
            place: existing(&pool).await,
        };
        lists_read_a_page(&bench, &past, plans).await;
        calls_read_their_run(&bench, &past, plans).await;
    }
}

async fn existing(pool: &PgPool) -> VirtualCluster {
    let store = Store::from_pool(pool.clone());
    let page = Page {
        after: None,
        limit: 1,
    };
    let filter = VirtualClusterFilter::default();
    let account = us().account;
    let found = store.list_virtual_clusters(&account, &filter, &page);
    found.await.unwrap().remove(0)
}

async fn lists_read_a_page(bench: &Bench, past: &[Past], plans: &str) {
    let some = JobRunFilter::default;
    let middle = past[past.len() / 2].created_at;
    let filters = [
        some(),
        JobRunFilter {
            states: vec![State::Failed],
            ..some()
        },
        JobRunFilter {
            states: State::ALL[..4].to_vec(),
            created_after: Some(at(0)),
            ..some()
        },
        JobRunFilter {
            name: NAMES[1].map(str::to_owned),
            states: vec![State::Cancelled, State::Failed],
            ..some()
        },
        JobRunFilter {
            name: Some("none has it".to_owned()),
            ..some()
        },
        JobRunFilter {
            name: NAMES[2].map(str::to_owned),
            created_before: Some(middle),
            ..some()
        },
        JobRunFilter {
            created_after: Some(middle),
            created_before: Some(middle),
            ..some()
        },
    ];
    let deep = Cursor {
        created_at: past[100].created_at,
        id: past[100].id.to_string(),
    };
    for filter in filters {
        for after in [None, Some(deep.clone())] {
            let page = Page { after, limit: 17 };
            let (account, place) = (&us().account, &bench.place.id);
            let before = read(&bench.pool).await;
            let listed = bench.store.list_job_runs(account, place, &filter, &page);
            listed.await.unwrap();
            reads_little(bench, before, &format!("{plans}, {filter:?}, {page:?}")).await;
        }
    }
}

async fn calls_read_their_run(bench: &Bench, past: &[Past], plans: &str) {
    let (account, place, store) = (us().account, &bench.place.id, &bench.store);
    let old = &past[2_000].id;
    let before = read(&bench.pool).await;
    store.job_run(&account, place, old).await.unwrap().unwrap();
    reads_little(bench, before, &format!("{plans}, DescribeJobRun")).await;

    let before = read(&bench.pool).await;
    store.attempts_of(old).await.unwrap();
    store.progress(std::slice::from_ref(old)).await.unwrap();
    store.attempt_counts(&[old.to_string()]).await.unwrap();
    reads_little(bench, before, &format!("{plans}, the story")).await;

    let before = read(&bench.pool).await;
    let run = bench.start(plans).await;
    let again = bench.start(plans).await;
    assert_eq!(run.id, again.id);
    reads_little(bench, before, &format!("{plans}, StartJobRun twice")).await;

    let before = read(&bench.pool).await;
    let lease = bench.claim_one().await;
    store.load(&lease).await.unwrap();
    store.due_in(&prod(), None).await.unwrap();
    reads_little(bench, before, &format!("{plans}, a claim")).await;

    let before = read(&bench.pool).await;
    let cancelled = store.cancel_job_run(&account, place, &run.id).await;
    assert_eq!(cancelled.unwrap(), Cancellation::Accepted);
    let refused = store.cancel_job_run(&account, place, old).await;
    assert_ne!(refused.unwrap(), Cancellation::Accepted);
    reads_little(bench, before, &format!("{plans}, CancelJobRun")).await;

    let before = read(&bench.pool).await;
    assert_eq!(store.delete_old_runs(at(600), 3).await.unwrap(), 3);
    reads_little(bench, before, &format!("{plans}, retention")).await;
}

async fn reads_little(bench: &Bench, before: (i64, i64), what: &str) {
    let after = read(&bench.pool).await;
    assert_eq!(after.0 - before.0, 0, "{what}: a whole table was read");
    let entries = after.1 - before.1;
    assert!(entries < 200, "{what}: {entries} index entries were read");
}
