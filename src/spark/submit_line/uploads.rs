//! Where spark-submit uploads files of the submitter to, so that the driver finds them. Only the
//! names are made here: nothing is uploaded.

use std::collections::BTreeMap;

use super::{NO_RESOURCE, SubmitLineError, uris};
use crate::spark::plan::Language;

const UPLOAD_PATH: &str = "spark.kubernetes.file.upload.path";
const ARCHIVES: &str = "spark.archives";

/// Puts the uploaded files' URIs in place of the submitter's own, and gives the main resource as
/// the driver's spark-submit takes it.
pub(super) fn apply(
    properties: &mut BTreeMap<String, String>,
    language: Language,
    resource: String,
    uuid: &mut dyn FnMut() -> String,
) -> Result<String, SubmitLineError> {
    let folder = properties.get(UPLOAD_PATH).cloned();
    let mut upload = |uri: &str| {
        let folder = folder.as_deref().ok_or(SubmitLineError::NoUploadPath)?;
        let name = decoded(uris::file_name(uri));
        Ok(format!("{folder}/spark-upload-{}/{name}", uuid()))
    };
    for key in uris::LISTS {
        let Some(list) = properties.get_mut(key) else {
            continue;
        };
        let (submitters, others): (Vec<_>, Vec<_>) =
            uris::items(list).partition(|uri| uris::is_submitters(uri));
        if submitters.is_empty() {
            continue;
        }
        let mut uploaded = Vec::new();
        for uri in submitters {
            let target = upload(uri)?;
            uploaded.push(match uri.split_once('#') {
                Some((_, fragment)) if key == ARCHIVES => {
                    format!("{}#{fragment}", rebuilt(&target))
                }
                None if key == ARCHIVES => rebuilt(&target),
                // Spark loses the name that the file was to have.
                Some(_) | None => target,
            });
        }
        uploaded.extend(others.into_iter().map(str::to_owned));
        *list = uploaded.join(",");
    }
    let is_submitters = resource != NO_RESOURCE && uris::is_submitters(&resource);
    match language {
        Language::Python if is_submitters => upload(&resource),
        // The jar travels among the jars.
        Language::Java if is_submitters => Ok(NO_RESOURCE.to_owned()),
        Language::Java | Language::Python | Language::R | Language::Sql => Ok(resource),
    }
}

/// As the library prints a URI that it took apart: without an empty authority.
fn rebuilt(uri: &str) -> String {
    match uri.split_once(":///") {
        Some((scheme, path)) => format!("{scheme}:/{path}"),
        None => uri.to_owned(),
    }
}

/// A name without its `%` codes.
fn decoded(name: &str) -> String {
    percent_encoding::percent_decode_str(name)
        .decode_utf8_lossy()
        .into_owned()
}
