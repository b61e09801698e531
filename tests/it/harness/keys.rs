//! Access keys for tests, and requests signed with them by AWS's own code.

use std::time::SystemTime;

use aws_credential_types::Credentials as SigningKey;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use firesteel::domain::access_key::{AccessKey, Credentials};
use firesteel::domain::ids::{AccessKeyId, AccountId, UserName};
use jiff::Timestamp;
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde_json::Value;

use super::TestApp;

/// What a client proves its requests with.
#[derive(Clone, Default)]
pub enum Proof {
    #[default]
    None,
    Signature(Signer),
    Bearer(String),
}

/// An access key, and what it signs for.
#[derive(Clone)]
pub struct Signer {
    pub access_key_id: String,
    pub secret: String,
    pub session_token: Option<String>,
    pub region: String,
    pub service: String,
    /// The client's clock; `None` is right.
    pub time: Option<SystemTime>,
}

/// A new key; what it lacks to be kept.
pub struct NewKey<'a> {
    pub account: &'a str,
    pub name: &'a str,
    pub policy: Option<Value>,
    pub created_at: Timestamp,
}

impl Proof {
    pub fn add_to(&self, request: &mut Request) {
        match self {
            Self::None => {}
            Self::Signature(signer) => signer.sign(request),
            Self::Bearer(token) => {
                let value = format!("Bearer {token}").parse().unwrap();
                request.headers_mut().insert(AUTHORIZATION, value);
            }
        }
    }
}

impl Signer {
    pub fn new(id: &AccessKeyId, secret: &str, session_token: Option<&str>) -> Self {
        Self {
            access_key_id: id.to_string(),
            secret: secret.to_owned(),
            session_token: session_token.map(str::to_owned),
            region: "us-east-1".to_owned(),
            service: "emr-containers".to_owned(),
            time: None,
        }
    }

    /// Signs the request as it is: all its headers, and its body.
    pub fn sign(&self, request: &mut Request) {
        let identity = SigningKey::new(
            &self.access_key_id,
            &self.secret,
            self.session_token.clone(),
            None,
            "test",
        )
        .into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(self.time.unwrap_or_else(SystemTime::now))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let body = request.body().and_then(|body| body.as_bytes());
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.url().as_str(),
            request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap())),
            SignableBody::Bytes(body.unwrap_or_default()),
        )
        .unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let (headers, _) = instructions.into_parts();
        for header in headers {
            let name: HeaderName = header.name().parse().unwrap();
            let value = header.value().parse().unwrap();
            request.headers_mut().insert(name, value);
        }
    }
}

impl TestApp {
    /// A client that signs with a new permanent key of `account`, whose user is `someone`.
    pub async fn signed(&self, account: &str, policy: Option<Value>) -> super::Client {
        let (id, credentials) = Credentials::permanent();
        self.keep(&id, &credentials, new_key(account, policy)).await;
        self.client_of(&id, &credentials)
    }

    /// A client that carries a new bearer token of `account`, whose user is `someone`.
    pub async fn bearer(&self, account: &str, policy: Option<Value>) -> super::Client {
        let (id, credentials) = Credentials::bearer(None);
        self.keep(&id, &credentials, new_key(account, policy)).await;
        self.client_of(&id, &credentials)
    }

    /// A client that signs with a key for a session, valid until then.
    pub async fn session(&self, account: &str, expires_at: Timestamp) -> super::Client {
        let (id, credentials) = Credentials::temporary(expires_at);
        let created_at = expires_at - jiff::SignedDuration::from_hours(1);
        let new = NewKey {
            created_at,
            ..new_key(account, None)
        };
        self.keep(&id, &credentials, new).await;
        self.client_of(&id, &credentials)
    }

    pub async fn keep(&self, id: &AccessKeyId, credentials: &Credentials, new: NewKey<'_>) {
        let keys = self.app.master_keys.as_ref().unwrap();
        let key = AccessKey {
            id: id.clone(),
            account: AccountId::parse(new.account).unwrap(),
            name: UserName::parse(new.name).unwrap(),
            policy: new.policy.map(|policy| policy.to_string()),
            proof: credentials.proof(|secret| keys.seal(&id.sealing_place(), secret)),
            created_at: new.created_at,
            revoked_at: None,
        };
        self.app.store.create_access_key(&key).await.unwrap();
    }

    pub fn client_of(&self, id: &AccessKeyId, credentials: &Credentials) -> super::Client {
        self.client.with(match credentials {
            Credentials::Permanent { secret } => Proof::Signature(Signer::new(id, secret, None)),
            Credentials::Temporary {
                secret,
                session_token,
                ..
            } => Proof::Signature(Signer::new(id, secret, Some(session_token))),
            Credentials::Bearer { token, .. } => Proof::Bearer(token.clone()),
        })
    }
}

pub fn new_key(account: &str, policy: Option<Value>) -> NewKey<'_> {
    NewKey {
        account,
        name: "someone",
        policy,
        created_at: Timestamp::now(),
    }
}
