//! What is asked while a statement of its kind is under way goes together in the next one. A statement
//! begins after each of its questions was asked, and nobody's answer depends on who else waits for one.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::StoreError;

/// The questions that go together.
const MOST: usize = 64;

/// A statement that takes longer, since a lock or a dead connection holds it, holds nobody else: the
/// next one goes beside it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A kind of statement that answers many questions as well as one.
pub(super) trait Statement: Send + Sync + 'static {
    /// Only questions of one lane go together, and lanes do not wait for each other.
    type Lane: Clone + Eq + Hash + Send;
    type Question: Send + Sync;
    type Answer: Send;

    /// The answers in the order of the questions. All questions fail with a statement that fails; if
    /// the database refused it, each of them is asked again alone.
    fn ask(
        &self,
        questions: &[Self::Question],
    ) -> impl Future<Output = Result<Vec<Result<Self::Answer, StoreError>>, StoreError>> + Send;
}

/// Asks questions of one kind.
pub(super) struct Gather<S: Statement>(Arc<Shared<S>>);

struct Shared<S: Statement> {
    statement: S,
    /// A lane is here while a statement of it is under way.
    lanes: Mutex<HashMap<S::Lane, Vec<Waiting<S>>>>,
}

struct Waiting<S: Statement> {
    question: S::Question,
    answer: oneshot::Sender<Result<S::Answer, StoreError>>,
}

impl<S: Statement> Gather<S> {
    pub fn new(statement: S) -> Self {
        Self(Arc::new(Shared {
            statement,
            lanes: Mutex::default(),
        }))
    }

    /// Asks now, or with the lane's next statement. Whoever stops waiting takes nobody's answer away.
    pub async fn ask(&self, lane: S::Lane, question: S::Question) -> Result<S::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        if self.0.join(lane.clone(), Waiting { question, answer }) {
            tokio::spawn(self.0.clone().serve(lane));
        }
        answered
            .await
            .unwrap_or_else(|_| Err(StoreError::unanswered()))
    }
}

impl<S: Statement> Shared<S> {
    /// Whether the lane was idle: whoever joined it sees to it.
    fn join(&self, lane: S::Lane, waiting: Waiting<S>) -> bool {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = !lanes.contains_key(&lane);
        lanes.entry(lane).or_default().push(waiting);
        idle
    }

    /// Asks until nobody waits in the lane.
    async fn serve(self: Arc<Self>, lane: S::Lane) {
        while let Some(batch) = self.next(&lane) {
            let asked = tokio::spawn(self.clone().answer(batch));
            let _ = tokio::time::timeout(PATIENCE, asked).await;
        }
    }

    /// Those who have waited longest and still do. The lane is idle again where there are none.
    fn next(&self, lane: &S::Lane) -> Option<Vec<Waiting<S>>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = lanes.get_mut(lane)?;
        waiting.retain(|waiting| !waiting.answer.is_closed());
        if waiting.is_empty() {
            lanes.remove(lane);
            return None;
        }
        let most = waiting.len().min(MOST);
        Some(waiting.drain(..most).collect())
    }

    async fn answer(self: Arc<Self>, batch: Vec<Waiting<S>>) {
        let (questions, waiting): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|waiting| (waiting.question, waiting.answer))
            .unzip();
        let answers = match self.statement.ask(&questions).await {
            Ok(answers) => answers,
            Err(StoreError::Query(_)) if questions.len() > 1 => self.one_by_one(&questions).await,
            Err(error) => questions.iter().map(|_| Err(error.clone())).collect(),
        };
        for (waiting, answer) in waiting.into_iter().zip(answers) {
            // Who does not wait any more needs none.
            let _ = waiting.send(answer);
        }
    }

    async fn one_by_one(&self, questions: &[S::Question]) -> Vec<Result<S::Answer, StoreError>> {
        let mut answers = Vec::new();
        for question in questions {
            let asked = self.statement.ask(std::slice::from_ref(question)).await;
            let answer = asked.and_then(|mut answers| match answers.pop() {
                Some(answer) => answer,
                None => Err(StoreError::unanswered()),
            });
            answers.push(answer);
        }
        answers
    }
}

impl<S: Statement> Clone for Gather<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Statement> fmt::Debug for Gather<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

/// Each question's row among those that were found.
pub(super) fn each<Q: Eq + Hash, T: Clone>(
    questions: &[Q],
    found: &HashMap<Q, Result<T, StoreError>>,
) -> Vec<Result<Option<T>, StoreError>> {
    let answer = |question| found.get(question).cloned().transpose();
    questions.iter().map(answer).collect()
}
