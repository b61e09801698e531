//! Everything that is kept sealed is sealed anew with the first master key, so that the others can
//! be removed. It may be interrupted and run again, while requests are answered.

use anyhow::bail;

use super::print;
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::job_template::sealing_place;
use crate::sealing::MasterKeys;
use crate::store::{Store, StoreError};

/// Templates read at a time.
const BATCH: i64 = 100;

struct Resealing<'a> {
    keys: &'a MasterKeys,
    /// How many were sealed anew.
    count: u64,
    /// The places of those that no master key opens, which are as before.
    unopened: Vec<String>,
}

/// Prints how many were sealed anew; fails and names what could not be.
pub(super) async fn everything(store: &Store, keys: &MasterKeys) -> anyhow::Result<()> {
    let mut resealing = Resealing {
        keys,
        count: 0,
        unopened: Vec::new(),
    };
    resealing.access_keys(store).await?;
    resealing.job_templates(store).await?;
    print(&serde_json::json!({"resealed": resealing.count}))?;
    if !resealing.unopened.is_empty() {
        bail!(
            "no master key opens {}: keep the old ones, and add the one that sealed them",
            resealing.unopened.join(", ")
        );
    }
    Ok(())
}

impl Resealing<'_> {
    async fn access_keys(&mut self, store: &Store) -> Result<(), StoreError> {
        let now = SystemClock.now();
        for key in store.list_access_keys().await? {
            // What is over is never opened again, so no old master key is kept for it.
            if !key.is_usable(now) {
                continue;
            }
            let Some(known) = key.proof.sealed_secret() else {
                continue;
            };
            if let Some(anew) = self.anew(key.id.sealing_place(), known) {
                let changed = store.reseal_access_key(&key.id, known, &anew).await?;
                self.count += u64::from(changed);
            }
        }
        Ok(())
    }

    async fn job_templates(&mut self, store: &Store) -> Result<(), StoreError> {
        let mut last = None;
        loop {
            let batch = store.sealed_job_templates(last.as_ref(), BATCH).await?;
            let Some(end) = batch.last() else {
                return Ok(());
            };
            last = Some(end.id.clone());
            for known in &batch {
                if let Some(anew) = self.anew(sealing_place(&known.id), &known.sealed) {
                    let changed = store.reseal_job_template(known, &anew).await?;
                    self.count += u64::from(changed);
                }
            }
        }
    }

    /// What was sealed for `place`, sealed with the first master key, unless it is already.
    fn anew(&mut self, place: String, sealed: &[u8]) -> Option<Vec<u8>> {
        if self.keys.is_current(sealed) {
            return None;
        }
        match self.keys.open(&place, sealed) {
            Ok(plain) => Some(self.keys.seal(&place, &plain)),
            Err(_) => {
                self.unopened.push(place);
                None
            }
        }
    }
}
