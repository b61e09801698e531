//! From names to addresses.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Look-ups that may be under way: each holds a thread until the system gives up.
const LOOK_UPS: usize = 16;

/// Finds the addresses of a host.
#[async_trait]
pub trait Resolve: Send + Sync {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's own way.
pub struct SystemResolver {
    look_ups: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self {
            look_ups: Arc::new(Semaphore::new(LOOK_UPS)),
        }
    }
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        // Nobody can stop a look-up: the permit stays with the thread when nobody waits any more.
        let permit = Arc::clone(&self.look_ups)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let host = host.to_owned();
        spawn_blocking(move || {
            let found = (host.as_str(), 0).to_socket_addrs()?;
            drop(permit);
            Ok(found.map(|address| address.ip()).collect())
        })
        .await?
    }
}
