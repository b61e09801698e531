//! A cluster that does as a test says, in memory.

mod drivers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use firesteel::cluster::{
    Cluster, ClusterError, CreateError, Deletion, DriverRef, Event, NamespaceError, Prepared, Seen,
};
use firesteel::domain::ids::AccountId;
use firesteel::domain::job_run::decide::{Node, Refusal};
use firesteel::domain::job_run::{Driver, DriverPhase, Evidence, Exit, Holder, HolderKind};
use firesteel::spark::Plan;
use jiff::Timestamp;
use tokio::sync::{Barrier, Notify, mpsc, watch};
use uuid::Uuid;

use self::drivers::driver_name;
pub use self::drivers::{exit, running, waiting};

/// What `check_namespace` does.
#[derive(Clone, Default)]
pub enum Namespaces {
    #[default]
    Fine,
    Fail(fn(&str) -> NamespaceError),
    /// Once, and then it is fine.
    FailOnce(fn(&str) -> NamespaceError),
    Panic,
    Hang,
    /// Answers when so many ask at the same moment.
    Meet(Arc<Barrier>),
}

/// The calls that workers make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Identity,
    Prepare,
    Create,
    Complete,
    Occupy,
    Look,
    Inquire,
    Delete,
    Sweep,
}

/// What becomes of a call instead of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has its effect and its answer is lost; for a creation alone.
    AnswerLost,
    /// No answer comes, and nothing is created until `deliver_late`; for a creation alone.
    Late,
    /// For a creation and what comes before it; a deletion is forbidden.
    Refused(Refusal),
    /// The driver exists, and a part of it was refused; for a creation alone.
    Incomplete(Refusal),
    Panic,
    /// The caller waits for ever, before the effect.
    StuckBefore,
    /// The caller waits for ever, after the effect.
    StuckAfter,
}

#[derive(Default)]
pub struct FakeCluster {
    pub namespaces: Mutex<Namespaces>,
    /// Whether the drivers that are found may lack a part.
    pub lacking: Mutex<bool>,
    /// What it tells of a driver when it is asked.
    pub evidence: Mutex<Evidence>,
    world: Mutex<World>,
    /// Somebody is stuck in a call.
    pub stuck: Notify,
    freed: Notify,
}

#[derive(Default)]
struct World {
    unreachable: bool,
    /// Watches fail, and nobody hears of changes.
    watch_down: bool,
    identity: String,
    objects: BTreeMap<String, Seen>,
    /// The uid of each driver ever created.
    created: Vec<(String, String)>,
    calls: Vec<(Call, String)>,
    fates: BTreeMap<Call, VecDeque<Fate>>,
    /// Whatever these drivers' calls are, they panic.
    cursed: BTreeSet<String>,
    /// Creations under way whose sender has given up.
    late: Vec<(DriverRef, HolderKind)>,
    watchers: Vec<mpsc::UnboundedSender<Result<Event, ClusterError>>>,
}

impl FakeCluster {
    pub fn check_namespace_with(&self, answer: Namespaces) {
        *self.namespaces.lock().unwrap() = answer;
    }

    pub fn set_unreachable(&self, unreachable: bool) {
        let mut world = self.world();
        world.unreachable = unreachable;
        if unreachable {
            world.break_watches();
        }
    }

    /// Breaks the watches and lets none begin, or lets them begin again.
    pub fn set_watch_down(&self, down: bool) {
        let mut world = self.world();
        world.watch_down = down;
        if down {
            world.break_watches();
        }
    }

    /// Another cluster answers under this one's name from now on.
    pub fn replace(&self) {
        let mut world = self.world();
        world.identity = "another".to_owned();
        world.objects.clear();
        world.break_watches();
    }

    /// The next call of this kind has this fate; more of them queue up.
    pub fn next(&self, call: Call, fate: Fate) {
        self.world().fates.entry(call).or_default().push_back(fate);
    }

    /// The calls of this kind have no fate any more.
    pub fn forgive(&self, call: Call) {
        self.world().fates.remove(&call);
    }

    /// Those who are stuck go on.
    pub fn free(&self) {
        self.freed.notify_waiters();
    }

    pub fn curse(&self, run: &str) {
        self.world().cursed.insert(driver_name(run));
    }

    /// The creations that were given up arrive now.
    pub fn deliver_late(&self) {
        self.world().deliver_late();
    }

    /// All at one moment: the driver ends, somebody else deletes it, and the creations that were
    /// given up arrive.
    pub fn end_remove_and_deliver_late(&self, run: &str, exit: Exit) {
        let mut world = self.world();
        let name = driver_name(run);
        let held = world.objects.get_mut(&name).expect("the driver exists");
        held.driver.phase = DriverPhase::Ended(exit);
        world.remove(&name);
        world.deliver_late();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the call begin: its fate after it took effect, if there is one.
    async fn enter(&self, call: Call, name: &str) -> Result<Option<Fate>, ClusterError> {
        let fate = {
            let mut world = self.world();
            world.reach()?;
            world.calls.push((call, name.to_owned()));
            let fate = match world.fates.get_mut(&call) {
                Some(fates) => fates.pop_front(),
                None => None,
            };
            if world.cursed.contains(name) {
                Some(Fate::Panic)
            } else {
                fate
            }
        };
        match fate {
            Some(Fate::Panic) => panic!("the test says so"),
            Some(Fate::StuckBefore) => {
                self.stick().await;
                Ok(None)
            }
            fate => Ok(fate),
        }
    }

    async fn leave(&self, fate: Option<Fate>) {
        if fate == Some(Fate::StuckAfter) {
            self.stick().await;
        }
    }

    async fn stick(&self) {
        let freed = self.freed.notified();
        self.stuck.notify_one();
        freed.await;
    }

    async fn take(
        &self,
        call: Call,
        driver: &DriverRef,
        kind: HolderKind,
    ) -> Result<Seen, CreateError> {
        let unsent = |error: ClusterError| {
            CreateError::Refused(Refusal::Unreachable {
                since: Timestamp::now(),
                error: error.to_string(),
            })
        };
        let lost = || CreateError::Unanswered("the test says so".to_owned());
        let fate = self.enter(call, &driver.name).await.map_err(unsent)?;
        match &fate {
            Some(Fate::Refused(refusal)) => return Err(CreateError::Refused(refusal.clone())),
            Some(Fate::Late) => {
                self.world().late.push((driver.clone(), kind));
                return Err(lost());
            }
            Some(_) | None => {}
        }
        let seen = self.world().hold(driver, kind);
        if let Some(Fate::Incomplete(refusal)) = &fate {
            return Err(CreateError::Incomplete {
                since: seen.holder.created_at,
                refusal: refusal.clone(),
            });
        }
        if fate == Some(Fate::AnswerLost) {
            return Err(lost());
        }
        self.leave(fate).await;
        Ok(seen)
    }
}

impl World {
    fn reach(&self) -> Result<(), ClusterError> {
        if self.unreachable {
            return Err(ClusterError::Unreachable("connection refused".to_owned()));
        }
        Ok(())
    }

    fn hold(&mut self, driver: &DriverRef, kind: HolderKind) -> Seen {
        if let Some(seen) = self.objects.get(&driver.name) {
            return seen.clone();
        }
        let uid = Uuid::new_v4().to_string();
        if kind == HolderKind::Driver {
            self.created.push((driver.name.clone(), uid.clone()));
        }
        let seen = Seen {
            job_run: driver.job_run.clone(),
            attempt: driver.attempt,
            namespace: driver.namespace.clone(),
            name: driver.name.clone(),
            holder: Holder {
                uid,
                created_at: Timestamp::now(),
                kind,
            },
            driver: Driver::default(),
        };
        self.objects.insert(driver.name.clone(), seen.clone());
        self.tell(Event::Changed(seen.clone()));
        seen
    }

    fn deliver_late(&mut self) {
        for (driver, kind) in std::mem::take(&mut self.late) {
            self.hold(&driver, kind);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(seen) = self.objects.remove(name) {
            self.tell(Event::Deleted(seen));
        }
    }

    fn tell(&mut self, event: Event) {
        self.watchers
            .retain(|watcher| watcher.send(Ok(event.clone())).is_ok());
    }

    fn break_watches(&mut self) {
        for watcher in self.watchers.drain(..) {
            // It may have ended by itself.
            let _ = watcher.send(Err(ClusterError::Unreachable("the watch broke".to_owned())));
        }
    }
}

#[async_trait]
impl Cluster for FakeCluster {
    async fn ping(&self) -> Result<(), ClusterError> {
        self.world().reach()
    }

    async fn identity(&self, _: &str) -> Result<String, ClusterError> {
        self.enter(Call::Identity, "").await?;
        Ok(format!("fake{}", self.world().identity))
    }

    async fn check_namespace(&self, namespace: &str) -> Result<(), NamespaceError> {
        let answer = {
            let mut namespaces = self.namespaces.lock().unwrap();
            let answer = namespaces.clone();
            if let Namespaces::FailOnce(_) = answer {
                *namespaces = Namespaces::Fine;
            }
            answer
        };
        let meeting = match answer {
            Namespaces::Fine => return Ok(()),
            Namespaces::Fail(error) | Namespaces::FailOnce(error) => {
                return Err(error(namespace));
            }
            Namespaces::Panic => panic!("the test says so"),
            Namespaces::Hang => None,
            Namespaces::Meet(barrier) => Some(barrier),
        };
        match meeting {
            Some(barrier) => barrier.wait().await,
            None => std::future::pending().await,
        };
        Ok(())
    }

    async fn prepare(
        &self,
        _: &AccountId,
        driver: &DriverRef,
        _: &Plan,
    ) -> Result<Prepared, Refusal> {
        match self.enter(Call::Prepare, &driver.name).await {
            Ok(Some(Fate::Refused(refusal))) => Err(refusal),
            Ok(_) => Ok(Prepared::default()),
            Err(error) => Err(Refusal::Unreachable {
                since: Timestamp::now(),
                error: error.to_string(),
            }),
        }
    }

    async fn create(
        &self,
        driver: &DriverRef,
        _: &Plan,
        _: &Prepared,
    ) -> Result<Seen, CreateError> {
        self.take(Call::Create, driver, HolderKind::Driver).await
    }

    async fn complete(
        &self,
        driver: &DriverRef,
        _: &Plan,
        _: &Prepared,
        seen: Seen,
    ) -> Result<Seen, CreateError> {
        let incomplete = |refusal| CreateError::Incomplete {
            since: seen.holder.created_at,
            refusal,
        };
        match self.enter(Call::Complete, &driver.name).await {
            Ok(Some(Fate::Incomplete(refusal))) => Err(incomplete(refusal)),
            Ok(_) => Ok(seen),
            Err(error) => Err(CreateError::Unanswered(error.to_string())),
        }
    }

    async fn may_lack_parts(&self, _: &DriverRef, _: &Seen) -> Result<bool, ClusterError> {
        Ok(*self.lacking.lock().unwrap())
    }

    async fn occupy(&self, driver: &DriverRef) -> Result<Seen, CreateError> {
        self.take(Call::Occupy, driver, HolderKind::Tombstone).await
    }

    async fn look(&self, driver: &DriverRef) -> Result<Option<Seen>, ClusterError> {
        let fate = self.enter(Call::Look, &driver.name).await?;
        let seen = self.world().objects.get(&driver.name).cloned();
        self.leave(fate).await;
        Ok(seen)
    }

    async fn inquire(&self, driver: &DriverRef) -> Evidence {
        match self.enter(Call::Inquire, &driver.name).await {
            Ok(_) => self.evidence.lock().unwrap().clone(),
            Err(_) => Evidence::default(),
        }
    }

    async fn node(&self, _: &str) -> Result<Node, ClusterError> {
        let since = Timestamp::UNIX_EPOCH;
        self.world().reach().map(|()| Node::Ready { since })
    }

    async fn delete(&self, driver: &DriverRef, uid: &str) -> Result<Deletion, ClusterError> {
        let fate = self.enter(Call::Delete, &driver.name).await?;
        if let Some(Fate::Refused(refusal)) = fate {
            return Err(ClusterError::Forbidden(format!("{refusal:?}")));
        }
        {
            let mut world = self.world();
            let held = world.objects.get(&driver.name);
            if held.is_some_and(|seen| seen.holder.uid == uid) {
                world.remove(&driver.name);
            }
        }
        self.leave(fate).await;
        Ok(Deletion::Asked)
    }

    async fn sweep(&self, driver: &DriverRef) -> Result<(), ClusterError> {
        let fate = self.enter(Call::Sweep, &driver.name).await?;
        self.leave(fate).await;
        Ok(())
    }

    async fn watch(
        &self,
        _: watch::Receiver<Vec<String>>,
        events: mpsc::Sender<Event>,
    ) -> Result<(), ClusterError> {
        let (watcher, mut changes) = mpsc::unbounded_channel();
        let all = {
            let mut world = self.world();
            world.reach()?;
            if world.watch_down {
                return Err(ClusterError::Unreachable("no watch".to_owned()));
            }
            world.watchers.push(watcher);
            world.objects.values().cloned().collect()
        };
        if events.send(Event::Listed(all)).await.is_err() {
            return Ok(());
        }
        while let Some(change) = changes.recv().await {
            if events.send(change?).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn request_timeout(&self) -> Duration {
        Duration::from_secs(1)
    }
}
