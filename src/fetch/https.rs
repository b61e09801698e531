//! HTTPS with nothing of Firesteel's own: no credentials, no cookies, no proxy, and each hop to an
//! address that passed `address`.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_ENCODING, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode, Url};

use super::address::{Guard, Guarded};
use super::{FetchError, FetcherError, Limits, certificates};

/// A text may lead on to another place this often.
const MOST_REDIRECTS: usize = 5;

pub(super) struct Client {
    /// `None` where this host has no certificates to trust.
    http: Option<reqwest::Client>,
    guard: Arc<Guard>,
    ports: Vec<u16>,
    limits: Limits,
}

impl Client {
    pub fn new(
        guard: Arc<Guard>,
        ports: Vec<u16>,
        ca: Option<&[u8]>,
        limits: Limits,
    ) -> Result<Self, FetcherError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("firesteel/", env!("CARGO_PKG_VERSION")))
            .https_only(true)
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            // Each fetch connects anew, to an address that was judged for it.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Guarded(Arc::clone(&guard))))
            .timeout(limits.timeout)
            .tls_certs_merge(certificates(ca)?)
            .build()
            .inspect_err(|error| tracing::warn!(%error, "no template can be had over HTTPS"));
        Ok(Self {
            http: http.ok(),
            guard,
            ports,
            limits,
        })
    }

    pub async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let mut url = Url::parse(url).map_err(|_| FetchError::Uri("it is not a URL"))?;
        for hop in 0..=MOST_REDIRECTS {
            let in_hop = |error| match hop {
                0 => error,
                _ => FetchError::Redirect(Box::new(error)),
            };
            match self.hop(&url).await.map_err(in_hop)? {
                Hop::Text(text) => return Ok(text),
                Hop::To(next) => url = next,
            }
        }
        Err(FetchError::TooManyRedirects(MOST_REDIRECTS))
    }

    async fn hop(&self, url: &Url) -> Result<Hop, FetchError> {
        self.check(url).await?;
        let http = self.http.as_ref().ok_or(FetchError::Unreachable(
            "Firesteel's host has no certificates to trust",
        ))?;
        let request = http.get(url.clone()).header(ACCEPT, "*/*");
        let response = request.send().await.map_err(|error| refusal(&error))?;
        // The name's addresses passed; this one is what was spoken to.
        let peer = response.remote_addr().ok_or(FetchError::Address)?;
        self.guard.check(peer.ip()).await?;
        let status = response.status();
        match status {
            StatusCode::OK => self.read(response).await.map(Hop::Text),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => next(url, &response).map(Hop::To),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(FetchError::Missing),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(FetchError::Denied),
            status => Err(FetchError::Answer(status.as_u16())),
        }
    }

    /// What a URL itself says of where it leads. Names are judged when they are resolved.
    async fn check(&self, url: &Url) -> Result<(), FetchError> {
        if url.scheme() != "https" {
            return Err(FetchError::Uri("only https:// is fetched"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Uri("a URL must not hold a user or a password"));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !self.ports.contains(&port) {
            return Err(FetchError::Port(port));
        }
        // However an address is spelt, a parsed URL has it in its one usual form.
        let host = url.host_str().unwrap_or_default();
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => self.guard.check(address).await,
            Err(_) => Ok(()),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, FetchError> {
        let encoded = response
            .headers()
            .get_all(CONTENT_ENCODING)
            .iter()
            .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
        if encoded {
            return Err(FetchError::Encoded);
        }
        let most = self.limits.max_bytes;
        if response
            .content_length()
            .is_some_and(|bytes| bytes > most as u64)
        {
            return Err(FetchError::TooLarge(most));
        }
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| refusal(&error))? {
            if text.len() + chunk.len() > most {
                return Err(FetchError::TooLarge(most));
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }
}

enum Hop {
    Text(Vec<u8>),
    To(Url),
}

fn next(url: &Url, response: &Response) -> Result<Url, FetchError> {
    let location = response.headers().get(LOCATION);
    location
        .and_then(|location| url.join(location.to_str().ok()?).ok())
        .ok_or(FetchError::Answer(response.status().as_u16()))
}

/// Fixed words for what went wrong: a server's own could be anything.
fn refusal(error: &reqwest::Error) -> FetchError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<FetchError>() {
            return refused.clone();
        }
        if error.is::<rustls::Error>() {
            return FetchError::Unreachable("its TLS certificate or protocol is not accepted");
        }
        cause = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            // The source of such an error is its content's source, not its content.
            Some(content) => Some(content),
            None => error.source(),
        };
    }
    FetchError::Unreachable(if error.is_timeout() {
        "it takes too long"
    } else if error.is_connect() {
        "no connection comes about"
    } else {
        "the connection breaks"
    })
}
