//! An account that asks too often is asked to wait, by each process for itself: what it may do is
//! never decided here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use metrics::counter;

use crate::config::{InvalidConfig, Limit, ThrottlingConfig};
use crate::domain::account::Caller;
use crate::domain::ids::AccountId;
use crate::telemetry::API_THROTTLED;
use crate::wire::{ApiError, OPERATIONS, Operation, Route};

/// What the answer is known by.
pub(super) const CODE: &str = "ThrottlingException";
pub(super) const STATUS: StatusCode = StatusCode::BAD_REQUEST;

/// After so many requests the full buckets, which say nothing, are thrown away.
const TIDY_EVERY: u64 = 4096;

type Buckets<C> =
    RateLimiter<AccountId, DashMapStateStore<AccountId>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The buckets of every account.
pub(super) struct Throttle<C: Clock = MonotonicClock> {
    clock: C,
    all: Buckets<C>,
    operations: BTreeMap<&'static str, Buckets<C>>,
    requests: AtomicU64,
}

/// A bucket is empty.
#[derive(Debug, PartialEq, Eq)]
struct Empty {
    which: &'static str,
    wait: Duration,
}

impl Throttle {
    /// None where throttling is off; names of no operation are refused even so.
    pub(super) fn from_config(config: &ThrottlingConfig) -> Result<Option<Self>, InvalidConfig> {
        let throttle = Self::new(config, MonotonicClock)?;
        Ok(config.enabled.then_some(throttle))
    }
}

impl<C: Clock + Clone> Throttle<C> {
    fn new(config: &ThrottlingConfig, clock: C) -> Result<Self, InvalidConfig> {
        let names: Vec<_> = OPERATIONS.iter().map(|it| snake_case(it.name)).collect();
        if let Some(unknown) = config.operations.keys().find(|it| !names.contains(it)) {
            return Err(InvalidConfig(format!(
                "api.throttling.operations: {unknown} is no operation; they have names such as \
                 start_job_run"
            )));
        }
        let buckets = |limit: &Limit| Buckets::dashmap_with_clock(quota(limit), clock.clone());
        let operations = OPERATIONS.iter().zip(&names).map(|(operation, name)| {
            let limit = config.operations.get(name).unwrap_or(&config.others);
            (operation.name, buckets(limit))
        });
        Ok(Self {
            operations: operations.collect(),
            all: buckets(&config.all),
            requests: AtomicU64::new(0),
            clock,
        })
    }

    /// Takes a token of the operation, and then one of the account's own; the first is spent even
    /// where the second is missing.
    fn take(&self, account: &AccountId, operation: Option<&Operation>) -> Result<(), Empty> {
        if self.requests.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.tidy();
        }
        let own = operation.and_then(|operation| self.operations.get(operation.name));
        for (which, buckets) in [("operation", own), ("account", Some(&self.all))] {
            let Some(buckets) = buckets else { continue };
            buckets.check_key(account).map_err(|until| Empty {
                which,
                wait: until.wait_time_from(self.clock.now()),
            })?;
        }
        Ok(())
    }

    fn tidy(&self) {
        for buckets in self.operations.values().chain([&self.all]) {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

/// Lets through what the caller's account has a token for. It stands behind authentication.
pub(super) async fn throttle(
    State(throttle): State<Arc<Throttle>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(caller) = request.extensions().get::<Caller>() else {
        return ApiError::internal("throttling is not behind authentication").into_response();
    };
    let operation = match Route::find(request.method(), request.uri().path()) {
        Route::Found(operation, _) => Some(operation),
        Route::OtherMethod | Route::Unknown => None,
    };
    match throttle.take(&caller.account, operation) {
        Ok(()) => next.run(request).await,
        Err(empty) => {
            let name = operation.map_or("Unknown", |operation| operation.name);
            counter!(API_THROTTLED, "operation" => name, "limit" => empty.which).increment(1);
            refused(empty.wait)
        }
    }
}

/// The answer, which SDKs back off after.
pub(super) fn refusal() -> ApiError {
    ApiError::Throttling("Rate exceeded".to_owned())
}

fn refused(wait: Duration) -> Response {
    let mut response = refusal().into_response();
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn quota(limit: &Limit) -> Quota {
    let period = Duration::from_secs_f64(limit.rate.recip()).max(Duration::from_nanos(1));
    // Only a period of nothing has no quota.
    Quota::with_period(period)
        .unwrap_or(Quota::per_second(limit.burst))
        .allow_burst(limit.burst)
}

/// `StartJobRun` becomes `start_job_run`.
fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::config::{Config, Overrides};

    fn config(settings: &[(&str, &str)]) -> ThrottlingConfig {
        let environment = settings.iter().map(|(name, value)| {
            let name = format!("FIRESTEEL_API__THROTTLING__{name}");
            (name, (*value).to_owned())
        });
        let config = Config::load(None, environment, &Overrides::default()).unwrap();
        config.api.throttling
    }

    fn operation(name: &str) -> Option<&'static Operation> {
        OPERATIONS.iter().find(|it| it.name == name).copied()
    }

    fn account(id: &str) -> AccountId {
        AccountId::parse(id).unwrap()
    }

    /// How many requests pass before one is refused.
    fn passes<C: Clock + Clone>(throttle: &Throttle<C>, account: &AccountId, name: &str) -> usize {
        (0..1000)
            .take_while(|_| throttle.take(account, operation(name)).is_ok())
            .count()
    }

    #[test]
    fn the_defaults_are_awss() {
        for (name, burst, in_ten_seconds) in [
            ("DescribeJobRun", 100, 100),
            ("DescribeVirtualCluster", 100, 50),
            ("DescribeManagedEndpoint", 100, 50),
            ("ListJobRuns", 100, 50),
            ("ListVirtualClusters", 100, 50),
            ("StartJobRun", 25, 10),
            ("CancelJobRun", 25, 10),
            ("TagResource", 25, 10),
        ] {
            let clock = FakeRelativeClock::default();
            let throttle = Throttle::new(&config(&[]), clock.clone()).unwrap();
            let caller = account("123456789012");
            assert_eq!(passes(&throttle, &caller, name), burst, "{name}");
            clock.advance(Duration::from_secs(10));
            assert_eq!(passes(&throttle, &caller, name), in_ten_seconds, "{name}");
        }
    }

    #[test]
    fn all_operations_together_have_a_limit_and_accounts_are_apart() {
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::new(&config(&[]), clock.clone()).unwrap();
        let (one, other) = (account("123456789012"), account("210987654321"));
        let names = ["DescribeJobRun", "ListJobRuns", "ListVirtualClusters"];
        let taken: Vec<_> = names.map(|name| passes(&throttle, &one, name)).into();
        assert_eq!(taken, [100, 100, 0]);
        let refused = throttle.take(&one, operation("ListVirtualClusters"));
        let wait = Duration::from_millis(50);
        assert_eq!(
            refused,
            Err(Empty {
                which: "account",
                wait
            })
        );
        assert_eq!(passes(&throttle, &other, "StartJobRun"), 25);
        clock.advance(wait);
        assert_eq!(passes(&throttle, &one, "ListVirtualClusters"), 1);
    }

    #[test]
    fn settings_change_single_limits() {
        let settings = [
            ("OPERATIONS__START_JOB_RUN__BURST", "3"),
            ("OPERATIONS__START_JOB_RUN__RATE", "0.5"),
            ("OPERATIONS__LIST_JOB_RUNS__BURST", "7"),
            ("OTHERS__BURST", "2"),
        ];
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::new(&config(&settings), clock.clone()).unwrap();
        let caller = account("123456789012");
        assert_eq!(passes(&throttle, &caller, "StartJobRun"), 3);
        assert_eq!(passes(&throttle, &caller, "ListJobRuns"), 7);
        assert_eq!(passes(&throttle, &caller, "CancelJobRun"), 2);
        clock.advance(Duration::from_secs(2));
        assert_eq!(passes(&throttle, &caller, "StartJobRun"), 1);
    }

    #[test]
    fn a_name_of_no_operation_is_refused() {
        let settings = [
            ("OPERATIONS__START_JOBRUN__BURST", "3"),
            ("OPERATIONS__START_JOBRUN__RATE", "3"),
        ];
        let error = Throttle::from_config(&config(&settings)).err().unwrap();
        assert!(error.0.contains("start_jobrun is no operation"), "{error}");
    }

    #[test]
    fn buckets_that_are_full_again_take_no_memory() {
        let clock = FakeRelativeClock::default();
        let settings = [("ALL__RATE", "1000")];
        let throttle = Throttle::new(&config(&settings), clock.clone()).unwrap();
        for id in 0..TIDY_EVERY {
            let caller = account(&format!("{id:012}"));
            throttle.take(&caller, operation("DescribeJobRun")).unwrap();
            clock.advance(Duration::from_millis(50));
        }
        assert!(throttle.all.len() < 10, "{}", throttle.all.len());
        let described = &throttle.operations["DescribeJobRun"];
        assert!(described.len() < 10, "{}", described.len());
    }
}
