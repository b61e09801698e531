//! What the watch may write, and that it never goes back.

use super::*;
use crate::domain::job_run::{AttemptFailure, Fault, Waiting};

fn seen(run: &JobRun, uid: &str, driver: Driver) -> Observed {
    Observed {
        run: run.id.clone(),
        attempt: 1,
        uid: uid.to_owned(),
        driver,
    }
}

fn waiting(since: i64, reason: &str, message: &str) -> Driver {
    driver(DriverPhase::Waiting {
        since: at(since),
        why: Some(Waiting {
            reason: reason.to_owned(),
            message: Some(message.to_owned()),
        }),
    })
}

#[sqlx::test]
async fn one_replica_watches_and_another_takes_over_under_a_later_term(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let store = &bench.store;
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    let take = async |who| {
        store
            .take_watch(&watched("prod"), who, LEASE)
            .await
            .unwrap()
    };
    let first = take(one).await.unwrap();
    assert_eq!(take(one).await, Some(first), "renewed");
    assert_eq!(take(two).await, None);
    let other = watched("other");
    assert!(
        store
            .take_watch(&other, two, LEASE)
            .await
            .unwrap()
            .is_some()
    );
    bench
        .execute("UPDATE cluster_watch SET expires_at = now() - interval '1 s'")
        .await;
    let second = take(two).await.unwrap();
    assert!(second.0 > first.0);
    assert_eq!(take(one).await, None);
    bench
        .execute("UPDATE cluster_watch SET expires_at = now() - interval '1 s'")
        .await;
    assert!(
        take(two).await.unwrap().0 > second.0,
        "a gap starts a new term"
    );
}

#[sqlx::test]
async fn a_node_is_written_and_wakes_nobody(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let on_a_node = Driver {
        node: Some("node-7".to_owned()),
        ..Driver::default()
    };
    let observed = [seen(&run, "u1", on_a_node.clone())];
    let term = bench.term().await;
    assert_eq!(bench.woken(term, &observed).await, []);
    let loaded = bench.store.load(&lease).await.unwrap();
    assert_eq!(loaded.attempts[0].driver, on_a_node);
    assert_eq!(loaded.wake_seq, lease.wake_seq);
}

#[sqlx::test]
async fn a_difference_is_written_and_wakes_and_the_same_again_does_neither(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    bench
        .store
        .release(&lease, Duration::from_secs(3600), None)
        .await
        .unwrap();
    let term = bench.term().await;
    let observed = [seen(&run, "u1", running())];
    let woken = bench.woken(term, &observed).await;
    assert_eq!(woken, std::slice::from_ref(&run.id));
    let lease = bench.claim_one().await;
    assert_eq!(
        bench
            .store
            .load(&lease)
            .await
            .unwrap()
            .attempts
            .pop()
            .unwrap()
            .driver,
        running()
    );
    bench
        .store
        .release(&lease, Duration::from_secs(3600), None)
        .await
        .unwrap();

    let before = bench.snapshot().await;
    assert_eq!(bench.woken(term, &observed).await, []);
    assert_eq!(bench.snapshot().await, before);
}

#[sqlx::test]
async fn what_is_seen_is_fenced_by_term_cluster_and_uid(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let term = bench.term().await;
    let other = watched("other");
    let before = bench.snapshot().await;
    let observe = async |key: &WatchKey, term, uid| {
        let observed = [seen(&run, uid, running())];
        let told = bench.store.observe(key, term, &observed).await.unwrap();
        assert_eq!(told.woken, []);
        assert_eq!(bench.snapshot().await, before);
    };
    observe(&watched("prod"), term, "u2").await;
    observe(&other, term, "u1").await;
    observe(&watched("prod"), Term(term.0 - 1), "u1").await;
    bench
        .execute("UPDATE cluster_watch SET expires_at = now() - interval '1 s'")
        .await;
    observe(&watched("prod"), term, "u1").await;

    // A look is fenced by the uid too.
    bench
        .store
        .looked(&lease, 1, "u2", &running())
        .await
        .unwrap();
    assert_eq!(bench.snapshot().await, before);
}

#[sqlx::test]
async fn what_was_seen_never_goes_back(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let term = bench.term().await;
    let unseen = || driver(DriverPhase::Unseen);
    let on_node = |driver: Driver| Driver {
        node: Some("node-1".to_owned()),
        ..driver
    };
    let deleting = |driver: Driver| Driver {
        deleting: true,
        ..driver
    };
    let gone = |at| {
        move |driver: Driver| Driver {
            gone_at: Some(at),
            ..driver
        }
    };
    let pull = || waiting(2, "ErrImagePull", "not found");
    let back_off = |since| waiting(since, "ImagePullBackOff", "Back-off");
    // What is told, and what is then known.
    let steps = [
        (
            waiting(1, "Unschedulable", "0/3"),
            waiting(1, "Unschedulable", "0/3"),
        ),
        (
            waiting(9, "Unschedulable", "0/4"),
            waiting(1, "Unschedulable", "0/4"),
        ),
        (unseen(), waiting(1, "Unschedulable", "0/4")),
        (on_node(pull()), on_node(pull())),
        (back_off(8), on_node(back_off(2))),
        (unseen(), on_node(back_off(2))),
        (running(), running()),
        (back_off(9), running()),
        (driver(DriverPhase::Running { since: at(50) }), running()),
        (deleting(running()), deleting(running())),
        (running(), deleting(running())),
        (ended(), deleting(ended())),
        (running(), deleting(ended())),
        (gone(at(20))(running()), gone(at(20))(deleting(ended()))),
        (gone(at(40))(ended()), gone(at(20))(deleting(ended()))),
        (ended(), gone(at(20))(deleting(ended()))),
    ];
    for (told, known) in &steps {
        let observed = [seen(&run, "u1", told.clone())];
        bench
            .store
            .observe(&watched("prod"), term, &observed)
            .await
            .unwrap();
        let stored = bench
            .store
            .load(&lease)
            .await
            .unwrap()
            .attempts
            .pop()
            .unwrap()
            .driver;
        assert_eq!(&stored, known, "after {told:?}");
    }
    // A look keeps the same rule.
    for (told, _) in &steps {
        bench.store.looked(&lease, 1, "u1", told).await.unwrap();
        let stored = bench
            .store
            .load(&lease)
            .await
            .unwrap()
            .attempts
            .pop()
            .unwrap()
            .driver;
        assert_eq!(&stored, &steps[15].1, "after a look at {told:?}");
    }
}

#[sqlx::test]
async fn the_longest_grace_period_that_was_seen_stays(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.begun().await;
    let store = &bench.store;
    let with = |seconds: Option<u64>| Driver {
        grace_period: seconds.map(Duration::from_secs),
        ..running()
    };
    let known = async || {
        let loaded = store.load(&lease).await.unwrap();
        loaded.attempts[0].driver.grace_period
    };
    let term = bench.term().await;
    let observe = async |seconds| {
        let observed = [seen(&run, "u1", with(seconds))];
        let watch = watched("prod");
        store.observe(&watch, term, &observed).await.unwrap();
    };
    observe(Some(45)).await;
    let who = holder("u1", HolderKind::Driver);
    store.created(&lease, 1, &who, &with(None)).await.unwrap();
    assert_eq!(known().await, Some(Duration::from_secs(45)));
    observe(Some(40)).await;
    assert_eq!(known().await, Some(Duration::from_secs(45)));
    store
        .looked(&lease, 1, "u1", &with(Some(60)))
        .await
        .unwrap();
    observe(None).await;
    assert_eq!(known().await, Some(Duration::from_secs(60)));
    observe(Some(3600)).await;
    assert_eq!(known().await, Some(Duration::from_secs(3600)));
}

#[sqlx::test]
async fn a_pod_that_is_failed_as_a_whole_does_not_undo_its_drivers_start(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let term = bench.term().await;
    let evicted = driver(DriverPhase::Ended(Exit {
        code: None,
        reason: Some("Evicted".to_owned()),
        message: None,
        started_at: None,
        at: at(99),
    }));
    for seen_now in [running(), evicted] {
        let observed = [seen(&run, "u1", seen_now)];
        let store = &bench.store;
        store
            .observe(&watched("prod"), term, &observed)
            .await
            .unwrap();
    }
    let loaded = bench.store.load(&lease).await.unwrap();
    let DriverPhase::Running { since } = running().phase else {
        panic!("not running")
    };
    let DriverPhase::Ended(exit) = &loaded.attempts[0].driver.phase else {
        panic!("not ended")
    };
    assert_eq!((exit.code, exit.started_at), (None, Some(since)));
}

#[sqlx::test]
async fn what_is_seen_before_the_answer_is_recorded_counts_from_then_on(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.begun().await;
    let term = bench.term().await;
    let stored = async || bench.store.load(&lease).await.unwrap();
    let wake_seq = stored().await.wake_seq;
    let observed = [seen(&run, "u1", ended())];
    for _ in 0..2 {
        bench
            .store
            .observe(&watched("prod"), term, &observed)
            .await
            .unwrap();
    }
    let loaded = stored().await;
    assert_eq!(loaded.wake_seq, wake_seq + 1, "woken once");
    let attempt = loaded.attempt().unwrap().clone();
    assert_eq!((attempt.holder, attempt.driver), (None, Driver::default()));

    let who = holder("u1", HolderKind::Driver);
    bench
        .store
        .created(&lease, 1, &who, &Driver::default())
        .await
        .unwrap();
    assert_eq!(stored().await.attempts.pop().unwrap().driver, ended());
}

#[sqlx::test]
async fn what_was_seen_of_another_object_does_not_count(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.begun().await;
    let term = bench.term().await;
    let observed = [seen(&run, "stranger", ended())];
    bench
        .store
        .observe(&watched("prod"), term, &observed)
        .await
        .unwrap();
    let who = holder("u1", HolderKind::Driver);
    bench
        .store
        .created(&lease, 1, &who, &running())
        .await
        .unwrap();
    let attempt = bench
        .store
        .load(&lease)
        .await
        .unwrap()
        .attempts
        .pop()
        .unwrap();
    assert_eq!(attempt.driver, running());
}

#[sqlx::test]
async fn several_sights_of_one_driver_in_a_batch_count_in_order(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let term = bench.term().await;
    let observed = [
        seen(&run, "u1", waiting(1, "Unschedulable", "0/3")),
        seen(&run, "u1", running()),
        seen(
            &run,
            "u1",
            Driver {
                gone_at: Some(at(20)),
                ..ended()
            },
        ),
    ];
    let woken = bench.woken(term, &observed).await;
    assert_eq!(woken, [run.id]);
    let stored = bench
        .store
        .load(&lease)
        .await
        .unwrap()
        .attempts
        .pop()
        .unwrap()
        .driver;
    assert_eq!(stored, observed[2].driver);
}

#[sqlx::test]
async fn a_drivers_last_words_may_hold_anything(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (run, lease) = bench.created().await;
    let term = bench.term().await;
    let mut told = ended();
    let DriverPhase::Ended(exit) = &mut told.phase else {
        unreachable!()
    };
    exit.message = Some("core\0dump \u{1f4a5} \\u0000 \"quoted\"".to_owned());
    let woken = bench.woken(term, &[seen(&run, "u1", told)]).await;
    assert_eq!(woken.len(), 1);
    let stored = bench
        .store
        .load(&lease)
        .await
        .unwrap()
        .attempts
        .pop()
        .unwrap()
        .driver;
    let DriverPhase::Ended(exit) = stored.phase else {
        unreachable!()
    };
    assert_eq!(
        exit.message.as_deref(),
        Some("core\u{fffd}dump \u{1f4a5} \\u0000 \"quoted\"")
    );
}

#[sqlx::test]
async fn the_watch_learns_what_should_be_there(pool: PgPool) {
    let bench = Bench::new(pool).await;
    bench.place("222222222222", "empty").await;
    let ended = bench.place("222222222222", "ended").await;
    bench
        .store
        .delete_virtual_cluster(&ended.account, &ended.id)
        .await
        .unwrap();
    let (run, lease) = bench.created().await;
    let failure = AttemptFailure {
        fault: Fault::Platform,
        charged: true,
        details: "evicted".to_owned(),
        retry_at: Some(at(7)),
    };
    bench
        .store
        .close_attempt(&lease, 1, &failure, at(6))
        .await
        .unwrap();
    bench
        .store
        .begin_create(&lease, 2, "driver-2", "cluster-uid", None)
        .await
        .unwrap();
    let mut live = bench.store.live_attempts(&watched("prod")).await.unwrap();
    live.sort_by_key(|attempt| attempt.attempt);
    let expected = |attempt: u32, name: &str, uid: Option<&str>, closed| LiveAttempt {
        run: run.id.clone(),
        attempt,
        virtual_cluster: bench.place.id.clone(),
        namespace: "team-a".to_owned(),
        driver_name: name.to_owned(),
        uid: uid.map(str::to_owned),
        cluster_identity: "cluster-uid".to_owned(),
        gone: false,
        closed,
    };
    assert_eq!(
        live,
        [
            expected(1, "spark-driver", Some("u1"), true),
            expected(2, "driver-2", None, false)
        ]
    );
    assert_eq!(
        bench.store.live_namespaces(&prod()).await.unwrap(),
        ["empty", "team-a"]
    );

    bench
        .execute("UPDATE job_run SET state = 'COMPLETED', finished_at = now()")
        .await;
    let live = bench.store.live_attempts(&watched("prod")).await.unwrap();
    assert!(live.iter().all(|attempt| attempt.closed));
    let deleted = bench
        .store
        .delete_virtual_cluster(&us().account, &bench.place.id)
        .await;
    assert_eq!(deleted.unwrap(), Deletion::Deleted);
    assert_eq!(
        bench.store.live_namespaces(&prod()).await.unwrap(),
        ["empty", "team-a"],
        "its drivers are still to be tidied up"
    );
    bench.store.forget(&lease).await.unwrap();
    assert_eq!(
        bench.store.live_namespaces(&prod()).await.unwrap(),
        ["empty"]
    );
    assert_eq!(
        bench.store.live_attempts(&watched("prod")).await.unwrap(),
        []
    );
}
