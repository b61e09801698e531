//! A template with a `kmsKeyArn` is kept sealed where the installation has a master key.

use super::data;
use crate::app::App;
use crate::domain::ids::JobTemplateId;
use crate::domain::job_template::{JobTemplate, JobTemplateData, KeptData, sealing_place};
use crate::http::failure::token_reused;
use crate::http::idempotency::{request_hash, request_hash_without};
use crate::sealing::OpenError;
use crate::store::RequestHash;
use crate::wire::{self, ApiError};

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

/// The hash of a request: of data that is to be sealed there is none, as it would tell whoever has
/// a copy of the database when a guess is right.
pub(super) fn hash(request: &wire::CreateJobTemplateRequest) -> Result<RequestHash, ApiError> {
    match request.kms_key_arn {
        Some(_) => request_hash_without(request, &["jobTemplateData"]),
        None => request_hash(request),
    }
}

/// Whether a template that the client token made has the data of this request, as far as a hash
/// has not told. What cannot be opened any more is not told apart.
pub(super) fn check_same(
    app: &App,
    made: &JobTemplate,
    request: &wire::CreateJobTemplateRequest,
) -> Result<(), ApiError> {
    let (Some(_), Ok(made)) = (&request.kms_key_arn, open(app, made)) else {
        return Ok(());
    };
    let asked = data::data(request.job_template_data.clone())?;
    if made == asked {
        Ok(())
    } else {
        Err(token_reused())
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
