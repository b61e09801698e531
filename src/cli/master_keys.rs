//! A master key that is another installation's is noticed before it seals or serves anything: the
//! installation's own opens at least one of the access keys that are in use.

use jiff::Timestamp;

use crate::config::InvalidConfig;
use crate::sealing::MasterKeys;
use crate::store::Store;

/// Refuses master keys that open none of the access keys in use.
pub(super) async fn check(store: &Store, keys: &MasterKeys, now: Timestamp) -> anyhow::Result<()> {
    let mut sealed = false;
    for key in store.list_access_keys().await? {
        let Some(secret) = key.proof.sealed_secret().filter(|_| key.is_usable(now)) else {
            continue;
        };
        if keys.open(&key.id.sealing_place(), secret).is_ok() {
            return Ok(());
        }
        sealed = true;
    }
    if sealed {
        return Err(InvalidConfig(
            "the master key is not this installation's: it opens none of the access keys in use; \
             where the right one is lost, revoke them first"
                .to_owned(),
        )
        .into());
    }
    Ok(())
}
