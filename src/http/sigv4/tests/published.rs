//! AWS's published examples: what was signed, under which names, and what came out.

use super::*;

struct Example {
    name: &'static str,
    method: Method,
    uri: &'static str,
    /// Besides the host and the date, which are the same everywhere.
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    signed: &'static str,
    signature: &'static str,
}

#[rustfmt::skip]
const EXAMPLES: &[Example] = &[
    Example {
        name: "get-header-key-duplicate", method: Method::GET,
        uri: "/",
        headers: &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
        body: "", signed: "host;my-header1;x-amz-date",
        signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    },
    Example {
        name: "get-header-value-order", method: Method::GET,
        uri: "/",
        headers: &[("my-header1", "value4"), ("my-header1", "value1"), ("my-header1", "value3"), ("my-header1", "value2")],
        body: "", signed: "host;my-header1;x-amz-date",
        signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    },
    Example {
        name: "get-header-value-trim", method: Method::GET,
        uri: "/",
        headers: &[("my-header1", " value1"), ("my-header2", r#" "a   b   c""#)],
        body: "", signed: "host;my-header1;my-header2;x-amz-date",
        signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    },
    Example {
        name: "get-relative-normalized", method: Method::GET,
        uri: "/example/..",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
    Example {
        name: "get-relative-relative-normalized", method: Method::GET,
        uri: "/example1/example2/../..",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
    Example {
        name: "get-slash-dot-slash-normalized", method: Method::GET,
        uri: "/./",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
    Example {
        name: "get-slash-normalized", method: Method::GET,
        uri: "//",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
    Example {
        name: "get-slash-pointless-dot-normalized", method: Method::GET,
        uri: "/./example",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
    },
    Example {
        name: "get-slashes-normalized", method: Method::GET,
        uri: "//example//",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    },
    Example {
        name: "get-unreserved", method: Method::GET,
        uri: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    },
    Example {
        name: "get-utf8", method: Method::GET,
        uri: "/ሴ",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    },
    Example {
        name: "get-vanilla", method: Method::GET,
        uri: "/",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
    Example {
        name: "get-vanilla-empty-query-key", method: Method::GET,
        uri: "/?Param1=value1",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    },
    Example {
        name: "get-vanilla-query-order-encoded", method: Method::GET,
        uri: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    },
    Example {
        name: "get-vanilla-query-order-key-case", method: Method::GET,
        uri: "/?Param2=value2&Param1=value1",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    },
    Example {
        name: "get-vanilla-query-unreserved", method: Method::GET,
        uri: "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    },
    Example {
        name: "get-vanilla-utf8-query", method: Method::GET,
        uri: "/?ሴ=bar",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    },
    Example {
        name: "get-vanilla-with-session-token", method: Method::GET,
        uri: "/",
        headers: &[("x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")],
        body: "", signed: "host;x-amz-date;x-amz-security-token",
        signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    },
    Example {
        name: "post-header-key-sort", method: Method::POST,
        uri: "/",
        headers: &[("my-header1", "value1")],
        body: "", signed: "host;my-header1;x-amz-date",
        signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    },
    Example {
        name: "post-header-value-case", method: Method::POST,
        uri: "/",
        headers: &[("my-header1", "VALUE1")],
        body: "", signed: "host;my-header1;x-amz-date",
        signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    },
    Example {
        name: "post-sts-header-before", method: Method::POST,
        uri: "/",
        headers: &[("x-amz-security-token", "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==")],
        body: "", signed: "host;x-amz-date;x-amz-security-token",
        signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    },
    Example {
        name: "post-vanilla", method: Method::POST,
        uri: "/",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    },
    Example {
        name: "post-vanilla-query", method: Method::POST,
        uri: "/?Param1=value1",
        headers: &[],
        body: "", signed: "host;x-amz-date",
        signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    },
    Example {
        name: "post-x-www-form-urlencoded", method: Method::POST,
        uri: "/",
        headers: &[("content-type", "application/x-www-form-urlencoded"), ("content-length", "13"), ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e")],
        body: "Param1=value1", signed: "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
        signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    },
    Example {
        name: "post-x-www-form-urlencoded-parameters", method: Method::POST,
        uri: "/",
        headers: &[("content-type", "application/x-www-form-urlencoded; charset=utf-8"), ("content-length", "13"), ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e")],
        body: "Param1=value1", signed: "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
        signature: "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422",
    },
];

impl Example {
    fn sent(&self) -> Sent {
        let host = [
            ("host", "example.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ];
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders={}, Signature={}",
            self.signed, self.signature
        );
        let sent = Sent {
            method: self.method.clone(),
            uri: self.uri.parse().unwrap(),
            headers: headers(&[&host[..], self.headers].concat()),
            body: self.body.as_bytes().to_vec(),
        };
        sent.with("authorization", &authorization)
    }
}

#[test]
fn what_aws_publishes_verifies() {
    for example in EXAMPLES {
        let checked = example.sent().check();
        assert!(checked.is_ok(), "{}: {checked:?}", example.name);
    }
}

#[test]
fn no_signature_is_that_of_another_request() {
    for example in EXAMPLES {
        for other in EXAMPLES {
            let sent = example.sent();
            let authorization = sent.headers["authorization"].to_str().unwrap();
            let authorization = authorization.replace(example.signature, other.signature);
            let sent = sent.with("authorization", &authorization);
            assert_eq!(
                sent.check().is_ok(),
                example.signature == other.signature,
                "{} as {}",
                example.name,
                other.name
            );
        }
    }
}

#[test]
fn a_path_that_is_encoded_already_is_encoded_again() {
    let mut sent = Sent::vanilla().at("/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-west-2%3A\
         892717189312%3Afunction%3Amy-rusty-fun/invocations");
    sent.method = Method::POST;
    let sent = sent.with("host", "lambda.us-east-2.amazonaws.com");
    let sent = sent.with("x-amz-date", "20210511T154045Z").with(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20210511/us-east-2/lambda/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=4b93abbcc68be32bd64c18e2c71150660ab4c29bbd6c32a383a7517a88fc1804",
    );
    let scope = Scope {
        region: "us-east-2",
        service: "lambda",
    };
    sent.check_at("2021-05-11T15:40:45Z", &scope, SECRET)
        .unwrap();
}
