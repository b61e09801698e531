//! A background task that ends, ends the process; and the process ends its tasks in a given order,
//! each with its time.

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// Why the process ends other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{name} ended although nobody asked it to")]
    Ended { name: &'static str },
    #[error("{name} failed: {error}")]
    Failed { name: &'static str, error: String },
}

/// The tasks of the process, in the order in which they are to end.
#[derive(Default)]
pub struct Tasks {
    running: JoinSet<Result<(), String>>,
    stages: Vec<Stage>,
}

struct Stage {
    name: &'static str,
    token: CancellationToken,
    limit: Duration,
    task: AbortHandle,
}

impl Tasks {
    /// Starts a task. It ends soon after the token that `start` gets is cancelled; `limit` later it
    /// is dropped.
    pub fn spawn<F, E>(
        &mut self,
        name: &'static str,
        limit: Duration,
        start: impl FnOnce(CancellationToken) -> F,
    ) where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let token = CancellationToken::new();
        let work = start(token.clone());
        let task = self
            .running
            .spawn(async move { work.await.map_err(|error| format!("{error:#}")) });
        self.stages.push(Stage {
            name,
            token,
            limit,
            task,
        });
    }

    /// Runs until `asked` completes or a task ends, then ends the tasks in the order in which they
    /// were started. When `asked` completes again meanwhile, no task gets more time.
    pub async fn run(mut self, mut asked: impl AsyncFnMut()) -> Result<(), Failure> {
        let outcome = tokio::select! {
            () = asked() => Ok(()),
            Some(ended) = self.running.join_next_with_id() => Err(self.failure(ended)),
        };
        if let Err(failure) = &outcome {
            tracing::error!(%failure, "The process ends: {failure}");
        }
        let hurry = CancellationToken::new();
        tokio::select! {
            () = self.wind_up(&hurry) => {}
            () = async { asked().await; hurry.cancel(); std::future::pending().await } => {}
        }
        outcome
    }

    /// Ends the tasks in their order, without waiting to be asked.
    pub async fn end(mut self) {
        self.wind_up(&CancellationToken::new()).await;
    }

    async fn wind_up(&mut self, hurry: &CancellationToken) {
        for stage in &self.stages {
            stage.token.cancel();
            let id = stage.task.id();
            let ended = async {
                while !stage.task.is_finished() {
                    match self.running.join_next_with_id().await {
                        Some(ended) if id_of(&ended) == id => return,
                        Some(_) => {}
                        None => return,
                    }
                }
            };
            tokio::select! {
                biased;
                () = ended => tracing::debug!("{} has ended", stage.name),
                () = tokio::time::sleep(stage.limit) => give_up(stage),
                () = hurry.cancelled() => give_up(stage),
            }
        }
    }

    fn failure(&self, ended: Ended) -> Failure {
        let id = id_of(&ended);
        let stage = self.stages.iter().find(|stage| stage.task.id() == id);
        let name = stage.map_or("A task", |stage| stage.name);
        match ended {
            Ok((_, Ok(()))) => Failure::Ended { name },
            Ok((_, Err(error))) => Failure::Failed { name, error },
            Err(error) => Failure::Failed {
                name,
                error: error.to_string(),
            },
        }
    }
}

/// Completes when the operating system asks the process to end (SIGTERM, SIGINT): once for every
/// call of `next`.
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    last: Option<Instant>,
}

/// A terminal signals a whole group of processes, and wrappers (`timeout`, make, shells) then signal
/// their children: so soon after the first, a signal is the same request.
const ECHO: Duration = Duration::from_secs(1);

impl Signals {
    /// Listens from now on. Fails where the operating system does not let it.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            last: None,
        })
    }

    pub async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            if self.last.is_none_or(|last| last.elapsed() >= ECHO) {
                self.last = Some(Instant::now());
                return;
            }
        }
    }
}

type Ended = Result<(Id, Result<(), String>), JoinError>;

fn id_of(ended: &Ended) -> Id {
    match ended {
        Ok((id, _)) => *id,
        Err(error) => error.id(),
    }
}

fn give_up(stage: &Stage) {
    tracing::warn!("{} does not end in time and is dropped", stage.name);
    stage.task.abort();
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    async fn until_cancelled(
        token: CancellationToken,
        log: Arc<Mutex<Vec<&'static str>>>,
        name: &'static str,
    ) -> Result<(), String> {
        token.cancelled().await;
        tokio::task::yield_now().await;
        log.lock().unwrap().push(name);
        Ok(())
    }

    /// Asks so many times.
    fn times(mut count: u32) -> impl AsyncFnMut() {
        async move || match count.checked_sub(1) {
            Some(left) => count = left,
            None => std::future::pending().await,
        }
    }

    #[tokio::test]
    async fn tasks_end_in_their_order() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Tasks::default();
        for name in ["API", "workers", "admin"] {
            let log = log.clone();
            tasks.spawn(name, LIMIT, |token| until_cancelled(token, log, name));
        }
        let outcome = tasks.run(times(1));
        outcome.await.unwrap();
        assert_eq!(*log.lock().unwrap(), ["API", "workers", "admin"]);
    }

    #[tokio::test]
    async fn a_task_that_ends_or_fails_ends_the_others() {
        for (result, expected) in [
            (Ok(()), "workers ended although nobody asked it to"),
            (Err("out of luck"), "workers failed: out of luck"),
        ] {
            let log = Arc::new(Mutex::new(Vec::new()));
            let mut tasks = Tasks::default();
            let ours = log.clone();
            tasks.spawn("API", LIMIT, |token| until_cancelled(token, ours, "API"));
            tasks.spawn("workers", LIMIT, |_| async move { result });
            let outcome = tasks.run(times(0));
            assert_eq!(outcome.await.unwrap_err().to_string(), expected);
            assert_eq!(*log.lock().unwrap(), ["API"]);
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        let mut tasks = Tasks::default();
        tasks.spawn("workers", LIMIT, |_| async {
            if true {
                panic!("bad luck");
            }
            Ok::<(), String>(())
        });
        let outcome = tasks.run(times(0));
        let error = outcome.await.unwrap_err().to_string();
        assert!(error.starts_with("workers failed"), "{error}");
    }

    #[tokio::test]
    async fn a_task_that_does_not_end_is_dropped() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Tasks::default();
        let short = Duration::from_millis(1);
        tasks.spawn("deaf", short, |_| {
            std::future::pending::<Result<(), String>>()
        });
        let ours = log.clone();
        tasks.spawn("next", LIMIT, |token| until_cancelled(token, ours, "next"));
        let outcome = tasks.run(times(1));
        outcome.await.unwrap();
        assert_eq!(*log.lock().unwrap(), ["next"]);
    }

    #[tokio::test]
    async fn asked_again_no_task_gets_more_time() {
        let mut tasks = Tasks::default();
        for name in ["one", "two"] {
            tasks.spawn(name, LIMIT, |_| {
                std::future::pending::<Result<(), String>>()
            });
        }
        let outcome = tasks.run(times(2));
        let outcome = tokio::time::timeout(Duration::from_secs(5), outcome).await;
        outcome.unwrap().unwrap();
    }
}
