//! An HTTPS server of this host, and names that lead where a test wants.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use async_trait::async_trait;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

use crate::fetch::Resolve;

pub const CA: &[u8] = include_bytes!("../../../tests/data/tls/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../../tests/data/tls/server.pem");
const KEY: &[u8] = include_bytes!("../../../tests/data/tls/server.key");

/// What a path is answered with, byte by byte.
pub enum Answer {
    Whole(Vec<u8>),
    /// And then the letter `x`, for ever.
    Endless(Vec<u8>),
    /// And then nothing, for ever.
    Silent(Vec<u8>),
}

pub fn text(text: &str) -> Answer {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
    Answer::Whole([head.as_bytes(), text.as_bytes()].concat())
}

pub fn redirect(code: u16, location: &str) -> Answer {
    head(code, &[&format!("Location: {location}"), "Set-Cookie: a=b"])
}

pub fn head(code: u16, headers: &[&str]) -> Answer {
    let mut head = format!("HTTP/1.1 {code} Such\r\nContent-Length: 0\r\n");
    for header in headers {
        head += &format!("{header}\r\n");
    }
    Answer::Whole((head + "\r\n").into_bytes())
}

/// Serves until the test process ends.
pub struct Server {
    pub address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    connections: usize,
    requests: Vec<String>,
}

impl Server {
    pub fn start(
        address: &str,
        answer: impl Fn(&str, SocketAddr) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate],
                PrivateKeyDer::from_pem_slice(KEY).unwrap(),
            );
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::<Mutex<Log>>::default();
        let answer = Arc::new(answer);
        let seen = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, log) = (Arc::clone(&config), Arc::clone(&seen));
                let answer = Arc::clone(&answer);
                log.lock().unwrap().connections += 1;
                thread::spawn(move || serve(stream?, config, &log, |path| answer(path, address)));
            }
        });
        Self { address, log }
    }

    pub fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }

    /// The heads of all requests.
    pub fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().requests.clone()
    }

    pub fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.address.port())
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    log: &Mutex<Log>,
    answer: impl Fn(&str) -> Answer,
) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).map_err(io::Error::other)?;
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().requests.push(request);
    match answer(&path) {
        Answer::Whole(bytes) => {
            stream.write_all(&bytes)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
        Answer::Endless(bytes) => {
            stream.write_all(&bytes)?;
            loop {
                stream.write_all(&[b'x'; 1024])?;
            }
        }
        Answer::Silent(bytes) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
            // Until the client hangs up.
            stream.read_exact(&mut [0])
        }
    }
}

/// Names with their addresses. A name's last answer stays.
#[derive(Default)]
pub struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    pub fn set(&self, name: &str, answers: &[&[&str]]) {
        let answers = answers
            .iter()
            .rev()
            .map(|list| list.iter().map(|text| text.parse().unwrap()).collect())
            .collect();
        self.0.lock().unwrap().insert(name.to_owned(), answers);
    }

    pub fn forget(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
}

#[async_trait]
impl Resolve for Names {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(host).ok_or(io::ErrorKind::NotFound)?;
        if answers.len() > 1 {
            return Ok(answers.pop().unwrap_or_default());
        }
        Ok(answers[0].clone())
    }
}
