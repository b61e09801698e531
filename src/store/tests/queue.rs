//! Claims: everybody's turn comes, nobody gets what another holds.

use std::collections::HashSet;

use super::*;
use crate::domain::job_run::State;

async fn pairs(bench: &Bench, leases: &[Lease]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for lease in leases {
        let (account, namespace): (String, String) =
            sqlx::query_as("SELECT account, namespace FROM job_run WHERE id = $1")
                .bind(lease.run.as_str())
                .fetch_one(&bench.pool)
                .await
                .unwrap();
        pairs.push((account, namespace));
    }
    pairs
}

#[sqlx::test]
async fn two_claims_at_once_get_different_runs(pool: PgPool) {
    let bench = Bench::new(pool).await;
    for number in 0..30 {
        bench.start(&number.to_string()).await;
    }
    let mut taken = Vec::new();
    while taken.len() < 30 {
        let (a, b, c) = tokio::join!(bench.claim(4), bench.claim(4), bench.claim(4));
        assert_ne!(a.len() + b.len() + c.len(), 0);
        for lease in a.into_iter().chain(b).chain(c) {
            taken.push((lease.run, lease.token));
        }
    }
    let runs: HashSet<_> = taken.iter().map(|(run, _)| run).collect();
    assert_eq!(runs.len(), 30);
    assert!(bench.claim(4).await.is_empty());
}

#[sqlx::test]
async fn a_claim_takes_what_another_claim_leaves(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let first = bench.start("first").await;
    let second = bench.start("second").await;
    let mut claiming = bench.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM work WHERE run = $1 FOR UPDATE")
        .bind(first.id.as_str())
        .execute(&mut *claiming)
        .await
        .unwrap();
    assert_eq!(bench.claim_one().await.run, second.id);
    drop(claiming);
}

#[sqlx::test]
async fn accounts_take_turns_and_within_them_virtual_clusters(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let crowd = bench.place("222222222222", "crowd").await;
    let second = bench.place("222222222222", "second").await;
    let third = bench.place("333333333333", "third").await;
    for number in 0..40 {
        bench.start_in(&crowd, &number.to_string()).await;
    }
    for number in 0..3 {
        bench.start_in(&second, &number.to_string()).await;
    }
    for number in 0..4 {
        bench.start_in(&third, &number.to_string()).await;
    }
    bench.start("only").await;

    let first = bench.claim(3).await;
    let accounts: HashSet<String> = pairs(&bench, &first)
        .await
        .into_iter()
        .map(|p| p.0)
        .collect();
    assert_eq!(accounts.len(), 3, "each account has a turn");

    let more = bench.claim(9).await;
    let namespaces: Vec<String> = pairs(&bench, &more)
        .await
        .into_iter()
        .map(|p| p.1)
        .collect();
    let of = |namespace: &str| namespaces.iter().filter(|n| *n == namespace).count();
    assert_eq!(of("third"), 3, "all that is left of the third account");
    assert_eq!(
        of("second"),
        3,
        "the small virtual cluster is not behind the crowd"
    );
    assert_eq!(of("crowd"), 3);
}

#[sqlx::test]
async fn the_longest_due_comes_first(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let newer = bench.start("newer").await;
    let older = bench.start("older").await;
    sqlx::query("UPDATE work SET due_at = now() - interval '1 h' WHERE run = $1")
        .bind(older.id.as_str())
        .execute(&bench.pool)
        .await
        .unwrap();
    assert_eq!(bench.claim_one().await.run, older.id);
    assert_eq!(bench.claim_one().await.run, newer.id);
}

#[sqlx::test]
async fn a_lease_that_ran_out_is_taken_by_another_under_a_new_token(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    let first = bench.claim_one().await;
    assert!(bench.claim(1).await.is_empty());
    bench.expire_leases().await;
    let second = bench.claim_one().await;
    assert_eq!(first.run, second.run);
    assert_ne!(first.token, second.token);
    assert!(matches!(
        bench.store.load(&first).await,
        Err(LeaseError::Lost)
    ));
    assert!(bench.store.load(&second).await.is_ok());
}

#[sqlx::test]
async fn a_run_bound_to_a_host_is_for_that_host(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    let store = &bench.store;
    let lease = store
        .claim(&prod(), Some("one"), 1, LEASE)
        .await
        .unwrap()
        .remove(0);
    store
        .begin_create(&lease, 1, "driver", "cluster", Some("one"))
        .await
        .unwrap();
    store.give_back(&[lease]).await.unwrap();
    for host in [None, Some("two")] {
        assert!(
            store
                .claim(&prod(), host, 1, LEASE)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(store.due_in(&prod(), host).await.unwrap(), None);
    }
    let due_in = store.due_in(&prod(), Some("one")).await.unwrap();
    assert_eq!(due_in, Some(Duration::ZERO));
    assert_eq!(
        store
            .claim(&prod(), Some("one"), 1, LEASE)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[sqlx::test]
async fn a_cluster_has_its_own_queue(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.start("a").await;
    let other = ClusterId::parse("other").unwrap();
    assert!(
        bench
            .store
            .claim(&other, None, 9, LEASE)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(bench.store.due_in(&other, None).await.unwrap(), None);
}

#[sqlx::test]
async fn due_in_tells_the_next_thing_to_happen(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let due_in = async || bench.store.due_in(&prod(), None).await.unwrap();
    assert_eq!(due_in().await, None);
    bench.start("a").await;
    bench.start("b").await;
    assert_eq!(due_in().await, Some(Duration::ZERO));

    let a = bench.claim_one().await;
    assert_eq!(due_in().await, Some(Duration::ZERO), "the other one");
    let b = bench.claim_one().await;
    let next = due_in().await.unwrap();
    assert!(next <= LEASE && next > LEASE / 2, "a lease's end: {next:?}");

    bench
        .store
        .release(&a, Duration::from_secs(20), None)
        .await
        .unwrap();
    let next = due_in().await.unwrap();
    assert!(
        next <= Duration::from_secs(20) && next > Duration::from_secs(10),
        "{next:?}"
    );

    bench.store.give_back(&[b]).await.unwrap();
    assert_eq!(due_in().await, Some(Duration::ZERO));
}

#[sqlx::test]
async fn a_wake_up_during_a_pass_makes_the_run_due_at_its_end(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start("a").await;
    let hour = Duration::from_secs(3600);

    let lease = bench.claim_one().await;
    bench.store.release(&lease, hour, None).await.unwrap();
    assert!(!bench.is_due(&run.id).await);

    bench.store.wake_pending(&prod()).await.unwrap();
    let lease = bench.claim_one().await;
    bench.store.wake_pending(&prod()).await.unwrap();
    bench.store.release(&lease, hour, None).await.unwrap();
    assert!(bench.is_due(&run.id).await);

    // A reading that has seen the wake-up need not be repeated.
    let mut lease = bench.claim_one().await;
    bench.store.wake_pending(&prod()).await.unwrap();
    lease.wake_seq = bench.store.load(&lease).await.unwrap().wake_seq;
    bench.store.release(&lease, hour, None).await.unwrap();
    assert!(!bench.is_due(&run.id).await);
}

#[sqlx::test]
async fn only_runs_that_wait_for_room_are_woken_by_room(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let pending = bench.start("pending").await;
    let submitted = bench.start("submitted").await;
    bench
        .execute("UPDATE job_run SET state = 'SUBMITTED' WHERE client_token = 'submitted'")
        .await;
    bench
        .execute("UPDATE work SET due_at = now() + interval '1 h'")
        .await;
    bench.store.wake_pending(&prod()).await.unwrap();
    assert!(bench.is_due(&pending.id).await);
    assert!(!bench.is_due(&submitted.id).await);
}

#[sqlx::test]
async fn room_wakes_the_oldest_runs_and_not_the_whole_backlog(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let mut runs = Vec::new();
    for token in ["a", "b", "c", "d", "e", "f"] {
        runs.push(bench.start(token).await.id);
    }
    runs.sort();
    bench
        .execute("UPDATE work SET due_at = now() + interval '1 h'")
        .await;
    bench.store.wake_pending(&prod()).await.unwrap();
    let mut due = Vec::new();
    for run in &runs {
        due.push(bench.is_due(run).await);
    }
    assert_eq!(due, [true, true, true, true, false, false]);
}

#[sqlx::test]
async fn a_notification_names_the_clusters(pool: PgPool) {
    let url = pool.connect_options();
    let store = Store::from_pool(pool.clone());
    let url = format!(
        "postgres://{}@localhost/{}?host={}&port={}",
        url.get_username(),
        url.get_database().unwrap(),
        url.get_socket().map_or_else(
            || url.get_host().to_owned(),
            |path| path.display().to_string()
        ),
        url.get_port(),
    );
    let mut listener = store.listen(&url).await.unwrap();
    let names = |count: usize| -> Vec<ClusterId> {
        (0..count)
            .map(|number| ClusterId::parse(format!("{number:0>100}")).unwrap())
            .collect()
    };
    let recv = async |listener: &mut Listener| {
        tokio::time::timeout(LIMIT, listener.recv())
            .await
            .unwrap()
            .unwrap()
    };
    let of = |clusters| Heard {
        clusters,
        runs: false,
    };
    store.notify(&names(2)).await.unwrap();
    assert_eq!(recv(&mut listener).await, of(names(2)));
    store.notify_runs().await.unwrap();
    let heard = recv(&mut listener).await;
    assert!(heard.runs && heard.clusters.is_empty(), "{heard:?}");

    store.notify(&names(100)).await.unwrap();
    let mut heard = recv(&mut listener).await.clusters;
    heard.extend(recv(&mut listener).await.clusters);
    assert_eq!(heard, names(100), "more than one payload holds");

    bench_cut(&pool).await;
    assert_eq!(
        recv(&mut listener).await,
        Heard::default(),
        "what was missed may be anything"
    );
    store.notify(&names(1)).await.unwrap();
    assert_eq!(recv(&mut listener).await, of(names(1)), "it listens again");
}

/// Ends every other session of this database.
async fn bench_cut(pool: &PgPool) {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(pool)
    .await
    .unwrap();
}

#[sqlx::test]
async fn a_census_tells_what_waits_and_what_nobody_takes(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let other = ClusterId::parse("other").unwrap();
    let census = async || {
        let clusters = [prod(), other.clone()];
        let mut census = bench.store.census(&clusters).await.unwrap();
        assert_eq!(census.remove(&other), Some(Census::default()));
        census.remove(&prod()).unwrap()
    };
    assert_eq!(census().await, Census::default());
    let first = bench.start("first").await;
    bench.start("second").await;
    bench
        .execute("UPDATE job_run SET created_at = now() - interval '1 hour'")
        .await;
    bench
        .execute("UPDATE work SET due_at = now() - interval '1 minute'")
        .await;
    let seen = census().await;
    assert_eq!(seen.runs, BTreeMap::from([(State::Pending, 2)]));
    let about =
        |duration: Duration, seconds: u64| (seconds..seconds + 20).contains(&duration.as_secs());
    assert!(about(seen.oldest_pending, 3600) && about(seen.longest_overdue, 60));

    let leases = bench.claim(2).await;
    assert_eq!(census().await.longest_overdue, Duration::ZERO);
    for lease in &leases {
        let hour = Duration::from_secs(3600);
        bench.store.release(lease, hour, None).await.unwrap();
    }
    assert_eq!(census().await.longest_overdue, Duration::ZERO);
    bench
        .store
        .cancel_job_run(&us().account, &bench.place.id, &first.id)
        .await
        .unwrap();
    let cancelled = BTreeMap::from([(State::Pending, 1), (State::CancelPending, 1)]);
    assert_eq!(census().await.runs, cancelled);
}
