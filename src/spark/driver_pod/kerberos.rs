//! Spark's `KerberosConfDriverFeatureStep`: krb5.conf, keytab and delegation tokens. Spark would
//! also fetch tokens itself; here a Secret must hold them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::VolumeMount;

use super::{BuildError, Draft, Run, credentials, hadoop_conf, secrets};

const KRB5_PATH: &str = "spark.kubernetes.kerberos.krb5.path";
const KRB5_MAP: &str = "spark.kubernetes.kerberos.krb5.configMapName";
const TOKEN_SECRET: &str = "spark.kubernetes.kerberos.tokenSecret.name";
const TOKEN_KEY: &str = "spark.kubernetes.kerberos.tokenSecret.itemKey";
const KEYTAB: &str = "spark.kerberos.keytab";
const PRINCIPAL: &str = "spark.kerberos.principal";
const AUTHENTICATION: &str = "spark.hadoop.hadoop.security.authentication";

const KEYTAB_FOLDER: &str = "/mnt/secrets/kerberos-keytab";
const TOKEN_FOLDER: &str = "/mnt/secrets/hadoop-credentials";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    both_or_neither(run, KEYTAB, PRINCIPAL)?;
    both_or_neither(run, TOKEN_SECRET, TOKEN_KEY)?;
    krb5(draft, run)?;
    keytab(draft, run)?;
    tokens(draft, run)
}

fn both_or_neither(run: &Run<'_>, one: &str, other: &str) -> Result<(), BuildError> {
    let key = match (run.properties.get(one), run.properties.get(other)) {
        (Some(_), None) => other,
        (None, Some(_)) => one,
        (Some(_), Some(_)) | (None, None) => return Ok(()),
    };
    Err(BuildError::Missing(key.to_owned()))
}

fn krb5(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let (path, map) = (run.properties.get(KRB5_PATH), run.properties.get(KRB5_MAP));
    let volume = match (path, map) {
        (None, None) => return Ok(()),
        (Some(_), Some(_)) => {
            return Err(BuildError::Conflict {
                one: KRB5_PATH,
                other: KRB5_MAP,
            });
        }
        (None, Some(map)) => hadoop_conf::volume("krb5-file", map, &[]),
        (Some(path), None) => {
            let text = run.texts.krb5_conf.as_ref();
            let text = text.ok_or_else(|| BuildError::NotRead(KRB5_PATH.to_owned()))?;
            let file = file_name(path);
            let name = format!("{}-krb5-file", run.names.prefix);
            let data = BTreeMap::from([(file.to_owned(), text.clone())]);
            hadoop_conf::push_map(draft, &name, data);
            hadoop_conf::volume("krb5-file", &name, &[(file, file)])
        }
    };
    let mount = VolumeMount {
        name: volume.name.clone(),
        mount_path: "/etc/krb5.conf".to_owned(),
        sub_path: Some("krb5.conf".to_owned()),
        ..VolumeMount::default()
    };
    draft.mount_as(volume, mount);
    Ok(())
}

/// A keytab that is no file of the image becomes a Secret.
fn keytab(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let Some(path) = run.properties.get(KEYTAB) else {
        return Ok(());
    };
    if path.starts_with("local:") {
        return Ok(());
    }
    let bytes = run.texts.keytab.as_ref();
    let bytes = bytes.ok_or_else(|| BuildError::NotRead(KEYTAB.to_owned()))?;
    let file = file_name(path);
    let name = format!("{}-kerberos-keytab", run.names.prefix);
    draft.mount(secrets::volume("kerberos-keytab", &name), KEYTAB_FOLDER);
    credentials::push_secret(draft, &name, [(file.to_owned(), bytes.clone())].into());
    draft.set_property(KEYTAB, format!("{KEYTAB_FOLDER}/{file}"));
    Ok(())
}

fn tokens(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let secret = run.properties.get(TOKEN_SECRET);
    if let Some((secret, key)) = secret.zip(run.properties.get(TOKEN_KEY)) {
        draft.mount(secrets::volume("hadoop-secret", secret), TOKEN_FOLDER);
        draft.set_env(
            "HADOOP_TOKEN_FILE_LOCATION",
            &format!("{TOKEN_FOLDER}/{key}"),
        );
        return Ok(());
    }
    let is_secure = run.properties.get(AUTHENTICATION) == Some("kerberos");
    if is_secure && run.properties.get(KEYTAB).is_none() {
        return Err(BuildError::Missing(TOKEN_SECRET.to_owned()));
    }
    Ok(())
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
