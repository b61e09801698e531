//! Files of the person who renders. A file that is named and cannot be read is an error that names
//! it; what is in it is never told.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;

use crate::spark::Plan;
use crate::spark::driver_pod::Texts;

/// Reads a file.
pub(super) type Read<'a> = dyn Fn(&str) -> anyhow::Result<Vec<u8>> + 'a;

pub(super) fn read(path: &str) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {path}"))
}

/// The regular files of a folder, by name.
pub(super) fn read_folder(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let about = || format!("cannot read {}", folder.display());
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(about)? {
        let entry = entry.with_context(about)?;
        let path = entry.path();
        if path.is_file()
            && let Ok(name) = entry.file_name().into_string()
        {
            let bytes =
                std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

/// The files that a plan's properties name.
pub(super) fn of_properties(plan: &Plan, read: &Read<'_>) -> anyhow::Result<Texts> {
    let bytes = |key: &str| {
        let path = plan.properties.get(key).filter(|path| !path.is_empty());
        path.map(|path| read(local(key, path)?)).transpose()
    };
    let text = |key: &str| {
        let text = bytes(key)?.map(String::from_utf8).transpose();
        text.map_err(|_| anyhow::anyhow!("the file of {key} is not UTF-8"))
    };
    let keytab = plan.properties.get("spark.kerberos.keytab");
    let keytab = match keytab.filter(|path| !path.starts_with("local:")) {
        Some(_) => bytes("spark.kerberos.keytab")?,
        None => None,
    };
    let mut credentials = BTreeMap::new();
    for name in ["caCertFile", "clientKeyFile", "clientCertFile"] {
        let key = format!("spark.kubernetes.authenticate.driver.{name}");
        if let Some(bytes) = bytes(&key)? {
            credentials.insert(key, bytes);
        }
    }
    Ok(Texts {
        driver_template: text("spark.kubernetes.driver.podTemplateFile")?,
        executor_template: text("spark.kubernetes.executor.podTemplateFile")?,
        krb5_conf: text("spark.kubernetes.kerberos.krb5.path")?,
        keytab,
        credentials,
        ..Texts::default()
    })
}

/// The path of a property's file, if it lies on this host.
fn local<'a>(key: &str, path: &'a str) -> anyhow::Result<&'a str> {
    match path.split_once(':') {
        Some(("file", rest)) => Ok(rest.strip_prefix("//").unwrap_or(rest)),
        Some((_, rest)) if rest.starts_with("//") => {
            anyhow::bail!("{key} names {path}, and only local files are read here")
        }
        Some(_) | None => Ok(path),
    }
}
