//! Which addresses are spoken to for callers: public ones that are no API server's, and those that
//! the configuration opens.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve as ResolveForReqwest, Resolving};

use super::FetchError;
use super::resolve::Resolve;

/// What is not public of IPv4: IANA's special-purpose registry, multicast, the former class E, and
/// an address by which a cloud serves its hosts' agents.
const NOT_PUBLIC_V4: [Ipv4Net; 17] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([168, 63, 129, 16], 32),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 31, 196, 0], 24),
    v4([192, 52, 193, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    // Multicast and class E, broadcast included.
    v4([224, 0, 0, 0], 3),
];

/// All that is global unicast of IPv6. Outside lie loopback, IPv4-mapped and -compatible, unique
/// local, link-local and multicast addresses.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What is not public of it.
const NOT_PUBLIC_V6: [Ipv6Net; 5] = [
    // IETF protocols, Teredo among them, which carries IPv4.
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    // 6to4, which carries IPv4.
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// The IPv4 Internet as an IPv6-only network sees it (RFC 6052): judged by what it stands for.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// Whether anybody on the Internet may have this address.
pub fn is_public(address: IpAddr) -> bool {
    match meant(address) {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|net| net.contains(&address))
        }
    }
}

/// The address whose host answers: NAT64 leads to one of IPv4.
fn meant(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

/// Stands before every connection.
pub(super) struct Guard {
    allowed: Vec<IpNet>,
    resolver: Arc<dyn Resolve>,
    /// The hosts of API servers with the addresses that were last found for them.
    api_servers: Mutex<BTreeMap<String, Vec<IpAddr>>>,
}

impl Guard {
    pub fn new(allowed: Vec<IpNet>, resolver: Arc<dyn Resolve>) -> Self {
        Self {
            allowed,
            resolver,
            api_servers: Mutex::default(),
        }
    }

    pub fn keep_away_from(&self, host: &str) {
        self.servers(|servers| servers.entry(normal(host)).or_default().clear());
    }

    /// The addresses of `host` that may be connected to: at least one.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, FetchError> {
        let (found, of_api_servers) =
            future::join(self.resolver.addresses(host), self.of_api_servers()).await;
        let found = found.map_err(|_| FetchError::Unreachable("its host's name has no address"))?;
        let is_api_server = self.servers(|servers| servers.contains_key(&normal(host)));
        let may = |address: &IpAddr| {
            let is_api_servers = is_api_server || of_api_servers.contains(&meant(*address));
            self.is_allowed(*address) || (is_public(*address) && !is_api_servers)
        };
        let open: Vec<_> = found.into_iter().filter(may).collect();
        if open.is_empty() {
            return Err(FetchError::Address);
        }
        Ok(open)
    }

    /// Whether an address that a URL names itself may be connected to.
    pub async fn check(&self, address: IpAddr) -> Result<(), FetchError> {
        let open = self.is_allowed(address)
            || (is_public(address) && !self.of_api_servers().await.contains(&meant(address)));
        if open {
            Ok(())
        } else {
            Err(FetchError::Address)
        }
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|net| net.contains(&address))
    }

    /// The addresses of API servers as they are now, or were last, where they are not found; each
    /// as the one that is meant.
    async fn of_api_servers(&self) -> Vec<IpAddr> {
        let hosts: Vec<_> = self.servers(|servers| servers.keys().cloned().collect());
        let found = future::join_all(hosts.into_iter().map(|host| async move {
            let found = match host.parse() {
                Ok(address) => Ok(vec![address]),
                Err(_) => self.resolver.addresses(&host).await,
            };
            (host, found)
        }))
        .await;
        self.servers(|servers| {
            for (host, found) in found {
                if let (Ok(found), Some(known)) = (found, servers.get_mut(&host)) {
                    *known = found;
                }
            }
            servers.values().flatten().copied().map(meant).collect()
        })
    }

    fn servers<T>(&self, with: impl FnOnce(&mut BTreeMap<String, Vec<IpAddr>>) -> T) -> T {
        with(
            &mut self
                .api_servers
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// A host as it is compared: names do not mind their case nor a dot at their end.
fn normal(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// What reqwest connects to: the very addresses that passed.
pub(super) struct Guarded(pub Arc<Guard>);

impl ResolveForReqwest for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let open = guard.addresses(name.as_str()).await;
            let open = open.map_err(|error| Box::new(error) as Box<dyn Error + Send + Sync>)?;
            let open = open.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(open) as Addrs)
        })
    }
}
