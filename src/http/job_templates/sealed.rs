//! A template with a `kmsKeyArn` is kept sealed where the installation has a master key.

use crate::app::App;
use crate::domain::ids::JobTemplateId;
use crate::domain::job_template::{JobTemplate, JobTemplateData, KeptData, sealing_place};
use crate::sealing::OpenError;
use crate::wire::ApiError;

/// Why a template's data cannot be read, as `decryptionError` tells it.
#[derive(Debug, thiserror::Error)]
pub(in crate::http) enum DecryptionError {
    #[error("The data is sealed with a master key, and none is configured.")]
    NoMasterKey,
    #[error("The data cannot be decrypted: {0}.")]
    Sealed(#[from] OpenError),
    #[error("The data was written by another version of Firesteel.")]
    Content,
}

/// The data as it is kept for a template of this id.
pub(super) fn kept(
    app: &App,
    id: &JobTemplateId,
    data: JobTemplateData,
    kms_key_arn: Option<&str>,
) -> Result<KeptData, ApiError> {
    match (kms_key_arn, &app.master_keys) {
        (Some(_), Some(keys)) => {
            let json = serde_json::to_vec(&data).map_err(ApiError::internal)?;
            Ok(KeptData::Sealed(keys.seal(&sealing_place(id), &json)))
        }
        (None, _) | (_, None) => Ok(KeptData::Open(Box::new(data))),
    }
}

/// What a template holds.
pub(in crate::http) fn open(
    app: &App,
    template: &JobTemplate,
) -> Result<JobTemplateData, DecryptionError> {
    match &template.data {
        KeptData::Open(data) => Ok(data.as_ref().clone()),
        KeptData::Sealed(sealed) => {
            let keys = app.master_keys.as_ref();
            let keys = keys.ok_or(DecryptionError::NoMasterKey)?;
            let json = keys.open(&sealing_place(&template.id), sealed)?;
            serde_json::from_slice(&json).map_err(|_| DecryptionError::Content)
        }
    }
}
