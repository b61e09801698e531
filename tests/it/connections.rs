//! Clients that prove nothing, and ask for much or take little, are bounded in what they cost.

use std::time::Duration;

use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::TestApp;

const LIMIT: Duration = Duration::from_secs(30);
const DESCRIPTION: &[u8] = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn connect(app: &TestApp) -> TcpStream {
    let address = app.client.base.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LIMIT, what).await;
    done.expect("it comes to an end")
}

/// The start of what is answered.
async fn answer(stream: &mut TcpStream) -> String {
    let mut start = vec![0; 100];
    let read = within(stream.read(&mut start)).await.unwrap();
    String::from_utf8_lossy(&start[..read]).into_owned()
}

#[sqlx::test]
async fn a_client_that_takes_no_answer_is_cut_off(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__REQUEST_TIMEOUT", "200ms")]).await;
    let mut stream = connect(&app).await;
    // It asks as often as the other end takes it, until there is no other end.
    let asked = within(async { while stream.write_all(DESCRIPTION).await.is_ok() {} });
    asked.await;
}

#[sqlx::test]
async fn there_are_no_more_connections_than_are_configured(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__MAX_CONNECTIONS", "1")]).await;
    let mut first = connect(&app).await;
    first.write_all(DESCRIPTION).await.unwrap();
    assert!(answer(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = connect(&app).await;
    second.write_all(DESCRIPTION).await.unwrap();
    let early = second.readable();
    let early = tokio::time::timeout(Duration::from_millis(300), early).await;
    assert!(early.is_err(), "two are answered");
    drop(first);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[sqlx::test]
async fn the_head_of_a_request_has_a_limit(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for (query, header, status) in [(60_000, 60_000, 200), (0, 200_000, 431)] {
        let mut stream = connect(&app).await;
        let head = format!(
            "GET /virtualclusters?x={} HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
            "q".repeat(query),
            "h".repeat(header)
        );
        // The other end may have had enough before all of it is sent.
        let _ = within(stream.write_all(head.as_bytes())).await;
        let answer = answer(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}
