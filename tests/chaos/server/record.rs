//! What really happened: every creation, and the life of every container, lost nodes' included.

use std::collections::BTreeMap;
use std::time::Instant;

/// One driver that the server created.
#[derive(Clone, Debug)]
pub struct Life {
    pub run: String,
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub started: Option<Instant>,
    pub ended: Option<Instant>,
    pub exit: Option<i64>,
    /// It will never start: its object is gone, or nobody takes it.
    pub barred: bool,
}

impl Life {
    fn may_live(&self) -> bool {
        self.ended.is_none() && !self.barred
    }

    fn is_alive(&self) -> bool {
        self.started.is_some() && self.ended.is_none()
    }
}

/// The server's own account, which no fault touches.
pub struct Record {
    begun: Instant,
    pub lives: Vec<Life>,
    pub violations: Vec<String>,
    /// The most drivers of a namespace that may be alive at once, where there is a limit.
    pub limits: BTreeMap<String, usize>,
    /// What happened to each name, in the order of time.
    story: BTreeMap<String, Vec<String>>,
}

impl Record {
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            lives: Vec::new(),
            violations: Vec::new(),
            limits: BTreeMap::new(),
            story: BTreeMap::new(),
        }
    }

    pub fn tell(&mut self, run: &str, what: &str) {
        let at = self.begun.elapsed().as_secs_f64();
        let story = self.story.entry(run.to_owned()).or_default();
        story.push(format!("{at:9.3} {what}"));
    }

    pub fn story(&self, run: &str) -> String {
        self.story
            .get(run)
            .map(|lines| lines.join("\n"))
            .unwrap_or_default()
    }

    /// A driver's object exists now.
    pub fn created(&mut self, life: Life) {
        self.tell(
            &life.run,
            &format!("created {} uid {}", life.name, life.uid),
        );
        let living = self
            .lives
            .iter()
            .find(|other| other.run == life.run && other.may_live());
        if let Some(other) = living {
            let violation = if other.name == life.name {
                format!("{} was created again while it may live", life.name)
            } else {
                format!("{} was created while {} may live", life.name, other.name)
            };
            self.violate(&life.run, violation);
        }
        self.lives.push(life);
    }

    pub fn started(&mut self, uid: &str) {
        let Some(place) = self.lives.iter().position(|life| life.uid == uid) else {
            return;
        };
        let Life { run, name, .. } = self.lives[place].clone();
        self.tell(&run, &format!("{name} runs"));
        if let Some(other) = self
            .lives
            .iter()
            .find(|other| other.run == run && other.is_alive())
        {
            let violation = format!("{name} runs beside {}", other.name);
            self.violate(&run, violation);
        }
        self.lives[place].started = Some(Instant::now());
        let namespace = self.lives[place].namespace.clone();
        let alive = self
            .lives
            .iter()
            .filter(|life| life.namespace == namespace && life.is_alive());
        let alive = alive.count();
        if let Some(limit) = self.limits.get(&namespace)
            && alive > *limit
        {
            self.violate(
                &run,
                format!("{alive} drivers are alive in {namespace}, of {limit}"),
            );
        }
    }

    pub fn ended(&mut self, uid: &str, exit: i64) {
        let Some(life) = self.lives.iter_mut().find(|life| life.uid == uid) else {
            return;
        };
        if life.ended.is_some() {
            return;
        }
        life.ended = Some(Instant::now());
        life.exit = Some(exit);
        let (run, name) = (life.run.clone(), life.name.clone());
        self.tell(&run, &format!("{name} ended with {exit}"));
    }

    /// What never started never will.
    pub fn barred(&mut self, uid: &str) {
        if let Some(life) = self.lives.iter_mut().find(|life| life.uid == uid)
            && life.started.is_none()
        {
            life.barred = true;
        }
    }

    pub fn violate(&mut self, run: &str, violation: String) {
        self.tell(run, &format!("VIOLATION {violation}"));
        self.violations.push(format!("{run}: {violation}"));
    }

    /// The drivers of a run, in the order of their creation.
    pub fn of(&self, run: &str) -> impl Iterator<Item = &Life> {
        self.lives.iter().filter(move |life| life.run == run)
    }
}
