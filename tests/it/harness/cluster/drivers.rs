//! The drivers of the scripted cluster: what happens to them, and what was done about them.

use firesteel::cluster::Event;
use firesteel::domain::job_run::{Driver, DriverPhase, Exit, HolderKind, Waiting};
use jiff::Timestamp;

use super::{Call, FakeCluster};

/// Of the first attempt.
pub fn driver_name(run: &str) -> String {
    format!("spark-{run}-driver")
}

pub fn driver_name_of(run: &str, attempt: u32) -> String {
    match attempt {
        1 => driver_name(run),
        later => format!("{}-{later}", driver_name(run)),
    }
}

pub fn exit(code: i32) -> Exit {
    Exit {
        code: Some(code),
        reason: None,
        message: None,
        started_at: Some(Timestamp::now()),
        at: Timestamp::now(),
    }
}

pub fn running() -> DriverPhase {
    let since = Timestamp::now();
    DriverPhase::Running { since }
}

pub fn waiting(reason: &str, message: &str) -> DriverPhase {
    DriverPhase::Waiting {
        since: Timestamp::now(),
        why: Some(Waiting {
            reason: reason.to_owned(),
            message: Some(message.to_owned()),
        }),
    }
}

impl FakeCluster {
    /// The latest driver of `run` is in this phase from now on, and its pod has ended where it has;
    /// those who watch hear of it.
    pub fn set_phase(&self, run: &str, phase: DriverPhase) {
        self.change(run, |driver| {
            driver.pod_ended = matches!(phase, DriverPhase::Ended(_));
            driver.phase = phase;
        });
    }

    /// The latest driver of `run` ended, and a container beside it runs on.
    pub fn end_before_its_pod(&self, run: &str, exit: Exit) {
        self.change(run, |driver| driver.phase = DriverPhase::Ended(exit));
    }

    pub fn set_node(&self, run: &str, node: &str) {
        self.change(run, |driver| driver.node = Some(node.to_owned()));
    }

    /// The platform ends the latest driver of `run` for this reason.
    pub fn disrupt(&self, run: &str, reason: &str) {
        self.change(run, |driver| driver.disruption = Some(reason.to_owned()));
    }

    fn change(&self, run: &str, change: impl FnOnce(&mut Driver)) {
        let mut world = self.world();
        let drivers = world.objects.values_mut();
        let held = drivers
            .filter(|seen| seen.job_run.as_str() == run)
            .max_by_key(|seen| seen.attempt)
            .expect("a driver exists");
        change(&mut held.driver);
        let seen = held.clone();
        world.tell(Event::Changed(seen));
    }

    /// Somebody who is not Firesteel deletes the object of the latest driver.
    pub fn remove(&self, run: &str) {
        let mut world = self.world();
        let objects = world.objects.values();
        let latest = objects
            .filter(|seen| seen.job_run.as_str() == run)
            .max_by_key(|seen| seen.attempt);
        if let Some(name) = latest.map(|seen| seen.name.clone()) {
            world.remove(&name);
        }
    }

    /// Who holds the name of the first driver.
    pub fn holder(&self, run: &str) -> Option<HolderKind> {
        self.holder_of(run, 1)
    }

    pub fn holder_of(&self, run: &str, attempt: u32) -> Option<HolderKind> {
        let world = self.world();
        let held = world.objects.get(&driver_name_of(run, attempt));
        held.map(|seen| seen.holder.kind)
    }

    /// How many first drivers of `run` were ever created.
    pub fn drivers_created(&self, run: &str) -> usize {
        self.drivers_created_of(run, 1)
    }

    pub fn drivers_created_of(&self, run: &str, attempt: u32) -> usize {
        let name = driver_name_of(run, attempt);
        let world = self.world();
        world.created.iter().filter(|(of, _)| *of == name).count()
    }

    /// How often a call was made for the first driver of `run`.
    pub fn calls(&self, call: Call, run: &str) -> usize {
        self.calls_of(call, run, 1)
    }

    pub fn calls_of(&self, call: Call, run: &str, attempt: u32) -> usize {
        let called = (call, driver_name_of(run, attempt));
        let world = self.world();
        world.calls.iter().filter(|made| **made == called).count()
    }
}
