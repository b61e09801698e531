//! Why a text was not fetched: words for the caller, and whether it may be had later.

use std::time::Duration;

use crate::domain::ids::AccountId;

/// Why a text was not fetched. Neither the text nor what a server said is part of it, so that it can
/// stand in a run's details.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error(
        "account {0} has no template_prefixes: s3:// is read only below those that Firesteel's \
         administrator configures ([templates.template_prefixes]), and there are none by default"
    )]
    NoPrefixes(AccountId),
    #[error(
        "it is not below one of account {0}'s template_prefixes \
         ([templates.template_prefixes] of Firesteel's configuration)"
    )]
    OutsidePrefixes(AccountId),
    #[error("{0}")]
    Uri(&'static str),
    #[error("Firesteel has no credentials for S3 ([templates.s3] of its configuration)")]
    NoCredentials,
    #[error("port {0} is not one of [templates] https_ports of Firesteel's configuration")]
    Port(u16),
    #[error(
        "its host has no address that templates are fetched from: private, local and reserved \
         addresses and those of API servers are refused unless [templates] https_allow of \
         Firesteel's configuration lists them"
    )]
    Address,
    #[error("it leads on to another place: {0}")]
    Redirect(Box<FetchError>),
    #[error("it leads on to other places more than {0} times")]
    TooManyRedirects(usize),
    #[error("it does not exist")]
    Missing,
    #[error("access to it is denied")]
    Denied,
    #[error("the answer was {0}")]
    Answer(u16),
    #[error("it is longer than {0} bytes")]
    TooLarge(usize),
    #[error("it is not text in UTF-8")]
    NotText,
    #[error("it comes compressed (Content-Encoding), which is not accepted")]
    Encoded,
    #[error("it did not come within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    #[error("its server does not answer: {0}")]
    Unreachable(&'static str),
    #[error("too many slow fetches are under way")]
    Busy,
}

impl FetchError {
    /// Whether another try may go better with nothing changed by the caller or the administrator.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Timeout(_) | Self::Unreachable(_) | Self::Busy => true,
            Self::Answer(code) => *code >= 500 || matches!(code, 408 | 425 | 429),
            Self::Redirect(error) => error.may_pass(),
            Self::NoPrefixes(_)
            | Self::OutsidePrefixes(_)
            | Self::Uri(_)
            | Self::NoCredentials
            | Self::Port(_)
            | Self::Address
            | Self::TooManyRedirects(_)
            | Self::Missing
            | Self::Denied
            | Self::TooLarge(_)
            | Self::NotText
            | Self::Encoded => false,
        }
    }
}
