//! Whose turn it is: runs of a virtual cluster in their order, virtual clusters and accounts by
//! turns, and nobody waits for ever.

use std::collections::BTreeSet;

use super::limits::{begin, counts_are_right, finish, limited, start_on, tokens, try_to_begin};
use super::*;
use crate::domain::tags::Tags;

#[sqlx::test]
async fn runs_get_slots_in_the_order_in_which_they_came(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(2), None).await;
    let mut runs = Vec::new();
    for token in tokens(7) {
        runs.push(bench.start_in(&place, &token).await.id);
    }
    let mut order = Vec::new();
    while order.len() < 7 {
        let mut leases = bench.claim(9).await;
        assert!(leases.len() <= 2, "no more than there is room for");
        leases.sort_by(|a, b| a.run.cmp(&b.run));
        for lease in leases {
            assert_eq!(begin(&bench.store, &lease).await, Beginning::Begun);
            finish(&bench.store, &lease).await;
            order.push(lease.run);
        }
    }
    assert_eq!(order, runs);
}

#[sqlx::test]
async fn a_claimed_run_keeps_its_slot_from_those_behind_it(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(1), None).await;
    bench.start_in(&place, "first").await;
    bench.start_in(&place, "second").await;
    let first = bench.claim_one().await;
    assert!(bench.claim(9).await.is_empty());
    // A worker that crashed with it keeps it for a lease.
    bench.expire_leases().await;
    let again = bench.claim_one().await;
    assert_eq!(again.run, first.run);
    // One that is due for another reason does not pass it by.
    bench
        .execute("UPDATE work SET due_at = now() WHERE lease_token IS NULL")
        .await;
    let second = bench.claim_one().await;
    assert_eq!(
        begin(&bench.store, &second).await,
        Beginning::NoSlot { limit: 1 }
    );
    assert_eq!(begin(&bench.store, &again).await, Beginning::Begun);
}

#[sqlx::test]
async fn a_run_that_cannot_begin_for_another_reason_holds_up_nobody(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let place = limited(&bench, Some(1), None).await;
    bench.start_in(&place, "first").await;
    let second = bench.start_in(&place, "second").await;
    let first = bench.claim_one().await;
    let pause = Duration::from_secs(60);
    bench
        .store
        .release(&first, pause, Some("no template"))
        .await
        .unwrap();
    let lease = bench.claim_one().await;
    assert_eq!(lease.run, second.id);
    assert_eq!(begin(&bench.store, &lease).await, Beginning::Begun);
    // It is due again, and has kept its turn.
    bench.start_in(&place, "third").await;
    bench
        .execute("UPDATE work SET due_at = now() WHERE due_at < now() + interval '2 min'")
        .await;
    let again = bench.claim_one().await;
    assert_eq!(again.run, first.run);
    assert!(!try_to_begin(&bench.store, &again).await);
    finish(&bench.store, &lease).await;
    assert_eq!(bench.claim_one().await.run, first.run);
}

async fn start_with_priority(bench: &Bench, place: &VirtualCluster, priority: i32) -> JobRunId {
    let tags = Tags::from([("firesteel.dev/priority".to_owned(), priority.to_string())]);
    let new = NewJobRun {
        priority: Priority::of(&tags).unwrap(),
        ..new_job_run(&place.id, &Uuid::new_v4().to_string())
    };
    start_on(&bench.store, place, &new).await.unwrap().id
}

#[sqlx::test]
async fn priority_is_worth_waiting_time_and_starves_nobody(pool: PgPool) {
    let bench = Bench::new(pool).await;
    for waited in [false, true] {
        let place = if waited {
            limited(&bench, Some(1), None).await
        } else {
            bench.place.clone()
        };
        let low = start_with_priority(&bench, &place, -5).await;
        let usual = start_with_priority(&bench, &place, 0).await;
        let high = start_with_priority(&bench, &place, 5).await;
        // Ten minutes later comes one that is five minutes more important.
        bench
            .execute(
                "UPDATE work SET turn = turn - interval '10 min',
                    due_at = CASE WHEN waiting THEN due_at ELSE due_at - interval '10 min' END",
            )
            .await;
        let later = start_with_priority(&bench, &place, 5).await;
        let mut order = Vec::new();
        for _ in 0..4 {
            let lease = bench.claim_one().await;
            assert_eq!(begin(&bench.store, &lease).await, Beginning::Begun);
            finish(&bench.store, &lease).await;
            order.push(lease.run);
        }
        // Without a limit nobody waits, and what is worth less than nothing is worth nothing.
        let expected = if waited {
            [high, usual, low, later]
        } else {
            [high, low, usual, later]
        };
        assert_eq!(order, expected, "with a limit: {waited}");
    }
}

/// Runs by the thousand, as one account may start them. One transaction that counts one by one takes
/// the square of their number, so they are counted afterwards.
async fn flood(bench: &Bench, place: &VirtualCluster, runs: i32) {
    let mut transaction = bench.pool.begin().await.unwrap();
    sqlx::query("SET LOCAL session_replication_role = replica")
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query(
        "WITH run AS (
            INSERT INTO job_run (id, account, virtual_cluster, cluster, namespace, client_token,
                request_hash, release_label, driver, tags, created_by, created_at)
            SELECT lpad(number::text, 19, '0'), account, id, cluster, namespace, number::text,
                request_hash, 'emr', '{\"kind\": \"spark_sql\"}', '{}', 'me', now()
            FROM virtual_cluster, generate_series(1, $2) AS number WHERE id = $1
            RETURNING *)
        INSERT INTO work (run, cluster, account, virtual_cluster, waiting, turn, due_at)
        SELECT run.id, run.cluster, run.account, virtual_cluster,
            slots.max_concurrent IS NOT NULL, now() - interval '1 h',
            now() + CASE WHEN slots.max_concurrent IS NULL THEN interval '-1 h' ELSE '1 h' END
        FROM run LEFT JOIN virtual_cluster_slots AS slots USING (virtual_cluster)",
    )
    .bind(place.id.as_str())
    .bind(runs)
    .execute(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    bench.store.recount_slots().await.unwrap();
    bench.execute("ANALYZE work").await;
}

#[sqlx::test]
async fn a_flood_of_one_account_does_not_keep_another_waiting(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let other = bench.place("222222222222", "other").await;
    flood(&bench, &other, 10_000).await;
    bench.claim(16).await;
    let single = bench.start("single").await;
    let next: BTreeSet<_> = bench
        .claim(2)
        .await
        .into_iter()
        .map(|lease| lease.run)
        .collect();
    assert!(next.contains(&single.id), "it is in the next batch");
}

#[sqlx::test]
async fn a_flood_that_waits_for_slots_does_not_keep_another_waiting(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let other = bench.place("222222222222", "other").await;
    sqlx::query(
        "UPDATE virtual_cluster SET scheduler = '{\"max_concurrent_job_runs\": 4}' WHERE id = $1",
    )
    .bind(other.id.as_str())
    .execute(&bench.pool)
    .await
    .unwrap();
    flood(&bench, &other, 10_000).await;
    let single = bench.start("single").await;
    let next: BTreeSet<_> = bench
        .claim(2)
        .await
        .into_iter()
        .map(|lease| lease.run)
        .collect();
    assert!(next.contains(&single.id), "each account has its turn");
    assert_eq!(
        bench.claim(100).await.len(),
        3,
        "as many as there is room for"
    );
    counts_are_right(&bench).await;
}

/// Every node of a plan, as `EXPLAIN` gives them.
fn nodes(plan: &serde_json::Value, found: &mut Vec<serde_json::Value>) {
    found.push(plan.clone());
    for child in plan["Plans"].as_array().into_iter().flatten() {
        nodes(child, found);
    }
}

#[sqlx::test]
async fn the_cost_of_a_claim_follows_the_lanes_and_not_the_backlog(pool: PgPool) {
    let bench = Bench::new(pool).await;
    limited(&bench, Some(10), None).await;
    flood(&bench, &bench.place, 50_000).await;
    for number in 0..8 {
        let lane = bench
            .place(&format!("22222222222{number}"), &format!("lane-{number}"))
            .await;
        bench.start_in(&lane, "a").await;
    }
    for full in [false, true] {
        if full {
            bench
                .execute("UPDATE virtual_cluster_slots SET taken = 10")
                .await;
        }
        let explain = |sql: &'static str| format!("EXPLAIN (ANALYZE, FORMAT JSON) {sql}");
        let claim = explain(include_str!("../queries/claim.sql"));
        let claim = sqlx::query_scalar::<_, serde_json::Value>(sqlx::AssertSqlSafe(claim))
            .bind("prod")
            .bind(None::<String>)
            .bind(16_i64)
            .bind(Uuid::new_v4())
            .bind(60.0);
        let due_in = explain(include_str!("../queries/due_in.sql"));
        let due_in = sqlx::query_scalar::<_, serde_json::Value>(sqlx::AssertSqlSafe(due_in))
            .bind("prod")
            .bind(None::<String>);
        for plan in [claim, due_in] {
            let plan = plan.fetch_one(&bench.pool).await.unwrap();
            let mut found = Vec::new();
            nodes(&plan[0]["Plan"], &mut found);
            let mut read = 0.0;
            for node in found.iter().filter(|node| node["Relation Name"] == "work") {
                assert_ne!(node["Node Type"], "Seq Scan", "{plan:#}");
                let of = |member: &str| node[member].as_f64().unwrap_or(0.0);
                read += (of("Actual Rows") + of("Rows Removed by Filter")) * of("Actual Loops");
            }
            assert!(read < 500.0, "{read} rows of work were read: {plan:#}");
        }
    }
}
