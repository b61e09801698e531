//! What real connections prove.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

async fn connect(port: u16) -> KubernetesCluster {
    let mut kubeconfig = tempfile::NamedTempFile::new().unwrap();
    write!(
        kubeconfig,
        "{}",
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{ "name": "c", "context": { "cluster": "k", "user": "u" } }],
            "clusters": [{ "name": "k",
                "cluster": { "server": format!("http://127.0.0.1:{port}") } }],
            "users": [{ "name": "u", "user": {} }],
        })
    )
    .unwrap();
    let settings = Settings {
        access: Access::Kubeconfig {
            path: Some(kubeconfig.path().to_owned()),
            context: None,
        },
        ..settings(Duration::from_secs(5))
    };
    KubernetesCluster::connect(settings).await.unwrap()
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Answers each connection's first request with the same text and closes it.
struct Server {
    task: JoinHandle<()>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start(listener: TcpListener, answer: impl Into<String>) -> Self {
        let answer = answer.into();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                // A request ends with its JSON body; closing before that would lose the answer.
                let mut request = Vec::new();
                while !request.ends_with(b"}") {
                    assert!(stream.read_buf(&mut request).await.unwrap() > 0);
                }
                counter.fetch_add(1, Ordering::SeqCst);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { task, requests }
    }

    /// Closes its port and gives the number of requests it got.
    async fn stop(self) -> usize {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
        self.requests.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_closed_port_was_sent_nothing_and_has_been_silent_since_it_closed() {
    let (listener, port) = listener().await;
    drop(listener);
    // Connecting needs no server.
    let cluster = connect(port).await;
    let since = async || match cluster
        .create(&driver(), &plan(), &Prepared::default())
        .await
    {
        Err(CreateError::Refused(Refusal::Unreachable { since, error })) => {
            assert!(error.contains("refused"), "{error}");
            since
        }
        other => panic!("{other:?}"),
    };
    let first = since().await;
    assert_eq!(since().await, first);

    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let (_, body) = status(422, "Invalid", "no");
    let body = body.to_string();
    let head = format!("HTTP/1.1 422 No\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = Server::start(listener, head + &body);
    assert!(matches!(
        cluster
            .create(&driver(), &plan(), &Prepared::default())
            .await,
        Err(CreateError::Refused(Refusal::Invalid(_)))
    ));
    assert_eq!(server.stop().await, 1);
    assert!(since().await > first);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_proves_nothing() {
    let (listener, port) = listener().await;
    let cluster = connect(port).await;
    let server = Server::start(listener, "");
    assert!(matches!(
        cluster
            .create(&driver(), &plan(), &Prepared::default())
            .await,
        Err(CreateError::Unanswered(_))
    ));
    assert_eq!(server.stop().await, 1);
}

#[tokio::test]
async fn no_answer_makes_a_creation_be_sent_again() {
    for answer in [
        "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 504 Late\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 429 Slow\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
    ] {
        let (listener, port) = listener().await;
        let cluster = connect(port).await;
        let server = Server::start(listener, answer);
        assert!(
            cluster
                .create(&driver(), &plan(), &Prepared::default())
                .await
                .is_err()
        );
        assert_eq!(server.stop().await, 1, "{answer}");
    }
}

#[tokio::test]
async fn a_kubeconfig_that_is_not_there_is_told_by_name() {
    let settings = Settings {
        access: Access::Kubeconfig {
            path: Some("/nowhere/kubeconfig".into()),
            context: None,
        },
        ..settings(Duration::from_secs(1))
    };
    let error = KubernetesCluster::connect(settings).await.err().unwrap();
    assert_eq!(error.to_string(), "cluster prod cannot be configured");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("/nowhere/kubeconfig"), "{source}");
}
