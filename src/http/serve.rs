//! Connections: each is served until it ends, or until its client is silent for too long. There
//! are never more of them, and none holds more, than the process can bear.

mod stalled;

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::stalled::Impatient;
use super::follow::Closing;

/// The longest head of a request, in bytes: the longest URI that can be read, and as much again.
const MAX_HEAD: usize = 128 * 1024;

/// What clients may make a port spend.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a client may take to send the head of a request, and to take any of an answer.
    pub patience: Duration,
    /// At one time; whoever comes then waits to be accepted.
    pub connections: NonZeroUsize,
}

/// Serves `router` until the token is cancelled, then finishes the open requests.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) -> Result<(), Infallible> {
    let router = router.layer(Extension(Closing(shutdown.clone())));
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(limits.patience)
        .max_buf_size(MAX_HEAD);
    let places = Arc::new(Semaphore::new(limits.connections.get()));
    let open = GracefulShutdown::new();
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            // It waits and tries again where no connection can be had.
            (place, Listener::accept(&mut listener).await.0)
        };
        let (place, stream) = tokio::select! {
            accepted = accepted => accepted,
            () = shutdown.cancelled() => break,
        };
        let stream = TokioIo::new(Impatient::new(stream, limits.patience));
        let service = TowerToHyperService::new(router.clone());
        let connection = open.watch(server.serve_connection(stream, service));
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "A connection was cut");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
}
