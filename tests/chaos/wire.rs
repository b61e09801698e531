//! A wire between a process and its Postgres that can be cut, and can hold back what it carries.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Whole,
    /// No connection lives.
    Cut,
    /// Connections live and carry nothing.
    Held,
}

pub struct Proxy {
    state: watch::Sender<Wire>,
    port: u16,
    database: String,
    user: String,
}

impl Proxy {
    pub async fn before(target: Arc<PgConnectOptions>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, seen) = watch::channel(Wire::Whole);
        let proxy = Self {
            state,
            port,
            database: target.get_database().unwrap().to_owned(),
            user: target.get_username().to_owned(),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, target.clone(), seen.clone()));
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        let Self {
            port,
            database,
            user,
            ..
        } = self;
        format!("postgres://{user}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    pub fn cut(&self) {
        self.state.send_replace(Wire::Cut);
    }

    pub fn hold(&self) {
        self.state.send_replace(Wire::Held);
    }

    pub fn restore(&self) {
        self.state.send_replace(Wire::Whole);
    }
}

async fn relay(client: TcpStream, target: Arc<PgConnectOptions>, state: watch::Receiver<Wire>) {
    if *state.borrow() == Wire::Cut {
        return;
    }
    match target.get_socket() {
        Some(folder) => {
            let path = folder.join(format!(".s.PGSQL.{}", target.get_port()));
            if let Ok(server) = UnixStream::connect(path).await {
                carry(client, server, state).await;
            }
        }
        None => {
            let address = (target.get_host(), target.get_port());
            if let Ok(server) = TcpStream::connect(address).await {
                carry(client, server, state).await;
            }
        }
    }
}

async fn carry<S: AsyncRead + AsyncWrite>(
    client: TcpStream,
    server: S,
    state: watch::Receiver<Wire>,
) {
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    let mut cut = state.clone();
    tokio::select! {
        () = forward(from_client, to_server, state.clone()) => {}
        () = forward(from_server, to_client, state) => {}
        _ = cut.wait_for(|wire| *wire == Wire::Cut) => {}
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<Wire>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if state.wait_for(|wire| *wire != Wire::Held).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
