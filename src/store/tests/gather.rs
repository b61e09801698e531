//! Questions that go together are answered as if each had gone alone.

use std::sync::{Arc, Mutex};

use futures::future::join_all;
use tokio::sync::Semaphore;

use super::*;
use crate::store::gather::{Gather, Statement};

/// Answers with the question, and keeps what was asked together.
#[derive(Clone)]
struct Echo {
    asked: Arc<Mutex<Vec<Vec<&'static str>>>>,
    /// A statement needs a permit, and there may be none.
    gate: Arc<Semaphore>,
}

impl Echo {
    fn new() -> (Self, Gather<Self>) {
        let echo = Self {
            asked: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        };
        (echo.clone(), Gather::new(echo))
    }

    async fn until_asked(&self, statements: usize) {
        while self.asked().len() < statements {
            tokio::task::yield_now().await;
        }
    }

    fn asked(&self) -> Vec<Vec<&'static str>> {
        self.asked.lock().unwrap().clone()
    }
}

impl Statement for Echo {
    type Lane = u8;
    type Question = &'static str;
    type Answer = &'static str;

    async fn ask(
        &self,
        questions: &[&'static str],
    ) -> Result<Vec<Result<&'static str, StoreError>>, StoreError> {
        self.asked.lock().unwrap().push(questions.to_vec());
        self.gate.acquire().await.unwrap().forget();
        assert!(!questions.contains(&"panic"), "it was asked to");
        if questions.contains(&"refused") {
            return Err(sqlx::Error::RowNotFound.into());
        }
        if questions.contains(&"cut") {
            return Err(sqlx::Error::PoolTimedOut.into());
        }
        Ok(questions.iter().map(|question| Ok(*question)).collect())
    }
}

async fn all(
    gather: &Gather<Echo>,
    questions: &[&'static str],
) -> Vec<Result<&'static str, StoreError>> {
    join_all(questions.iter().map(|question| gather.ask(0, question))).await
}

/// Asks `first`, and the others while it is under way.
async fn meanwhile(
    echo: &Echo,
    gather: &Gather<Echo>,
    others: &[&'static str],
) -> Vec<Result<&'static str, StoreError>> {
    let others = async {
        echo.until_asked(1).await;
        let opening = async { echo.gate.add_permits(99) };
        tokio::join!(all(gather, others), opening).0
    };
    let (first, others) = tokio::join!(gather.ask(0, "first"), others);
    assert_eq!(first.unwrap(), "first");
    others
}

#[tokio::test]
async fn the_first_goes_at_once_and_those_that_come_meanwhile_go_together() {
    let (echo, gather) = Echo::new();
    let answers = meanwhile(&echo, &gather, &["a", "b", "c"]).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, ["a", "b", "c"]);
    assert_eq!(gather.ask(0, "d").await.unwrap(), "d");
    assert_eq!(
        echo.asked(),
        [vec!["first"], vec!["a", "b", "c"], vec!["d"]]
    );
}

#[tokio::test]
async fn a_crowd_goes_in_parts_and_nobody_is_left() {
    let (echo, gather) = Echo::new();
    let asking = all(&gather, &["x"; 300]);
    let opening = async { echo.gate.add_permits(300) };
    let (answers, ()) = tokio::join!(asking, opening);
    assert!(answers.into_iter().all(|answer| answer.unwrap() == "x"));
    let sizes: Vec<_> = echo.asked().iter().map(Vec::len).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 300);
    assert!(sizes.iter().all(|size| *size <= 64), "{sizes:?}");
    assert!(sizes.len() <= 6, "{sizes:?}");
}

#[tokio::test]
async fn what_is_refused_is_refused_alone() {
    let (echo, gather) = Echo::new();
    let answers = meanwhile(&echo, &gather, &["a", "refused", "b"]).await;
    let [a, refused, b] = answers.try_into().unwrap();
    assert_eq!((a.unwrap(), b.unwrap()), ("a", "b"));
    assert!(matches!(refused, Err(StoreError::Query(_))));
}

#[tokio::test]
async fn without_a_database_everybody_hears_of_it_and_nobody_asks_again() {
    let (echo, gather) = Echo::new();
    for answer in meanwhile(&echo, &gather, &["a", "cut", "b"]).await {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))));
    }
    assert_eq!(echo.asked(), [vec!["first"], vec!["a", "cut", "b"]]);
}

#[tokio::test]
async fn a_statement_that_panics_leaves_nobody_waiting() {
    let (echo, gather) = Echo::new();
    echo.gate.add_permits(9);
    let answers = all(&gather, &["panic", "panic", "panic"]).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(gather.ask(0, "later").await.unwrap(), "later");
}

#[tokio::test]
async fn who_goes_away_takes_nobody_with_them() {
    let (echo, gather) = Echo::new();
    let mut first = Box::pin(gather.ask(0, "first"));
    assert!(futures::poll!(&mut first).is_pending());
    echo.until_asked(1).await;
    let mut gone = Box::pin(gather.ask(0, "gone"));
    let mut stays = Box::pin(gather.ask(0, "stays"));
    assert!(futures::poll!(&mut gone).is_pending());
    assert!(futures::poll!(&mut stays).is_pending());
    drop((first, gone));
    echo.gate.add_permits(2);
    assert_eq!(stays.await.unwrap(), "stays");
    assert_eq!(echo.asked(), [["first"], ["stays"]]);
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_hangs_holds_up_nobody_for_long() {
    let (echo, gather) = Echo::new();
    let mut hangs = Box::pin(gather.ask(0, "hangs"));
    assert!(futures::poll!(&mut hangs).is_pending());
    echo.until_asked(1).await;
    let mut next = Box::pin(gather.ask(0, "next"));
    let waited = tokio::time::timeout(Duration::from_millis(1500), &mut next).await;
    assert!(waited.is_err());
    assert_eq!(echo.asked(), [["hangs"], ["next"]]);
    echo.gate.add_permits(2);
    assert_eq!(hangs.await.unwrap(), "hangs");
    assert_eq!(next.await.unwrap(), "next");
}

#[tokio::test]
async fn lanes_do_not_wait_for_each_other() {
    let (echo, gather) = Echo::new();
    let mut one = Box::pin(gather.ask(1, "one"));
    let mut other = Box::pin(gather.ask(2, "other"));
    assert!(futures::poll!(&mut one).is_pending());
    assert!(futures::poll!(&mut other).is_pending());
    echo.until_asked(2).await;
    assert_eq!(echo.asked(), [["one"], ["other"]]);
    echo.gate.add_permits(2);
    assert_eq!((one.await.unwrap(), other.await.unwrap()), ("one", "other"));
}
