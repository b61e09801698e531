//! Names and times of a submission that are given instead of drawn.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::spark::Plan;
use crate::spark::driver_pod::names::{Names, Uniques, unique_id};

/// Those that a file gives. Its other members have no meaning here.
#[derive(Default, Deserialize)]
pub(super) struct Ids {
    pub app_id: Option<String>,
    driver_pod_name: Option<String>,
    service_name: Option<String>,
    driver_conf_map_name: Option<String>,
    #[serde(rename = "spark.app.submitTime")]
    pub submit_time: Option<String>,
    /// The pod's uid; without it nobody owns the other objects.
    #[serde(rename = "driver_pod_uid_returned")]
    pub pod_uid: Option<String>,
    /// Names of further objects, which begin with the same prefix.
    #[serde(default)]
    extra_objects: BTreeMap<String, String>,
}

/// What names end with that begin with the resource name prefix.
const ENDS: [&str; 7] = [
    "-policy",
    "-hadoop-config",
    "-krb5-file",
    "-driver-podspec-conf-map",
    "-kubernetes-credentials",
    "-delegation-tokens",
    "-kerberos-keytab",
];

impl Ids {
    pub(super) fn names(&self, plan: &Plan) -> Names {
        let uniques = uniques();
        let mut names = match self.prefix(plan) {
            Some(prefix) => Names::with_prefix(plan, prefix, &uniques),
            None => Names::of_submission(plan, &uniques),
        };
        for (name, given) in [
            (&mut names.pod, &self.driver_pod_name),
            (&mut names.service, &self.service_name),
            (&mut names.config_map, &self.driver_conf_map_name),
        ] {
            if let Some(given) = given {
                name.clone_from(given);
            }
        }
        names
    }

    /// The Service's name says it only where it is not too long; the pod's only where it is not
    /// chosen.
    fn prefix(&self, plan: &Plan) -> Option<String> {
        let of_extra = self
            .extra_objects
            .values()
            .find_map(|name| ENDS.iter().find_map(|end| name.strip_suffix(end)));
        let is_chosen = plan
            .properties
            .contains_key("spark.kubernetes.driver.pod.name");
        let pod = self.driver_pod_name.as_deref().filter(|_| !is_chosen);
        let of_pod = pod.and_then(|name| name.strip_suffix("-driver"));
        let service = self.service_name.as_deref();
        let of_service = service.and_then(|name| name.strip_suffix("-driver-svc"));
        of_extra.or(of_pod).or(of_service).map(str::to_owned)
    }
}

fn uniques() -> Uniques {
    let millis = Timestamp::now().as_millisecond();
    let unique = || unique_id(rand::random(), u64::try_from(millis).unwrap_or_default());
    Uniques {
        prefix: unique(),
        service: unique(),
        config_map: unique(),
        local_dir: Uuid::new_v4().to_string(),
    }
}
