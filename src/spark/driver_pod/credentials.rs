//! Spark's `DriverKubernetesCredentialsFeatureStep`: as whom the driver talks to its cluster. Who
//! brings credentials has them in a Secret, and no service account beside them.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{BuildError, Dependent, Draft, Run, secrets};

pub(super) const SERVICE_ACCOUNT: &str = "spark.kubernetes.authenticate.driver.serviceAccountName";

const PREFIX: &str = "spark.kubernetes.authenticate.driver.";
const FOLDER: &str = "/mnt/secrets/spark-kubernetes-credentials";
/// The end of a property whose value is the token itself.
const TOKEN: &str = "oauthToken";
const REDACTED: &str = "<present_but_redacted>";

/// The end of each property, the file in the Secret, and the end of the property that says where
/// the driver finds it.
const CREDENTIALS: [(&str, &str, &str); 4] = [
    (TOKEN, "oauth-token", "oauthTokenFile"),
    ("caCertFile", "ca-cert", "caCertFile"),
    ("clientKeyFile", "client-key", "clientKeyFile"),
    ("clientCertFile", "client-cert", "clientCertFile"),
];

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let mut data = BTreeMap::new();
    for (property, file, mounted) in CREDENTIALS {
        let key = format!("{PREFIX}{property}");
        let Some(value) = run.properties.get(&key) else {
            continue;
        };
        let bytes = if property == TOKEN {
            value.as_bytes().to_vec()
        } else {
            let bytes = run.texts.credentials.get(&key);
            bytes.cloned().ok_or(BuildError::NotRead(key))?
        };
        data.insert(file.to_owned(), bytes);
        let key = format!("{PREFIX}mounted.{mounted}");
        if run.properties.get(&key).is_none() {
            draft.set_property(&key, format!("{FOLDER}/{file}"));
        }
    }
    for key in run.properties.keys().filter(|key| key.ends_with(TOKEN)) {
        draft.set_property(key, REDACTED);
    }
    if data.is_empty() {
        if let Some(account) = run.properties.get(SERVICE_ACCOUNT) {
            draft.spec.service_account = Some(account.to_owned());
            draft.spec.service_account_name = Some(account.to_owned());
        }
    } else {
        let name = format!("{}-kubernetes-credentials", run.names.prefix);
        draft.mount(secrets::volume("kubernetes-credentials", &name), FOLDER);
        push_secret(draft, &name, data);
    }
    Ok(())
}

/// Adds an immutable Secret to what is created with the driver.
pub(super) fn push_secret(draft: &mut Draft, name: &str, data: BTreeMap<String, Vec<u8>>) {
    let data = data
        .into_iter()
        .map(|(key, bytes)| (key, ByteString(bytes)));
    draft.dependents.push(Dependent::Secret(Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(data.collect()),
        immutable: Some(true),
        ..Secret::default()
    }));
}
