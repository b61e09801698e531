//! Against AWS's published examples of signatures, against AWS's own signer, and against what an
//! attacker or a broken client may send.

mod published;
mod signed_by_the_sdk;

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use jiff::Timestamp;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SCOPE: Scope<'_> = Scope {
    region: "us-east-1",
    service: "service",
};
/// AWS's first example: `GET /` at 12:36:00.
const VANILLA: &str = "AWS4-HMAC-SHA256 \
    Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
    SignedHeaders=host;x-amz-date, \
    Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

struct Sent {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn vanilla() -> Self {
        Self {
            method: Method::GET,
            uri: Uri::from_static("/"),
            headers: headers(&[
                ("host", "example.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
                ("authorization", VANILLA),
            ]),
            body: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    fn and(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(name, value.parse().unwrap());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    fn at(mut self, uri: &str) -> Self {
        self.uri = uri.parse().unwrap();
        self
    }

    fn authorized(self, from: &str, to: &str) -> Self {
        assert!(VANILLA.contains(from), "{from}");
        self.with("authorization", &VANILLA.replace(from, to))
    }

    fn as_request(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: &self.method,
            uri: &self.uri,
            headers: &self.headers,
        }
    }

    fn check(&self) -> Result<Claim, AuthRejection> {
        self.check_at("2015-08-30T12:36:00Z", &SCOPE, SECRET)
    }

    fn claim(&self, now: &str, scope: &Scope<'_>) -> Result<Claim, AuthRejection> {
        claim(&self.as_request(), scope, now.parse().unwrap())
    }

    fn check_at(&self, now: &str, scope: &Scope<'_>, secret: &str) -> Result<Claim, AuthRejection> {
        let claim = self.claim(now, scope)?;
        claim.verify(&self.as_request(), &self.body, secret)?;
        Ok(claim)
    }

    fn incomplete(&self, text: &str) {
        let AuthRejection::Incomplete(why) = self.check().unwrap_err() else {
            panic!("another rejection than: {text}");
        };
        assert!(why.contains(text), "{why}");
    }

    fn invalid(&self, text: &str) {
        let AuthRejection::Invalid(why) = self.check().unwrap_err() else {
            panic!("another rejection than: {text}");
        };
        assert!(why.contains(text), "{why}");
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_str(value).unwrap();
            (HeaderName::from_static(name), value)
        })
        .collect()
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you \
    provided. Check your AWS Secret Access Key and signing method. Consult the service \
    documentation for details.";

#[test]
fn a_right_signature_says_whose_it_is() {
    let claim = Sent::vanilla().check().unwrap();
    assert_eq!(claim.access_key_id, "AKIDEXAMPLE");
    assert_eq!(claim.session_token, None);
    assert!(!format!("{claim:?}").contains("5fa00fa3"));
}

#[test]
fn another_secret_is_refused() {
    let error = Sent::vanilla().check_at("2015-08-30T12:36:00Z", &SCOPE, "other");
    assert_eq!(error.unwrap_err(), AuthRejection::Invalid(MISMATCH.into()));
    let long = "x".repeat(200);
    let error = Sent::vanilla().check_at("2015-08-30T12:36:00Z", &SCOPE, &long);
    assert_eq!(error.unwrap_err(), AuthRejection::Invalid(MISMATCH.into()));
}

#[test]
fn a_signature_lives_fifteen_minutes_either_way() {
    let at = |now: &str| Sent::vanilla().check_at(now, &SCOPE, SECRET);
    assert!(at("2015-08-30T12:51:00Z").is_ok());
    assert!(at("2015-08-30T12:21:00Z").is_ok());
    assert_eq!(
        at("2015-08-30T12:51:01Z").unwrap_err().to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
         (20150830T125101Z - 15 min.)"
    );
    assert_eq!(
        at("2015-08-30T12:20:59Z").unwrap_err().to_string(),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z \
         (20150830T122059Z + 15 min.)"
    );
    for now in [Timestamp::MIN, Timestamp::MAX] {
        let sent = Sent::vanilla();
        let claim = claim(&sent.as_request(), &SCOPE, now);
        assert!(matches!(claim, Err(AuthRejection::Invalid(_))));
    }
}

#[test]
fn a_signature_for_another_place_names_what_is_wrong_with_it() {
    for (from, to, text) in [
        (
            "us-east-1",
            "eu-west-1",
            "Credential should be scoped to a valid region, not 'eu-west-1'.",
        ),
        (
            "/service/",
            "/s3/",
            "Credential should be scoped to correct service: 'service'.",
        ),
        (
            "aws4_request",
            "aws5_request",
            "Credential should be scoped with a valid terminator: 'aws4_request', not \
             'aws5_request'.",
        ),
        (
            "/20150830/",
            "/20150829/",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
             HTTP: '20150829' != '20150830', from '20150830T123600Z'.",
        ),
        (
            "us-east-1/service",
            "US-EAST-1/Service",
            "not 'US-EAST-1'. Credential should be scoped to correct service: 'service'.",
        ),
    ] {
        Sent::vanilla().authorized(from, to).invalid(text);
    }
}

#[test]
fn what_a_header_lacks_is_named() {
    assert_eq!(
        Sent::vanilla()
            .without("authorization")
            .check()
            .unwrap_err(),
        AuthRejection::Missing
    );
    for (sent, text) in [
        (
            Sent::vanilla().authorized("Credential=", "X="),
            "Authorization header requires 'Credential' parameter. (Hashed with SHA-256 and \
             encoded with Base64) Authorization=",
        ),
        (
            Sent::vanilla().authorized("Signature=", "S="),
            "Authorization header requires 'Signature' parameter.",
        ),
        (
            Sent::vanilla().authorized("SignedHeaders=host;x-amz-date", "SignedHeaders="),
            "Authorization header requires 'SignedHeaders' parameter.",
        ),
        (
            Sent::vanilla().without("x-amz-date"),
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
        (
            Sent::vanilla().with("authorization", "AWS4-HMAC-SHA256"),
            "'Credential' parameter. Authorization header requires 'Signature' parameter. \
             Authorization header requires 'SignedHeaders' parameter. (",
        ),
        (
            Sent::vanilla().with("authorization", "Basic aHVudGVyMg=="),
            "Authorization header requires 'Credential' parameter.",
        ),
        (
            Sent::vanilla().authorized("Credential=AKID", "Credential= AKID"),
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with \
             SHA-256 and encoded with Base64): '",
        ),
        (
            Sent::vanilla().authorized("/20150830/", "/20150830/x/"),
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term.",
        ),
        (
            Sent::vanilla().authorized("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
            "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for \
             now).",
        ),
        (
            Sent::vanilla().authorized("Signature=", "Signature=00, Signature="),
            "Authorization header has more than one 'Signature' parameter.",
        ),
    ] {
        sent.incomplete(text);
    }
    let basic = Sent::vanilla().with("authorization", "Basic aHVudGVyMg==");
    assert!(!basic.check().unwrap_err().to_string().contains("aHVud"));
}

#[test]
fn a_date_has_one_form() {
    for date in [
        "2015-08-30T12:36:00Z",
        "20150830",
        "20150830T123600",
        "20150830T123600+0000",
        "20150830T1236Z",
        " 20150830T123600Z",
        "20150832T123600Z",
        "20150830T246000Z",
        "Sun, 30 Aug 2015 12:36:00 GMT",
        "",
    ] {
        let sent = Sent::vanilla().with("x-amz-date", date);
        sent.incomplete("Date must be in ISO-8601 'basic format'. Got '");
        // The other header is not asked where this one is there.
        let sent = sent.with("date", "20150830T123600Z");
        sent.incomplete("Date must be in ISO-8601 'basic format'.");
    }
}

#[test]
fn the_date_header_stands_in() {
    let sent = Sent::vanilla().without("x-amz-date");
    let sent = sent.with("date", "20150830T123600Z");
    let sent = sent.authorized("host;x-amz-date", "date;host");
    // It is another text to sign, so this signature is not its.
    sent.invalid(MISMATCH);
    let request = sent.as_request();
    let now = "2015-08-30T12:36:00Z".parse().unwrap();
    let claim = claim(&request, &SCOPE, now).unwrap();
    let names = &claim.authorization.signed_headers;
    let canonical = canonical::requests(&request, names, &hex(&Sha256::digest(""))).unwrap();
    let text = claim.string_to_sign(&canonical[0]);
    let signature = hex(&hmac(&claim.signing_key(SECRET), text.as_bytes()));
    let header = sent.headers["authorization"].to_str().unwrap();
    let header = header.replace(&claim.authorization.signature, &signature);
    sent.with("authorization", &header).check().unwrap();
}

#[test]
fn what_says_where_and_what_must_be_signed() {
    let sent = Sent::vanilla().authorized("host;x-amz-date", "x-amz-date");
    sent.invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    let sent = Sent::vanilla().authorized("host;x-amz-date", "host");
    sent.invalid("'x-amz-date' must be a 'SignedHeader' in the AWS Authorization.");
    let sent = Sent::vanilla().with("x-amz-security-token", "token");
    sent.invalid("'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.");
    let sent = Sent::vanilla().with("x-amzn-trace-id", "added by a proxy");
    sent.check().unwrap();
}

#[test]
fn a_signed_header_that_is_gone_is_refused() {
    let sent = Sent::vanilla().authorized("host;", "host;if-match;");
    sent.invalid("'if-match' is a 'SignedHeader' in the AWS Authorization and is not in the");
}

#[test]
fn a_list_of_headers_in_another_spelling_is_another_list() {
    let sent = Sent::vanilla().authorized("host;x-amz-date", "Host;X-Amz-Date");
    assert!(matches!(sent.check(), Err(AuthRejection::Invalid(_))));
    // Whoever knows a key's id would have the value copied as often as it is named.
    for list in [
        "x-amz-date;host",
        "host;host;x-amz-date",
        "host;x-amz-date;host",
    ] {
        let sent = Sent::vanilla().authorized("host;x-amz-date", list);
        let claim = sent.claim("2015-08-30T12:36:00Z", &SCOPE);
        let text = "'SignedHeaders' in the AWS Authorization must be in order, each of them once.";
        assert_eq!(claim.err(), Some(AuthRejection::Invalid(text.into())));
    }
    let sent = Sent::vanilla().authorized("host;x-amz-date", "host;x-amz-date;");
    assert!(sent.check().is_err());
    let sent = Sent::vanilla().authorized("host;x-amz-date", "host;x-amz-date;\u{e9}\u{20ac}");
    assert!(sent.check().is_err());
}

#[test]
fn nothing_that_two_readers_may_read_differently_is_accepted() {
    for (name, value) in [
        ("authorization", VANILLA),
        ("x-amz-date", "20150830T123600Z"),
        ("host", "example.amazonaws.com"),
    ] {
        let sent = Sent::vanilla().and(name, value);
        sent.incomplete(&format!("The request has more than one '{name}' header."));
    }
    let sent = Sent::vanilla().at("http://other.example/");
    sent.incomplete("The request names two hosts.");
    let sent = Sent::vanilla().without("host");
    sent.incomplete("The request names no host.");
    let mut sent = Sent::vanilla();
    let text = HeaderValue::from_bytes(b"AWS4-HMAC-SHA256 \xff").unwrap();
    sent.headers.insert("authorization", text);
    sent.incomplete("The 'authorization' header is not text.");
}

#[test]
fn an_absolute_uri_is_the_same_request() {
    let sent = Sent::vanilla().at("http://example.amazonaws.com");
    sent.check().unwrap();
    sent.without("host").check().unwrap();
}

#[test]
fn a_signature_in_the_query_is_refused() {
    let query = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00";
    let sent = Sent::vanilla().at(query);
    sent.invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization'");
    let sent = Sent::vanilla().at(query).without("authorization");
    sent.incomplete("A signature in the query string is not accepted");
    let sent = Sent::vanilla()
        .at("/?x%2Damz%2Dsignature")
        .without("authorization");
    sent.incomplete("A signature in the query string is not accepted");
}

#[test]
fn a_body_is_signed_as_it_arrived() {
    let mut sent = Sent::vanilla();
    sent.body = b"{}".to_vec();
    sent.invalid(MISMATCH);
    for hash in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "",
        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    ] {
        let sent = Sent::vanilla().with("x-amz-content-sha256", hash);
        let sent = sent.authorized("host;", "host;x-amz-content-sha256;");
        sent.invalid("The 'x-amz-content-sha256' header is not the SHA-256 of the body");
    }
}

#[test]
fn strange_requests_are_refused_without_a_panic() {
    for uri in [
        "*",
        "/%",
        "/%zz/%e1%88%b4",
        "/?",
        "/?&&&",
        "/?=",
        "/?%ff%fe=%",
        "/?a=b=c&a",
        "/../..",
        "/a//../b/.",
        "http://example.amazonaws.com",
    ] {
        let sent = Sent::vanilla().at(uri);
        let _ = sent.check();
    }
    let request = Request::builder()
        .method("CONNECT")
        .uri("example.amazonaws.com:80");
    let mut sent = Sent::vanilla();
    sent.uri = request.body(()).unwrap().into_parts().0.uri;
    let _ = sent.check();
    for header in [
        "AWS4-",
        "AWS4- ",
        "AWS4-HMAC-SHA256 ,,,",
        "AWS4-HMAC-SHA256 =",
        "=",
        "",
    ] {
        let sent = Sent::vanilla().with("authorization", header);
        assert!(sent.check().is_err(), "{header}");
    }
}

#[test]
fn a_long_header_of_somebody_unknown_takes_no_time() {
    use std::fmt::Write as _;

    let mut header = "AWS4-HMAC-SHA256 a=1".to_owned();
    for number in 0..60_000 {
        write!(header, ",{number}=1").unwrap();
    }
    let sent = Sent::vanilla().with("authorization", &header);
    let started = Instant::now();
    sent.incomplete("Authorization header requires 'Credential' parameter.");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn queries_that_differ_stay_different() {
    let canonical = |query: &str| {
        let sent = Sent::vanilla().at(&format!("/?{query}"));
        canonical::requests(&sent.as_request(), &["host".into()], "").unwrap()
    };
    assert_eq!(canonical("a=%20b"), canonical("a=+b"));
    assert_eq!(canonical("b=2&a=1"), canonical("a=1&b=2"));
    assert_eq!(canonical("a"), canonical("a="));
    for (one, other) in [
        ("a=%ff", "a=%fe"),
        ("a=%ff", "a=%EF%BF%BD"),
        ("a=%2B", "a=+"),
        ("a=1&a=1", "a=1"),
        ("a=1%26b=2", "a=1&b=2"),
        ("a%3D=1", "a==1"),
    ] {
        assert_ne!(canonical(one), canonical(other), "{one} {other}");
    }
}

#[test]
fn every_rejection_has_its_error() {
    for (rejection, code) in [
        (
            AuthRejection::Missing,
            "MissingAuthenticationTokenException",
        ),
        (
            AuthRejection::Incomplete("why".into()),
            "IncompleteSignatureException",
        ),
        (
            AuthRejection::Invalid("why".into()),
            "InvalidSignatureException",
        ),
    ] {
        let error = ApiError::from(rejection);
        assert_eq!((error.code(), error.status().as_u16()), (code, 403));
    }
}
