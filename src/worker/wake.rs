//! Wake-ups between replicas: one coalesced NOTIFY out, one LISTEN in, and no promise in either.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::store::Store;
use crate::wakes::Wakes;

/// NOTIFY takes a lock of the whole database: wake-ups of this long go out together.
const COALESCE: Duration = Duration::from_millis(5);
const RECONNECT: Duration = Duration::from_secs(1);

/// Tells other replicas of this one's wake-ups until `shutdown`. A process without workers needs
/// it too.
pub async fn send(store: Store, wakes: Wakes, shutdown: CancellationToken) {
    let sending = async {
        loop {
            let first = wakes.take_outgoing().await;
            if let Err(error) = store.notify(&first).await {
                tracing::debug!(%error, "a wake-up was not sent; polling makes up for it");
            }
            sleep(COALESCE).await;
        }
    };
    shutdown.run_until_cancelled(sending).await;
}

/// Passes other replicas' wake-ups on to this one's workers.
pub(super) async fn listen(context: Arc<Context>, url: String, shutdown: CancellationToken) {
    let listening = async {
        loop {
            match context.store.listen(&url).await {
                Ok(mut listener) => loop {
                    match listener.recv().await {
                        Ok(clusters) => clusters
                            .iter()
                            .for_each(|cluster| context.wakes.wake_local(cluster)),
                        Err(error) => {
                            tracing::warn!(%error, "wake-ups of other replicas are lost; polling");
                            break;
                        }
                    }
                },
                Err(error) => tracing::warn!(%error, "cannot listen for wake-ups; polling"),
            }
            sleep(RECONNECT).await;
        }
    };
    shutdown.run_until_cancelled(listening).await;
}
