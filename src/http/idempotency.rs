//! Two requests with one client token are the same request if their hashes are equal.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::store::RequestHash;
use crate::wire::{ApiError, Request};

/// Changes whenever the canonical form does, so that no hash means two things.
const VERSION: u8 = 1;

/// The hash of everything in a request but its client token.
pub(super) fn request_hash<R: Request>(request: &R) -> Result<RequestHash, ApiError> {
    request_hash_without(request, &[])
}

/// As `request_hash`, without some more members.
pub(super) fn request_hash_without<R: Request>(
    request: &R,
    members: &[&str],
) -> Result<RequestHash, ApiError> {
    let mut value = serde_json::to_value(request).map_err(ApiError::internal)?;
    if let Some(all) = value.as_object_mut() {
        all.remove("clientToken");
        for member in members {
            all.remove(*member);
        }
    }
    let mut hash = Sha256::new();
    hash.update([VERSION]);
    hash.update(R::OPERATION.name);
    hash.update(sorted(value).to_string());
    Ok(RequestHash(hash.finalize().into()))
}

/// Sorts members, whichever order a feature of the JSON library keeps them in.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.into_iter().collect();
            let members = members.into_iter();
            Value::Object(members.map(|(name, value)| (name, sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{CreateVirtualClusterRequest, PathParams, QueryPairs};

    fn hash(body: &str) -> RequestHash {
        let (path, query) = (PathParams::default(), QueryPairs::default());
        let request = CreateVirtualClusterRequest::from_parts(&path, &query, body.as_bytes());
        request_hash(&request.unwrap()).unwrap()
    }

    #[test]
    fn order_space_token_and_unknown_members_do_not_count_and_values_do() {
        let first = hash(
            r#"{"name":"a","clientToken":"t","containerProvider":{"type":"EKS","id":"c"},"tags":{"x":"1","y":"2"}}"#,
        );
        let again = hash(
            r#"{ "tags":{"y":"2","x":"1"}, "extra":1, "clientToken":"u", "sessionEnabled":null,
                 "containerProvider":{"id":"c","type":"EKS"}, "name":"a" }"#,
        );
        let other = hash(
            r#"{"name":"a","clientToken":"t","containerProvider":{"type":"EKS","id":"c"},"tags":{"x":"1","y":"3"}}"#,
        );
        assert_eq!(first, again);
        assert_ne!(first, other);
    }

    #[test]
    fn the_form_of_version_1_stays() {
        let hash =
            hash(r#"{"name":"a","clientToken":"t","containerProvider":{"type":"EKS","id":"c"}}"#);
        let text = "\u{1}CreateVirtualCluster\
                    {\"containerProvider\":{\"id\":\"c\",\"type\":\"EKS\"},\"name\":\"a\"}";
        assert_eq!(hash.0, <[u8; 32]>::from(Sha256::digest(text)));
    }
}
