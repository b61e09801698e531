//! Connections: each is served until it ends, or until its client is silent for too long.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves `router` until the token is cancelled, then finishes the open requests.
///
/// A connection on which no whole head of a request arrives within `patience` is closed: nobody
/// holds one by sending nothing.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    patience: Duration,
    shutdown: CancellationToken,
) -> Result<(), Infallible> {
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(patience);
    let open = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            // It waits and tries again where no connection can be had.
            (stream, _) = Listener::accept(&mut listener) => stream,
            () = shutdown.cancelled() => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = open.watch(server.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "A connection was cut");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
}
