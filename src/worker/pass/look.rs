//! Live reads: what a cluster itself says of a driver at this moment, written down before anything is
//! concluded from it.

use std::time::Duration;

use fail::fail_point;

use super::{Next, Pass, driver_of};
use crate::domain::job_run::decide::{Facts, Look};
use crate::domain::job_run::{Attempt, HolderKind};
use crate::store::{LeaseError, Loaded};

impl Pass<'_> {
    pub(super) async fn look(
        &self,
        loaded: &Loaded,
        attempt: u32,
        facts: &mut Facts,
    ) -> Result<Next, LeaseError> {
        let Some(Attempt {
            holder: Some(holder),
            driver: last,
            ..
        }) = loaded.attempt_of(attempt)
        else {
            return self.pause(Duration::ZERO, None).await;
        };
        let driver = driver_of(&loaded.run, attempt);
        let cluster = &self.served.target.cluster;
        let taken = self.ask(async {
            let seen = cluster.look(&driver).await?;
            // The driver itself proves which cluster it is, whatever else may be read there now.
            let own = seen.as_ref().filter(|seen| seen.holder.uid == holder.uid);
            if let (None, Some(was)) = (own, loaded.cluster_identity_of(attempt))
                && *was != cluster.identity(&loaded.run.namespace).await?
            {
                return Ok(None);
            }
            let node = match own {
                Some(own) if own.driver.deleting => own.driver.node.as_ref(),
                Some(_) => None,
                None => last.node.as_ref(),
            };
            let node = match node {
                Some(node) => Some(cluster.node(node).await?),
                None => None,
            };
            Ok(Some((seen, node)))
        });
        let (seen, node) = match taken.await {
            Ok(Some(taken)) => taken,
            Ok(None) => {
                facts.looks.insert(attempt, Look::OtherCluster);
                return Ok(Next::Decide);
            }
            Err(error) => {
                let stop = self.stopped(Some(error)).await?;
                return Ok(stop.unwrap_or(Next::Stop));
            }
        };
        let now_gone = || {
            let mut driver = last.clone();
            driver.gone_at = Some(driver.gone_at.unwrap_or(self.context.clock.now()));
            driver
        };
        let (seen_driver, look) = match seen {
            None => (now_gone(), Look::Absent { node }),
            Some(seen) if seen.holder.uid == holder.uid => (seen.driver, Look::Found { node }),
            Some(seen) => (
                now_gone(),
                Look::Stray {
                    uid: seen.holder.uid,
                },
            ),
        };
        if holder.kind == HolderKind::Driver {
            self.context
                .store
                .looked(&self.lease, attempt, &holder.uid, &seen_driver)
                .await?;
        }
        fail_point!("looked");
        facts.looks.insert(attempt, look);
        Ok(Next::Decide)
    }
}
