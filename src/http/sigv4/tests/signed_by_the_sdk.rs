//! What the SDK's own signer signs verifies, and nothing else that differs in one character.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const HOST: &str = "emr.example:9400";
const NOW: &str = "2026-03-04T05:06:07Z";
const EMR: Scope<'_> = Scope {
    region: "eu-central-1",
    service: "emr-containers",
};
/// As SDKs encode, with the characters left alone that need not be.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

#[derive(Clone, Debug)]
struct Unsigned {
    method: &'static str,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    token: Option<String>,
    hash_header: bool,
}

fn unsigned() -> impl Strategy<Value = Unsigned> {
    let segment = prop_oneof![
        "[a-z0-9]{1,25}",
        Just("arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/a".to_owned()),
        "\\PC{1,8}",
    ]
    .prop_filter("leads nowhere", |text| text != "." && text != "..")
    .prop_map(|text| utf8_percent_encode(&text, PLAIN).to_string());
    let path = vec(segment, 0..5).prop_map(|parts| format!("/{}", parts.join("/")));
    let key = prop_oneof![
        select(&["states", "tagKeys"]).prop_map(str::to_owned),
        "\\PC{1,6}"
    ]
    .prop_filter("part of a signature", |key| {
        !key.to_lowercase().starts_with("x-amz-")
    });
    let pair = (key, "\\PC{0,8}").prop_map(|(key, value)| {
        let encoded = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
        format!("{}={}", encoded(&key), encoded(&value))
    });
    let query = proptest::option::of(vec(pair, 0..6).prop_map(|pairs| pairs.join("&")));
    let headers = btree_map("(h|x-amz)-[a-z]{1,3}", "[ -~]{0,12}", 0..4)
        .prop_map(|headers| headers.into_iter().collect());
    (
        select(&["GET", "POST", "PATCH", "DELETE"]),
        path,
        query,
        headers,
        vec(any::<u8>(), 0..64),
        proptest::option::of("[!-~]{1,40}"),
        any::<bool>(),
    )
        .prop_map(
            |(method, path, query, headers, body, token, hash_header)| Unsigned {
                method,
                path,
                query,
                headers,
                body,
                token,
                hash_header,
            },
        )
}

impl Unsigned {
    fn uri(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    fn sign(&self) -> Sent {
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, self.token.clone(), None, "test");
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        if self.hash_header {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let now: Timestamp = NOW.parse().unwrap();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(EMR.region)
            .name(EMR.service)
            .time(now.into())
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let headers = self.headers.iter();
        let request = SignableRequest::new(
            self.method,
            format!("http://{HOST}{}", self.uri()),
            headers.map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(&self.body),
        );
        let signed = sign(request.unwrap(), &params).unwrap();
        let mut sent = Sent {
            method: self.method.parse().unwrap(),
            uri: self.uri().parse().unwrap(),
            headers: HeaderMap::new(),
            body: self.body.clone(),
        };
        let added = signed.output().headers();
        let own = self.headers.iter();
        for (name, value) in own
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain([("host", HOST)])
            .chain(added)
        {
            let name: HeaderName = name.parse().unwrap();
            sent.headers.insert(name, value.parse().unwrap());
        }
        sent
    }
}

fn check(sent: &Sent) -> Result<Claim, AuthRejection> {
    sent.check_at(NOW, &EMR, SECRET)
}

/// Another letter or digit in the place of one that `at` picks.
fn changed(text: &str, at: Index) -> Option<String> {
    let places: Vec<_> = text
        .char_indices()
        .filter(|(_, letter)| letter.is_ascii_alphanumeric())
        .collect();
    if places.is_empty() {
        return None;
    }
    let (place, letter) = *at.get(&places);
    // A hexadecimal digit, so that an escape stays one: and never the same one in the other case.
    let other = if letter.eq_ignore_ascii_case(&'b') {
        'c'
    } else {
        'b'
    };
    let mut text = text.to_owned();
    text.replace_range(place..=place, &other.to_string());
    Some(text)
}

proptest! {
    #[test]
    fn what_it_signs_verifies(unsigned in unsigned()) {
        let claim = check(&unsigned.sign()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(claim.access_key_id, "AKIDEXAMPLE");
        prop_assert_eq!(claim.session_token, unsigned.token);
    }

    #[test]
    fn one_changed_character_does_not(unsigned in unsigned(), at: Index) {
        let sent = unsigned.sign();
        let again = |change: &dyn Fn(&mut Sent)| {
            let mut sent = Sent {
                method: sent.method.clone(),
                uri: sent.uri.clone(),
                headers: sent.headers.clone(),
                body: sent.body.clone(),
            };
            change(&mut sent);
            check(&sent)
        };
        prop_assert!(again(&|_| ()).is_ok());
        prop_assert!(again(&|sent| sent.method = Method::PUT).is_err());
        prop_assert!(again(&|sent| sent.body.push(0)).is_err());
        if !unsigned.body.is_empty() {
            prop_assert!(again(&|sent| *at.get_mut(&mut sent.body) ^= 1).is_err());
        }
        if let Some(path) = changed(&unsigned.path, at) {
            let other = Unsigned { path, ..unsigned.clone() }.uri();
            prop_assert!(again(&|sent| sent.uri = other.parse().unwrap()).is_err(), "{}", other);
        }
        if let Some(query) = unsigned.query.as_ref().and_then(|query| changed(query, at)) {
            let other = Unsigned { query: Some(query), ..unsigned.clone() }.uri();
            prop_assert!(again(&|sent| sent.uri = other.parse().unwrap()).is_err(), "{}", other);
        }
        for name in sent.headers.keys() {
            let value = sent.headers[name].to_str().unwrap();
            // Of the parts of this header the key's id is looked up, not signed.
            let (key, value) = value.split_once("AKIDEXAMPLE").unwrap_or(("", value));
            let key = if key.is_empty() { String::new() } else { format!("{key}AKIDEXAMPLE") };
            if let Some(other) = changed(value, at) {
                let other = format!("{key}{other}");
                let put = |sent: &mut Sent| {
                    sent.headers.insert(name.clone(), other.parse().unwrap());
                };
                prop_assert!(again(&put).is_err(), "{}: {}", name, other);
            }
            let take = |sent: &mut Sent| {
                sent.headers.remove(name);
            };
            prop_assert!(again(&take).is_err(), "without {}", name);
        }
    }

    #[test]
    fn no_header_makes_it_panic(header in "\\PC*", date in "\\PC*", query in "\\PC*") {
        let mut sent = Sent::vanilla();
        for (name, text) in [("authorization", header), ("x-amz-date", date)] {
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                sent.headers.insert(name, value);
            }
        }
        if let Ok(uri) = format!("/?{query}").parse() {
            sent.uri = uri;
        }
        prop_assert!(sent.check().is_err() || sent.headers["authorization"] == VANILLA);
    }
}
