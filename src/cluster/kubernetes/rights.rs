//! What Firesteel may do, asked of the cluster itself: each right by its own review.

use futures::future;
use http::Request;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Resource as _;
use kube::api::PostParams;
use kube::core::Request as Paths;

use super::client::{Client, Failure};

/// What a run cannot do without. Cleaning up helpers is not among it: owner references do that in
/// the end.
const NEEDED_ON_PODS: [&str; 6] = [
    "create",
    "get",
    "list",
    "watch",
    "delete",
    "deletecollection",
];

/// The needed rights that are missing in `namespace`, such as `create pods`. None are where the
/// cluster does not let us ask.
pub(super) async fn missing(client: &Client, namespace: &str) -> Result<Vec<String>, Failure> {
    let answers = future::join_all(
        NEEDED_ON_PODS.map(|verb| async move { (verb, may(client, verb, Some(namespace)).await) }),
    )
    .await;
    let mut missing = Vec::new();
    for (verb, answer) in answers {
        match answer {
            Ok(true) => {}
            Ok(false) => missing.push(format!("{verb} pods")),
            Err(Failure::Rejected(rejection)) if rejection.has_reason("Forbidden") => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(missing)
}

/// Whether the pods of all namespaces may be watched at once.
pub(super) async fn may_watch_everywhere(client: &Client) -> Result<bool, Failure> {
    for verb in ["list", "watch"] {
        match may(client, verb, None).await {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(Failure::Rejected(rejection)) if rejection.has_reason("Forbidden") => {
                return Ok(false);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(true)
}

async fn may(client: &Client, verb: &str, namespace: Option<&str>) -> Result<bool, Failure> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: Some(verb.to_owned()),
                resource: Some("pods".to_owned()),
                namespace: namespace.map(str::to_owned),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer: SelfSubjectAccessReview = client.call(request(&review), client.deadline()).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

fn request(
    review: &SelfSubjectAccessReview,
) -> Result<Request<Vec<u8>>, kube::core::request::Error> {
    let body = serde_json::to_vec(review).map_err(kube::core::request::Error::SerializeBody)?;
    Paths::new(SelfSubjectAccessReview::url_path(&(), None)).create(&PostParams::default(), body)
}
