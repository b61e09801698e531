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
use crate::spark::driver_pod::LayoutSetting;

/// What no run can do without. What only some need, such as service accounts that nobody made yet,
/// is told by the run that is refused it. Cleaning up helpers is left to owner references, and
/// without `list events` and `get pods/log` a failure is told in fewer words.
const NEEDED: [(&str, &str); 6] = [
    ("create", "pods"),
    ("get", "pods"),
    ("list", "pods"),
    ("watch", "pods"),
    ("delete", "pods"),
    ("deletecollection", "pods"),
];

/// What every run needs where the cluster's layout is classic.
const NEEDED_FOR_CLASSIC: [(&str, &str); 4] = [
    ("create", "services"),
    ("get", "services"),
    ("create", "configmaps"),
    ("get", "configmaps"),
];

/// The needed rights that are missing in `namespace`, such as `create pods`. None are where the
/// cluster does not let us ask.
pub(super) async fn missing(
    client: &Client,
    namespace: &str,
    layout: LayoutSetting,
) -> Result<Vec<String>, Failure> {
    let for_layout = match layout {
        LayoutSetting::Classic => &NEEDED_FOR_CLASSIC[..],
        LayoutSetting::Auto | LayoutSetting::Compact => &[],
    };
    let needed = NEEDED.iter().chain(for_layout);
    let answers = future::join_all(needed.map(|(verb, resource)| async move {
        let answer = may(client, verb, resource, Some(namespace)).await;
        (format!("{verb} {resource}"), answer)
    }))
    .await;
    let mut missing = Vec::new();
    for (right, answer) in answers {
        match answer {
            Ok(true) => {}
            Ok(false) => missing.push(right),
            Err(Failure::Rejected(rejection)) if rejection.has_reason("Forbidden") => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(missing)
}

/// Whether the pods of all namespaces may be watched at once.
pub(super) async fn may_watch_everywhere(client: &Client) -> Result<bool, Failure> {
    for verb in ["list", "watch"] {
        match may(client, verb, "pods", None).await {
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

async fn may(
    client: &Client,
    verb: &str,
    resource: &str,
    namespace: Option<&str>,
) -> Result<bool, Failure> {
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: Some(verb.to_owned()),
                resource: Some(resource.to_owned()),
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

#[cfg(test)]
mod tests;
