//! Slow fetches are few, so that a server that keeps everybody waiting holds up few runs. Fast ones
//! are not counted.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::FetchError;
use crate::domain::ids::AccountId;

/// From then on a fetch counts as slow.
const SLOW: Duration = Duration::from_millis(500);

/// The most slow fetches at a time.
const MOST: usize = 8;
const MOST_OF_AN_ACCOUNT: usize = 4;

#[derive(Default)]
pub(super) struct SlowFetches {
    under_way: Mutex<HashMap<AccountId, usize>>,
}

impl SlowFetches {
    /// Runs `fetch`, and gives it up where it turns out slow while enough slow ones are under way.
    pub async fn watched<T>(
        &self,
        account: &AccountId,
        fetch: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        let mut fetch = pin!(fetch);
        if let Ok(fetched) = timeout(SLOW, &mut fetch).await {
            return fetched;
        }
        let _counted = self.enter(account).ok_or(FetchError::Busy)?;
        fetch.await
    }

    fn enter(&self, account: &AccountId) -> Option<Counted<'_>> {
        let mut under_way = self.lock();
        let of_account = under_way.get(account).copied().unwrap_or(0);
        if of_account >= MOST_OF_AN_ACCOUNT || under_way.values().sum::<usize>() >= MOST {
            return None;
        }
        under_way.insert(account.clone(), of_account + 1);
        Some(Counted {
            fetches: self,
            account: account.clone(),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, usize>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One slow fetch, as long as it is under way.
struct Counted<'a> {
    fetches: &'a SlowFetches,
    account: AccountId,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut under_way = self.fetches.lock();
        match under_way.get_mut(&self.account) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                under_way.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn account(last: u8) -> AccountId {
        AccountId::parse(format!("12345678901{last}")).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn slow_fetches_are_bounded_for_an_account_and_for_all() {
        let fetches = SlowFetches::default();
        let held: Vec<_> = (0..MOST_OF_AN_ACCOUNT)
            .map(|_| fetches.enter(&account(1)).unwrap())
            .collect();
        let never = || pending::<Result<(), FetchError>>();
        let given_up = fetches.watched(&account(1), never()).await;
        assert_eq!(given_up, Err(FetchError::Busy));
        // What comes at once comes all the same.
        let fast = fetches.watched(&account(1), async { Ok(7) }).await;
        assert_eq!(fast, Ok(7));

        let others: Vec<_> = (2..4)
            .flat_map(|last| (0..2).map(move |_| account(last)))
            .map(|account| fetches.enter(&account).unwrap())
            .collect();
        assert_eq!(others.len() + held.len(), MOST);
        assert!(fetches.enter(&account(9)).is_none());
        drop(held);
        assert!(fetches.enter(&account(1)).is_some());
        drop(others);
        assert!(fetches.lock().is_empty());
    }
}
