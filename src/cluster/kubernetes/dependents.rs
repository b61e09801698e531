//! The objects that belong to a driver's pod: created once, under its uid. One that was made for
//! an earlier pod of the name goes first, as the garbage collector would have it.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource as _;
use kube::api::{DeleteParams, GetParams, PostParams, Preconditions};
use kube::core::Request as Paths;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::time::{Instant, sleep};

use super::client::{Client, Failure};
use super::refusal::{self, NotCreated, RACE_PAUSE};
use crate::cluster::{CreateError, DriverRef};
use crate::domain::job_run::decide::Refusal;
use crate::spark::driver_pod::Dependent;
use crate::spark::labels;

/// Creates `dependent`, which names its owner and carries its run's marks, unless it is there.
pub(super) async fn create(
    client: &Client,
    driver: &DriverRef,
    dependent: &Dependent,
    deadline: Instant,
) -> Result<(), CreateError> {
    let place = Place::of(dependent, &driver.namespace)
        .map_err(|error| CreateError::Refused(Refusal::Plan(error.to_string())))?;
    let named = format!("{} {}", place.kind, place.name);
    loop {
        let request =
            Paths::new(place.path.as_str()).create(&PostParams::default(), place.body.clone());
        let failure = match client.call::<IgnoredAny>(request, deadline).await {
            Ok(_) => return Ok(()),
            Err(failure) => failure,
        };
        let now = Timestamp::now();
        match refusal::of_creation(failure, client.silent_since(now), now) {
            // Rights, quotas and admission rules are asked before existence: what an earlier
            // creation made is there whatever they say now.
            NotCreated::Final(CreateError::Refused(
                refusal @ (Refusal::Full(_) | Refusal::Forbidden(_) | Refusal::Invalid(_)),
            )) => {
                let taken = place.holder(client, dependent.metadata(), deadline).await;
                return match taken {
                    Ok(Holder::Same) => Ok(()),
                    Ok(Holder::Nobody | Holder::Earlier(_) | Holder::Foreign)
                    | Err(Failure::Rejected(_)) => Err(CreateError::Refused(refusal).about(&named)),
                    Err(failure @ (Failure::Unsent(_) | Failure::Unanswered(_))) => {
                        Err(open(failure).about(&named))
                    }
                };
            }
            NotCreated::Final(error) => return Err(error.about(&named)),
            NotCreated::QuotaRace(why) => {
                if Instant::now() + RACE_PAUSE >= deadline {
                    return Err(CreateError::Refused(Refusal::Full(why)).about(&named));
                }
            }
            NotCreated::NameTaken => {
                let taken = place.holder(client, dependent.metadata(), deadline).await;
                match taken.map_err(|failure| open(failure).about(&named))? {
                    Holder::Same => return Ok(()),
                    Holder::Nobody => {}
                    Holder::Earlier(uid) => place
                        .remove(client, &uid, deadline)
                        .await
                        .map_err(|failure| open(failure).about(&named))?,
                    Holder::Foreign => {
                        let why = "it exists and is not this run's".to_owned();
                        return Err(CreateError::Refused(Refusal::Invalid(why)).about(&named));
                    }
                }
            }
        }
        sleep(RACE_PAUSE).await;
    }
}

/// Where a dependent is created, and as what.
struct Place {
    kind: &'static str,
    name: String,
    path: String,
    body: Vec<u8>,
}

/// What has a dependent's name.
enum Holder {
    Nobody,
    /// The very object, of the same pod.
    Same,
    /// That of a pod which had the driver's name before.
    Earlier(String),
    Foreign,
}

#[derive(Deserialize)]
struct Object {
    metadata: ObjectMeta,
}

impl Place {
    fn of(dependent: &Dependent, namespace: &str) -> Result<Self, serde_json::Error> {
        let namespace = Some(namespace);
        let (kind, path, body) = match dependent {
            Dependent::Secret(object) => (
                "Secret",
                Secret::url_path(&(), namespace),
                serde_json::to_vec(object),
            ),
            Dependent::Service(object) => (
                "Service",
                Service::url_path(&(), namespace),
                serde_json::to_vec(object),
            ),
            Dependent::NetworkPolicy(object) => (
                "NetworkPolicy",
                NetworkPolicy::url_path(&(), namespace),
                serde_json::to_vec(object),
            ),
            Dependent::PersistentVolumeClaim(object) => (
                "PersistentVolumeClaim",
                PersistentVolumeClaim::url_path(&(), namespace),
                serde_json::to_vec(object),
            ),
            Dependent::ConfigMap(object) => (
                "ConfigMap",
                ConfigMap::url_path(&(), namespace),
                serde_json::to_vec(object),
            ),
        };
        Ok(Self {
            kind,
            name: dependent.metadata().name.clone().unwrap_or_default(),
            path,
            body: body?,
        })
    }

    async fn holder(
        &self,
        client: &Client,
        wanted: &ObjectMeta,
        deadline: Instant,
    ) -> Result<Holder, Failure> {
        let request = Paths::new(self.path.as_str()).get(&self.name, &GetParams::default());
        let found = match client.call::<Object>(request, deadline).await {
            Ok(object) => object.metadata,
            Err(Failure::Rejected(no)) if no.has_reason("NotFound") => return Ok(Holder::Nobody),
            Err(failure) => return Err(failure),
        };
        let mark = |of: &ObjectMeta, key: &str| {
            let labels = of.labels.as_ref();
            labels.and_then(|labels| labels.get(key)).cloned()
        };
        let ours = [labels::INSTALLATION, labels::JOB_RUN, labels::ATTEMPT]
            .iter()
            .all(|key| mark(&found, key) == mark(wanted, key));
        let owner = |of: &ObjectMeta| {
            let owner = of.owner_references.iter().flatten().next();
            owner.map(|owner| owner.uid.clone())
        };
        Ok(match (ours, &found.uid) {
            (false, _) | (_, None) => Holder::Foreign,
            (true, Some(_)) if owner(&found) == owner(wanted) => Holder::Same,
            (true, Some(uid)) => Holder::Earlier(uid.clone()),
        })
    }

    async fn remove(&self, client: &Client, uid: &str, deadline: Instant) -> Result<(), Failure> {
        let params = DeleteParams::default().preconditions(Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        });
        let request = Paths::new(self.path.as_str()).delete(&self.name, &params);
        match client.call::<IgnoredAny>(request, deadline).await {
            Ok(_) => Ok(()),
            Err(Failure::Rejected(no))
                if no.has_reason("NotFound") || no.has_reason("Conflict") =>
            {
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }
}

/// What has the name could not be read or removed: a right is missing, or there is no answer.
fn open(failure: Failure) -> CreateError {
    match failure {
        Failure::Rejected(no) if no.has_reason("Forbidden") => {
            CreateError::Refused(Refusal::Forbidden(no.message()))
        }
        failure @ (Failure::Rejected(_) | Failure::Unsent(_) | Failure::Unanswered(_)) => {
            CreateError::Unanswered(refusal::of_request(failure).to_string())
        }
    }
}

impl CreateError {
    /// The same, with the name of the object that it is about.
    fn about(self, object: &str) -> Self {
        let named = |why: String| format!("{object}: {why}");
        match self {
            Self::Refused(refusal) => Self::Refused(match refusal {
                Refusal::Plan(why) => Refusal::Plan(named(why)),
                Refusal::Invalid(why) => Refusal::Invalid(named(why)),
                Refusal::Full(why) => Refusal::Full(named(why)),
                Refusal::Forbidden(why) => Refusal::Forbidden(named(why)),
                Refusal::Unreachable { since, error } => Refusal::Unreachable {
                    since,
                    error: named(error),
                },
                Refusal::Unprepared(why) => Refusal::Unprepared(named(why)),
                Refusal::Busy => Refusal::Busy,
                Refusal::NamespaceMissing => Refusal::NamespaceMissing,
                Refusal::Replaced => Refusal::Replaced,
                Refusal::NoSlot { limit } => Refusal::NoSlot { limit },
            }),
            Self::Unanswered(error) => Self::Unanswered(named(error)),
            Self::Incomplete { .. } => self,
        }
    }
}
