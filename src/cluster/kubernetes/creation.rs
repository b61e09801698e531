//! A driver's creation: its pod, whose name is the lock, then what belongs to it, under the pod's
//! uid. Each part may be sent again without harm, and the driver counts as created once all of
//! them exist.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{GetParams, PostParams};
use tokio::time::{Instant, sleep};

use super::client::Failure;
use super::refusal::{self, NotCreated, RACE_PAUSE};
use super::{KubernetesCluster, accounts, dependents, pod_status, pods};
use crate::cluster::{CreateError, DriverRef, Seen};
use crate::domain::job_run::decide::Refusal;
use crate::domain::job_run::{DriverPhase, HolderKind};
use crate::spark::Plan;
use crate::spark::driver_pod::{self, BuildError, Choice, Layout, Objects, Texts};

/// Who has a driver's name at this moment.
pub(super) enum NameHolder {
    Nobody,
    Ours(Box<Held>),
    Foreign,
}

/// An object of ours that has a driver's name.
pub(super) struct Held {
    pub seen: Seen,
    /// What a driver's pod expects to find beside it.
    layout: Layout,
}

impl Held {
    /// A container starts only with its conf folder, whose map is created after all the rest.
    pub(super) fn waits_for_a_map(&self) -> bool {
        let started = matches!(self.seen.driver.phase, DriverPhase::Running { .. });
        self.layout == Layout::Classic && wants_parts(&self.seen) && !started
    }
}

impl KubernetesCluster {
    /// Refuses what can never be a driver before anything is sent. Answers with the reason for the
    /// layout where it is not the usual one.
    pub(super) fn check(
        &self,
        driver: &DriverRef,
        plan: &Plan,
        texts: &Texts,
    ) -> Result<Vec<String>, Refusal> {
        let choice = self.choose_layout(plan, texts).map_err(of_plan)?;
        self.objects(driver, plan, texts, choice.layout)
            .map_err(of_plan)?;
        Ok(choice.reason.into_iter().collect())
    }

    /// Creates the driver, or makes the one complete that has its name.
    pub(super) async fn create_whole(
        &self,
        driver: &DriverRef,
        plan: &Plan,
        texts: &Texts,
    ) -> Result<Seen, CreateError> {
        let refused = |error| CreateError::Refused(of_plan(error));
        let choice = self.choose_layout(plan, texts).map_err(refused)?;
        let mut objects = self
            .objects(driver, plan, texts, choice.layout)
            .map_err(refused)?;
        let deadline = self.client.deadline();
        let own_accounts = driver_pod::own_accounts(plan, &self.pod);
        if let Some(own) = own_accounts {
            accounts::ensure(self, &driver.namespace, own, deadline).await?;
        }
        let mut taken = self.take_name(driver, &objects.pod, deadline).await;
        if let (Some(own), Err(CreateError::Refused(Refusal::Invalid(why)))) =
            (own_accounts, &taken)
            && accounts::is_missing(own, why)
        {
            // Somebody deleted it since.
            self.accounts.forget(&driver.namespace, own);
            accounts::ensure(self, &driver.namespace, own, deadline).await?;
            taken = self.take_name(driver, &objects.pod, deadline).await;
        }
        let held = taken?;
        if held.layout != choice.layout && wants_parts(&held.seen) {
            // It was created when the configuration was another.
            objects = match self.objects(driver, plan, texts, held.layout) {
                Ok(objects) => objects,
                Err(error) => return Err(incomplete(&held.seen, of_plan(error))),
            };
        }
        self.add_dependents(driver, objects, held.seen, deadline)
            .await
    }

    /// Creates what the driver `seen` lacks, if that still has the name.
    pub(super) async fn complete_found(
        &self,
        driver: &DriverRef,
        plan: &Plan,
        texts: &Texts,
        seen: Seen,
    ) -> Result<Seen, CreateError> {
        let deadline = self.client.deadline();
        let held = match self.holder(driver, deadline).await {
            Ok(NameHolder::Ours(held)) => held,
            // The next look tells.
            Ok(NameHolder::Nobody | NameHolder::Foreign) => return Ok(seen),
            Err(failure) => return Err(unanswered(failure)),
        };
        let objects = match self.objects(driver, plan, texts, held.layout) {
            Ok(objects) => objects,
            Err(error) => return Err(incomplete(&held.seen, of_plan(error))),
        };
        self.add_dependents(driver, objects, held.seen, deadline)
            .await
    }

    /// Creates `pod`, which has the driver's name; where that is taken, answers with what has it.
    pub(super) async fn take_name(
        &self,
        driver: &DriverRef,
        pod: &Pod,
        deadline: Instant,
    ) -> Result<Held, CreateError> {
        let body = serde_json::to_vec(pod)
            .map_err(|error| CreateError::Refused(Refusal::Plan(error.to_string())))?;
        loop {
            let request = pods(&driver.namespace).create(&PostParams::default(), body.clone());
            let failure = match self.client.call::<Pod>(request, deadline).await {
                Ok(created) => {
                    let layout = Layout::of(pod);
                    return match pod_status::seen(&created, &self.installation) {
                        Some(seen) => Ok(Held { seen, layout }),
                        None => Err(CreateError::Unanswered(
                            "the cluster changed the driver's marks".to_owned(),
                        )),
                    };
                }
                Err(failure) => failure,
            };
            let now = Timestamp::now();
            match refusal::of_creation(failure, self.client.silent_since(now), now) {
                NotCreated::Final(error) => return Err(error),
                NotCreated::NameTaken => match self.holder(driver, deadline).await {
                    Ok(NameHolder::Ours(held)) => return Ok(*held),
                    Ok(NameHolder::Foreign) => {
                        return Err(CreateError::Refused(Refusal::Invalid(foreign(driver))));
                    }
                    Ok(NameHolder::Nobody) => {}
                    // What has the name may be the driver of an earlier request.
                    Err(failure) => return Err(unanswered(failure)),
                },
                NotCreated::QuotaRace(why) => {
                    if Instant::now() + RACE_PAUSE >= deadline {
                        return Err(CreateError::Refused(Refusal::Full(why)));
                    }
                }
            }
            sleep(RACE_PAUSE).await;
        }
    }

    pub(super) async fn holder(
        &self,
        driver: &DriverRef,
        deadline: Instant,
    ) -> Result<NameHolder, Failure> {
        let request = pods(&driver.namespace).get(&driver.name, &GetParams::default());
        match self.client.call::<Pod>(request, deadline).await {
            Ok(pod) => Ok(match pod_status::seen(&pod, &self.installation) {
                Some(seen) => NameHolder::Ours(Box::new(Held {
                    seen,
                    layout: Layout::of(&pod),
                })),
                None => NameHolder::Foreign,
            }),
            Err(Failure::Rejected(no)) if no.says_absent("pods", &driver.name) => {
                Ok(NameHolder::Nobody)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Creates the dependents of the pod that was `seen`, each if it is not there.
    async fn add_dependents(
        &self,
        driver: &DriverRef,
        mut objects: Objects,
        seen: Seen,
        deadline: Instant,
    ) -> Result<Seen, CreateError> {
        if !wants_parts(&seen) {
            return Ok(seen);
        }
        objects.owned_by(&seen.holder.uid);
        for dependent in &objects.dependents {
            let created = dependents::create(&self.client, driver, dependent, deadline).await;
            match created {
                Ok(()) => {}
                Err(CreateError::Refused(refusal)) => return Err(incomplete(&seen, refusal)),
                Err(error) => return Err(error),
            }
        }
        Ok(seen)
    }

    fn choose_layout(&self, plan: &Plan, texts: &Texts) -> Result<Choice, BuildError> {
        driver_pod::choose(plan, texts, self.pod.layout)
    }

    fn objects(
        &self,
        driver: &DriverRef,
        plan: &Plan,
        texts: &Texts,
        layout: Layout,
    ) -> Result<Objects, BuildError> {
        driver_pod::of_job_run(plan, &self.identity_of(driver), &self.pod, layout, texts)
    }
}

pub(super) fn foreign(driver: &DriverRef) -> String {
    format!(
        "pod {} of namespace {} exists and is not this installation's",
        driver.name, driver.namespace
    )
}

/// Whether the holder is a driver that has not come to its end.
fn wants_parts(seen: &Seen) -> bool {
    seen.holder.kind == HolderKind::Driver
        && !seen.driver.deleting
        && !matches!(seen.driver.phase, DriverPhase::Ended(_))
}

fn incomplete(seen: &Seen, refusal: Refusal) -> CreateError {
    CreateError::Incomplete {
        since: seen.holder.created_at,
        refusal,
    }
}

fn unanswered(failure: Failure) -> CreateError {
    CreateError::Unanswered(refusal::of_request(failure).to_string())
}

fn of_plan(error: BuildError) -> Refusal {
    Refusal::Plan(error.to_string())
}
