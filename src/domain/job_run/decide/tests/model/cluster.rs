//! A cluster whose API server loses and delays what it is sent, and whose nodes come and go.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::*;
use super::NODES;

/// A creation that is under way may arrive so much later: less than a name is held.
pub const LATEST: i64 = 300;
/// A node ends what it finds without a pod within this time: less than the grace period.
const TIDY: i64 = 10;
/// Pods of every other attempt give their containers so much longer than that, which is longer than
/// the grace period alone.
const LONG_GRACE: i64 = 90;
/// The containers of a node that is lost for longer are no more: less than a lost driver's hold.
const DEAD: i64 = 500;

/// What becomes of a creation.
#[derive(Clone, Debug)]
pub enum Fate {
    Applied,
    AnswerLost,
    NeverArrives,
    Late(i64),
    Refused,
}

pub enum Answer {
    None,
    Refused,
    Holder(Box<(Holder, Driver)>),
}

pub fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Applied),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::NeverArrives),
        1 => (1..LATEST).prop_map(Fate::Late),
        1 => Just(Fate::Refused),
    ]
}

struct Object {
    holder: Holder,
    driver: Driver,
}

struct Container {
    uid: String,
    node: usize,
    /// How long it takes to end once it is told to.
    takes: i64,
    /// By when it ends, its pod being gone.
    ends_by: Option<i64>,
}

struct NodeState {
    ready: bool,
    since: i64,
}

pub struct World {
    pub now: i64,
    pub reachable: bool,
    /// The attempts of which a driver was started.
    pub started: BTreeSet<u32>,
    objects: BTreeMap<u32, Object>,
    containers: Vec<Container>,
    nodes: Vec<NodeState>,
    late: Vec<(i64, u32, HolderKind)>,
    uids: u32,
}

impl World {
    pub fn new() -> Self {
        let node = |_| NodeState {
            ready: true,
            since: 0,
        };
        Self {
            now: 1,
            reachable: true,
            started: BTreeSet::new(),
            objects: BTreeMap::new(),
            containers: Vec::new(),
            nodes: (0..NODES).map(node).collect(),
            late: Vec::new(),
            uids: 0,
        }
    }

    pub fn live(&self) -> usize {
        self.containers.len()
    }

    pub fn create(&mut self, attempt: u32, kind: HolderKind, fate: &Fate) -> Answer {
        if !self.reachable {
            return Answer::None;
        }
        match fate {
            Fate::Refused => return Answer::Refused,
            Fate::NeverArrives => return Answer::None,
            Fate::Late(by) => {
                self.late.push((self.now + by, attempt, kind));
                return Answer::None;
            }
            Fate::Applied | Fate::AnswerLost => {}
        }
        self.hold(attempt, kind);
        match (fate, self.look(attempt)) {
            (Fate::Applied, Some((holder, driver))) => Answer::Holder(Box::new((holder, driver))),
            _ => Answer::None,
        }
    }

    pub fn look(&self, attempt: u32) -> Option<(Holder, Driver)> {
        let found = self.objects.get(&attempt)?;
        Some((found.holder.clone(), found.driver.clone()))
    }

    pub fn node(&self, name: &str) -> Node {
        let node = &self.nodes[name.parse::<usize>().unwrap()];
        let since = at(node.since);
        if node.ready {
            Node::Ready { since }
        } else {
            Node::NotReady { since: Some(since) }
        }
    }

    pub fn delete(&mut self, attempt: u32, uid: &str) {
        if let Some(found) = self.objects.get_mut(&attempt)
            && found.holder.uid == uid
        {
            found.driver.deleting = true;
            let unbound = found.driver.node.is_none();
            if unbound || matches!(found.driver.phase, DriverPhase::Ended(_)) {
                self.objects.remove(&attempt);
            }
        }
    }

    /// The driver is bound to a node, and its container starts.
    pub fn start(&mut self, attempt: u32) {
        let on = usize::try_from(attempt).unwrap() % NODES;
        let Some(found) = self.objects.get_mut(&attempt) else {
            return;
        };
        let driver = found.holder.kind == HolderKind::Driver;
        let fresh = matches!(found.driver.phase, DriverPhase::Unseen);
        if driver && fresh && !found.driver.deleting && self.nodes[on].ready {
            found.driver.node = Some(on.to_string());
            found.driver.phase = DriverPhase::Running {
                since: at(self.now),
            };
            let uid = found.holder.uid.clone();
            self.containers.push(Container {
                uid,
                node: on,
                takes: grace_of(attempt),
                ends_by: None,
            });
            self.started.insert(attempt);
        }
    }

    pub fn end(&mut self, attempt: u32, code: i32) {
        let Some(found) = self.objects.get_mut(&attempt) else {
            return;
        };
        let uid = &found.holder.uid;
        let runs = self.containers.iter().find(|it| it.uid == *uid);
        if runs.is_some_and(|it| self.nodes[it.node].ready) {
            found.driver.phase = DriverPhase::Ended(Exit {
                code: Some(code),
                at: at(self.now),
                ..exit(0)
            });
            found.driver.pod_ended = true;
            self.containers.retain(|it| it.uid != *uid);
        }
    }

    pub fn disrupt(&mut self, attempt: u32) {
        if let Some(found) = self.objects.get_mut(&attempt) {
            found.driver.disruption = Some("EvictionByEvictionAPI".into());
            let uid = found.holder.uid.clone();
            self.delete(attempt, &uid);
        }
    }

    /// The object goes at once, and its container when its node hears of it.
    pub fn force(&mut self, attempt: u32) {
        self.objects.remove(&attempt);
    }

    pub fn lose(&mut self, node: usize) {
        self.turn(node, false);
    }

    pub fn recover(&mut self, node: usize) {
        self.turn(node, true);
    }

    pub fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.now += 1;
            self.deliver_late();
            self.tidy_nodes();
        }
    }

    fn turn(&mut self, node: usize, ready: bool) {
        let now = self.now;
        let node = &mut self.nodes[node];
        if node.ready != ready {
            *node = NodeState { ready, since: now };
        }
    }

    fn hold(&mut self, attempt: u32, kind: HolderKind) {
        self.uids += 1;
        let holder = Holder {
            uid: format!("uid-{}", self.uids),
            created_at: at(self.now),
            kind,
        };
        let driver = Driver {
            grace_period: u64::try_from(grace_of(attempt))
                .ok()
                .map(Duration::from_secs)
                .filter(|_| kind == HolderKind::Driver),
            ..Driver::default()
        };
        self.objects
            .entry(attempt)
            .or_insert(Object { holder, driver });
    }

    fn deliver_late(&mut self) {
        let now = self.now;
        let (due, late) = self.late.drain(..).partition(|(when, _, _)| *when <= now);
        self.late = late;
        let due: Vec<_> = due;
        for (_, attempt, kind) in due {
            self.hold(attempt, kind);
        }
    }

    /// Nodes that are there end what is to end; those lost for long have nothing alive.
    fn tidy_nodes(&mut self) {
        let now = self.now;
        let nodes = &self.nodes;
        self.containers
            .retain(|it| nodes[it.node].ready || now - nodes[it.node].since < DEAD);
        let bound = |found: &Object| {
            let node = found.driver.node.as_ref()?;
            Some(&nodes[node.parse::<usize>().unwrap()])
        };
        let (containers, mut ended) = (&mut self.containers, Vec::new());
        for (attempt, found) in &mut self.objects {
            let there = bound(found).is_some_and(|node| node.ready && now - node.since >= TIDY);
            if there && found.driver.deleting {
                containers.retain(|it| it.uid != found.holder.uid);
                ended.push(*attempt);
            }
        }
        for attempt in ended {
            self.objects.remove(&attempt);
        }
        let known: Vec<_> = self.objects.values().map(|it| &it.holder.uid).collect();
        self.containers.retain_mut(|it| {
            let node = &nodes[it.node];
            if known.contains(&&it.uid) || !node.ready {
                it.ends_by = None;
                return true;
            }
            now < *it
                .ends_by
                .get_or_insert(now.max(node.since + TIDY) + it.takes)
        });
        // A container that died with its node has ended, as its node tells once it is back.
        for found in self.objects.values_mut() {
            let runs = matches!(found.driver.phase, DriverPhase::Running { .. });
            let alive = self.containers.iter().any(|it| it.uid == found.holder.uid);
            let node = found.driver.node.as_ref();
            let there = node.is_some_and(|it| nodes[it.parse::<usize>().unwrap()].ready);
            if runs && !alive && there {
                found.driver.phase = DriverPhase::Ended(Exit {
                    code: Some(137),
                    at: at(now),
                    ..exit(0)
                });
                found.driver.pod_ended = true;
            }
        }
    }
}

fn grace_of(attempt: u32) -> i64 {
    if attempt % 2 == 1 { LONG_GRACE } else { 0 }
}
