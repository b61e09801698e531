//! Two workers that may stop, sleep or die at any moment, on a store with leases and a cluster that
//! applies, loses or delays what it is sent: never two live drivers, and every run comes to its end
//! once the faults do.

mod cluster;
mod ops;
mod store;
mod verdict;

use proptest::prelude::*;

use self::cluster::{Answer, Fate, World};
use self::ops::{Op, any_op};
use self::store::Store;
use super::*;

/// How long a claim holds.
const LEASE: i64 = 30;
const REQUEST: i64 = 10;
const NODES: usize = 2;

/// A claim, and how far its holder has come.
struct Held {
    token: u64,
    claimed_at: i64,
    facts: Facts,
    part: Part,
}

enum Part {
    Decide,
    Act(Step),
    Send {
        attempt: u32,
        kind: HolderKind,
    },
    Record {
        attempt: u32,
        kind: HolderKind,
        answer: Answer,
    },
    RecordLook {
        attempt: u32,
        uid: String,
        seen: Driver,
        look: Look,
    },
    RecordDelete {
        attempt: u32,
    },
    RecordSweep {
        attempt: u32,
    },
}

struct Model {
    store: Store,
    world: World,
    workers: [Option<Held>; 2],
    contact: Contact,
}

impl Model {
    fn new(max_attempts: i32) -> Self {
        let run = JobRun {
            max_attempts: Some(max_attempts),
            ..run(State::Pending)
        };
        Self {
            store: Store {
                run,
                attempts: Vec::new(),
                lease: None,
                tokens: 0,
                forgotten: false,
            },
            world: World::new(),
            workers: [None, None],
            contact: Contact::Answers { since: at(0) },
        }
    }

    fn now(&self) -> i64 {
        self.world.now
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Tick(seconds) => {
                self.world.pass(*seconds);
            }
            Op::Work { worker, fate } => self.work(*worker, fate),
            Op::Crash { worker } => self.workers[*worker] = None,
            Op::Observe { attempt } => self.observe(*attempt),
            Op::Start { attempt } => self.world.start(*attempt),
            Op::End { attempt, code } => self.world.end(*attempt, *code),
            Op::Disrupt { attempt } if self.is_recorded(*attempt) => self.world.disrupt(*attempt),
            Op::Force { attempt } if self.is_recorded(*attempt) && !self.is_under_way(*attempt) => {
                self.world.force(*attempt);
            }
            Op::Disrupt { .. } | Op::Force { .. } => {}
            Op::Lose { node } => self.world.lose(*node),
            Op::Recover { node } => self.world.recover(*node),
            Op::Reach(reachable) => {
                self.world.reachable = *reachable;
                self.contact = match (&self.contact, reachable) {
                    (Contact::Silent { .. }, true) => Contact::Answers {
                        since: at(self.now()),
                    },
                    (Contact::Answers { .. }, false) => Contact::Silent {
                        since: at(self.now()),
                    },
                    (known, _) => known.clone(),
                };
            }
            Op::Cancel => {
                if matches!(
                    self.store.run.state,
                    State::Pending | State::Submitted | State::Running
                ) {
                    self.store.run.state = State::CancelPending;
                    self.store.run.cancel_requested_at = Some(at(self.now()));
                }
            }
        }
    }

    /// Nothing helps against who deletes a driver by force in the moment before its creation is
    /// recorded: it is asked for again.
    fn is_recorded(&self, number: u32) -> bool {
        let known = self.store.attempts.iter().find(|it| it.number == number);
        let holder = known.and_then(|it| it.holder.as_ref());
        let found = self.world.look(number).map(|(found, _)| found.uid);
        holder.is_some_and(|holder| found.as_ref() == Some(&holder.uid))
    }

    /// Nor where another creation of the name, whose answer is lost, arrives just then.
    fn is_under_way(&self, number: u32) -> bool {
        let mut known = self.store.attempts.iter();
        known.any(|it| it.number == number && it.unanswered > 0)
    }

    fn observe(&mut self, number: u32) {
        if !self.world.reachable {
            return;
        }
        let now = self.now();
        let Some(holder) = self.store.of(number).and_then(|it| it.holder.clone()) else {
            return;
        };
        let seen = match self.world.look(number) {
            Some((found, driver)) if found.uid == holder.uid => driver,
            Some(_) | None => Driver {
                gone_at: Some(at(now)),
                ..Driver::default()
            },
        };
        self.store.see(number, &holder.uid, &seen, now);
    }

    fn work(&mut self, worker: usize, fate: &Fate) {
        let now = self.now();
        let Some(mut held) = self.workers[worker].take() else {
            self.workers[worker] = self.store.claim(now).map(|token| Held {
                token,
                claimed_at: now,
                facts: Facts::default(),
                part: Part::Decide,
            });
            return;
        };
        let part = std::mem::replace(&mut held.part, Part::Decide);
        let writes = !matches!(part, Part::Send { .. });
        if writes && !self.store.holds(held.token, now) {
            return;
        }
        if self.go_on(&mut held, part, fate) {
            self.workers[worker] = Some(held);
        } else if self.store.holds(held.token, now) {
            self.store.lease = None;
        }
    }

    /// Whether the pass goes on.
    fn go_on(&mut self, held: &mut Held, part: Part, fate: &Fate) -> bool {
        let now = self.now();
        let lasts = now - held.claimed_at + REQUEST < LEASE;
        match part {
            Part::Decide => {
                held.facts.contact = self.contact.clone();
                let (run, attempts) = (&self.store.run, &self.store.attempts);
                held.part = Part::Act(decide(run, attempts, &held.facts, at(now), &policy()));
                true
            }
            Part::Act(step) => self.act(held, step, lasts),
            // The lease is asked for once more only by the clock of the holder, who may sleep now.
            Part::Send { attempt, kind } => {
                let too_late = now - held.claimed_at > cluster::LATEST;
                let fate = if too_late { &Fate::NeverArrives } else { fate };
                let answer = self.world.create(attempt, kind, fate);
                held.part = Part::Record {
                    attempt,
                    kind,
                    answer,
                };
                true
            }
            Part::Record {
                attempt,
                kind,
                answer,
            } => self.record(held, attempt, kind, answer),
            Part::RecordLook {
                attempt,
                uid,
                seen,
                look,
            } => {
                let holder = self.store.of(attempt).and_then(|it| it.holder.clone());
                if holder.is_some_and(|it| it.kind == HolderKind::Driver) {
                    self.store.see(attempt, &uid, &seen, now);
                }
                held.facts.looks.insert(attempt, look);
                true
            }
            Part::RecordDelete { attempt } => {
                self.store
                    .of(attempt)
                    .expect("it is known")
                    .delete_requested_at = Some(at(now));
                held.facts.outdate();
                true
            }
            Part::RecordSweep { attempt } => {
                self.store.of(attempt).expect("it is known").swept = true;
                true
            }
        }
    }

    fn act(&mut self, held: &mut Held, step: Step, lasts: bool) -> bool {
        let now = self.now();
        let reachable = self.world.reachable;
        let attempts = self.store.attempts.clone();
        let mut send = |attempt, kind| {
            let begun = reachable && lasts && self.store.begin(attempt);
            held.part = Part::Send { attempt, kind };
            begun
        };
        match step {
            Step::Submit { attempt } => {
                let used = attempts
                    .iter()
                    .any(|it| it.number == attempt && it.holder.is_some());
                assert!(!used, "a number is used twice");
                send(attempt, HolderKind::Driver)
            }
            Step::Occupy { attempt } => send(attempt, HolderKind::Tombstone),
            Step::Look { attempt } => {
                reachable && {
                    let known = self.store.of(attempt).expect("it is known");
                    let (uid, node) = (
                        known.holder.clone().expect("it is held").uid,
                        known.driver.node.clone(),
                    );
                    let gone = Driver {
                        gone_at: Some(at(now)),
                        ..Driver::default()
                    };
                    let state = |node: Option<String>| node.map(|node| self.world.node(&node));
                    let (seen, look) = match self.world.look(attempt) {
                        None => (gone, Look::Absent { node: state(node) }),
                        Some((holder, driver)) if holder.uid == uid => {
                            let node = driver.node.clone().filter(|_| driver.deleting);
                            (driver, Look::Found { node: state(node) })
                        }
                        Some((holder, _)) => (gone, Look::Stray { uid: holder.uid }),
                    };
                    held.part = Part::RecordLook {
                        attempt,
                        uid,
                        seen,
                        look,
                    };
                    true
                }
            }
            Step::Inquire => {
                held.facts.inquiry = Inquiry::Made(Evidence::default());
                true
            }
            Step::AskForExecutors => {
                held.facts.hanging_executors = Some(Vec::new());
                true
            }
            Step::Delete { attempt, uid } => {
                reachable && {
                    self.world.delete(attempt, &uid);
                    held.part = Part::RecordDelete { attempt };
                    true
                }
            }
            Step::DeleteStray { attempt, uid } => {
                if reachable {
                    self.world.delete(attempt, &uid);
                }
                false
            }
            Step::Sweep { attempt } => {
                reachable && {
                    held.part = Part::RecordSweep { attempt };
                    true
                }
            }
            Step::Advance { to } => {
                let state = &mut self.store.run.state;
                if matches!(state, State::Pending | State::Submitted) {
                    *state = to;
                }
                true
            }
            Step::Condemn(verdict) => {
                let last = self.store.attempts.last_mut().expect("it is known");
                last.verdict.get_or_insert(verdict);
                true
            }
            Step::Close(failure) => {
                let last = self.store.attempts.last_mut().expect("it is known");
                last.failure = Some(failure);
                last.closed_at = Some(at(now));
                held.facts.outdate();
                true
            }
            Step::Finish(finish) => {
                self.store.finish(&finish, now);
                held.facts.outdate();
                true
            }
            Step::Removed { attempt } => {
                self.store.of(attempt).expect("it is known").removed = true;
                true
            }
            Step::Forget => {
                assert!(self.store.run.state.is_terminal());
                self.store.forgotten = true;
                false
            }
            Step::Wait { .. } => false,
        }
    }

    fn record(&mut self, held: &mut Held, number: u32, kind: HolderKind, answer: Answer) -> bool {
        let now = self.now();
        let open =
            !self.store.run.state.is_terminal() && self.store.run.state != State::CancelPending;
        let known = self.store.of(number).expect("it was begun");
        let found = match answer {
            Answer::None => return false,
            Answer::Refused => {
                // A refusal says nothing of a creation before.
                let earlier = known.unanswered > 1;
                match self
                    .world
                    .look(number)
                    .filter(|_| earlier && self.world.reachable)
                {
                    Some(found) => found,
                    None => {
                        known.unanswered -= 1;
                        held.facts.refusal = Some(Refusal::Full("quota".into()));
                        if kind == HolderKind::Tombstone {
                            held.facts.names_refused.insert(number);
                        }
                        return true;
                    }
                }
            }
            Answer::Holder(found) => *found,
        };
        let (holder, driver) = found;
        let lost = held.facts.looks.remove(&number);
        held.facts.outdate();
        if kind == HolderKind::Tombstone
            && holder.kind == HolderKind::Driver
            && open
            && known.holder.is_none()
            && known.verdict.is_none()
        {
            return true;
        }
        known.unanswered = known.unanswered.saturating_sub(1);
        if kind == HolderKind::Tombstone {
            held.facts.names_refused.insert(number);
        }
        let free = match &known.holder {
            None => true,
            Some(before) => {
                holder.kind == HolderKind::Tombstone
                    && before.kind == HolderKind::Driver
                    && known.driver.gone_at.is_some()
            }
        };
        match &known.holder {
            Some(before) if before.uid != holder.uid && holder.kind == HolderKind::Driver => {
                let uid = holder.uid.clone();
                held.facts.looks.insert(number, Look::Stray { uid });
            }
            Some(_) | None => {
                if let Some(look @ Look::Absent { node: Some(_) }) = lost
                    && holder.kind == HolderKind::Tombstone
                {
                    held.facts.looks.insert(number, look);
                }
            }
        }
        if free {
            let uid = holder.uid.clone();
            known.holder = Some(holder);
            self.store.see(number, &uid, &driver, now);
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_run_has_one_driver_at_a_time_and_comes_to_its_end(
        max_attempts in 1..4u32,
        ops in prop::collection::vec(any_op(), 1..250),
    ) {
        let mut model = Model::new(i32::try_from(max_attempts).unwrap());
        let mut ended = None;
        for op in &ops {
            model.apply(op);
            model.check(max_attempts, ended)?;
            ended = ended.or(Some(model.store.run.state).filter(|state| state.is_terminal()));
        }
        model.come_to_an_end();
        model.check(max_attempts, ended)?;
        prop_assert!(model.store.run.state.is_terminal(), "the run is {}", model.store.run.state);
        prop_assert!(model.store.forgotten, "something is left to do for ever");
        prop_assert_eq!(model.world.live(), 0);
    }
}
