//! Wake-ups between replicas: one coalesced NOTIFY out, one LISTEN in, and no promise in either.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::store::Store;
use crate::wakes::Wakes;

/// NOTIFY takes a lock of the whole database: wake-ups of this long go out together.
const COALESCE: Duration = Duration::from_millis(5);
/// Whoever follows a run is not in such a hurry, and there may be many changes.
const COALESCE_RUNS: Duration = Duration::from_millis(50);
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
    let sending_runs = async {
        loop {
            wakes.take_outgoing_runs().await;
            if let Err(error) = store.notify_runs().await {
                tracing::debug!(%error, "a change of a run was not told; polling makes up for it");
            }
            sleep(COALESCE_RUNS).await;
        }
    };
    let both = async { tokio::join!(sending, sending_runs) };
    shutdown.run_until_cancelled(both).await;
}

/// Passes other replicas' wake-ups on to this process until `shutdown`. `url` leads to a Postgres
/// connection that can LISTEN.
pub async fn listen(store: Store, wakes: Wakes, url: String, shutdown: CancellationToken) {
    let listening = async {
        loop {
            match store.listen(&url).await {
                Ok(mut listener) => loop {
                    match listener.recv().await {
                        Ok(heard) => {
                            if heard.runs || heard.clusters.is_empty() {
                                wakes.run_changed_locally();
                            }
                            for cluster in &heard.clusters {
                                wakes.wake_local(cluster);
                            }
                        }
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
