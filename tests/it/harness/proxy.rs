//! A wire between the application and its database that a test can cut.

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

pub struct Proxy {
    cut: watch::Sender<bool>,
    requests: Arc<AtomicUsize>,
}

impl Proxy {
    /// Stands between its `pool` and the database of `direct`.
    pub async fn before(direct: &PgPool) -> (Self, PgPool) {
        let target = direct.connect_options();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, is_cut) = watch::channel(false);
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(port)
            .username(target.get_username())
            .database(target.get_database().unwrap());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(
                    client,
                    target.clone(),
                    is_cut.clone(),
                    counter.clone(),
                ));
            }
        });
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(Duration::from_millis(500))
            .connect_lazy_with(options);
        (Self { cut, requests }, pool)
    }

    /// What clients have sent, in as many parts as it came.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Ends all connections and takes no new ones.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    pub fn restore(&self) {
        self.cut.send_replace(false);
    }
}

async fn relay(
    client: TcpStream,
    target: Arc<PgConnectOptions>,
    mut is_cut: watch::Receiver<bool>,
    requests: Arc<AtomicUsize>,
) {
    if *is_cut.borrow() {
        return;
    }
    let pass = async {
        match target.get_socket() {
            Some(folder) => {
                let path = folder.join(format!(".s.PGSQL.{}", target.get_port()));
                copy(client, UnixStream::connect(path).await, &requests).await;
            }
            None => {
                let address = (target.get_host(), target.get_port());
                copy(client, TcpStream::connect(address).await, &requests).await;
            }
        }
    };
    tokio::select! {
        () = pass => {}
        _ = is_cut.wait_for(|cut| *cut) => {}
    }
}

/// Either end closing is what ends a connection.
async fn copy<S: AsyncRead + AsyncWrite + Unpin>(
    client: TcpStream,
    server: std::io::Result<S>,
    requests: &AtomicUsize,
) {
    let Ok(server) = server else { return };
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    let answers = AtomicUsize::new(0);
    tokio::select! {
        () = forward(from_client, to_server, requests) => {}
        () = forward(from_server, to_client, &answers) => {}
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    parts: &AtomicUsize,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        parts.fetch_add(1, Ordering::Relaxed);
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
