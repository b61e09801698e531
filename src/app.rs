//! What every part of the process shares; there are no globals.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::config::Config;
use crate::domain::account::Grant;
use crate::domain::arn::Region;
use crate::domain::clock::Clock;
use crate::domain::ids::{AccountId, ClusterId};
use crate::sealing::MasterKeys;
use crate::spark::RunSettings;
use crate::spark::releases::{ReleaseError, Releases};
use crate::store::{Installation, Store};
use crate::wakes::Wakes;

/// The parts of the process.
pub struct App {
    pub config: Config,
    pub store: Store,
    pub clusters: Clusters,
    /// Tells workers of new work.
    pub wakes: Wakes,
    pub clock: Arc<dyn Clock>,
    pub region: Region,
    pub installation: Installation,
    /// Seal what the database must not give away; nothing is sealed without.
    pub master_keys: Option<MasterKeys>,
}

/// The configured clusters by name.
#[derive(Clone, Default)]
pub struct Clusters(BTreeMap<ClusterId, Target>);

/// One configured cluster: who may use it, and how.
#[derive(Clone)]
pub struct Target {
    pub grant: Grant,
    pub cluster: Arc<dyn Cluster>,
    /// What its runs start with where they say nothing else.
    pub defaults: RunSettings,
}

impl Clusters {
    /// The cluster, if it is there and the account may use that namespace of it. A caller cannot
    /// tell one reason for `None` from another.
    pub fn granted(
        &self,
        cluster: &ClusterId,
        account: &AccountId,
        namespace: &str,
    ) -> Option<&Arc<dyn Cluster>> {
        self.0
            .get(cluster)
            .filter(|target| target.grant.allows(account, namespace))
            .map(|target| &target.cluster)
    }

    /// What the configuration says of the cluster's runs; of a cluster that it knows no more, what
    /// holds where it says nothing.
    pub fn run_settings(&self, cluster: &ClusterId) -> RunSettings {
        let target = self.0.get(cluster);
        target.map_or_else(RunSettings::default, |target| target.defaults.clone())
    }

    /// Whether a release label means something on some cluster.
    pub fn check_release(&self, label: &str) -> Result<(), ReleaseError> {
        let on_any = self
            .0
            .values()
            .any(|target| target.defaults.releases.find(label).is_ok());
        if on_any {
            return Ok(());
        }
        Releases::default().find(label).map(|_| ())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Target> {
        self.0.values()
    }
}

/// The last of two clusters of one name stays; the configuration has no such two.
impl FromIterator<Target> for Clusters {
    fn from_iter<I: IntoIterator<Item = Target>>(targets: I) -> Self {
        Self(
            targets
                .into_iter()
                .map(|target| (target.grant.cluster.clone(), target))
                .collect(),
        )
    }
}
