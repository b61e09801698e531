//! Spark's `DriverKubernetesCredentialsFeatureStep`: as whom the driver talks to its cluster.

use super::{Draft, Run};

pub(super) const SERVICE_ACCOUNT: &str = "spark.kubernetes.authenticate.driver.serviceAccountName";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) {
    let account = run.properties.get(SERVICE_ACCOUNT).map(str::to_owned);
    draft.spec.service_account.clone_from(&account);
    draft.spec.service_account_name = account;
}
