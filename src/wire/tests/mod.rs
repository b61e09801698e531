//! What a client sends is read, and what breaks a rule is told: all through `Request::from_parts`.

/// Calls a generic function for every request type of the API, in the order of `OPERATIONS`.
macro_rules! every_request {
    ($function:ident($($argument:expr),*)) => {
        [
            $function::<CancelJobRunRequest>($($argument),*),
            $function::<CreateJobTemplateRequest>($($argument),*),
            $function::<CreateManagedEndpointRequest>($($argument),*),
            $function::<CreateSecurityConfigurationRequest>($($argument),*),
            $function::<CreateVirtualClusterRequest>($($argument),*),
            $function::<DeleteJobTemplateRequest>($($argument),*),
            $function::<DeleteManagedEndpointRequest>($($argument),*),
            $function::<DeleteSecurityConfigurationRequest>($($argument),*),
            $function::<DeleteVirtualClusterRequest>($($argument),*),
            $function::<DescribeJobRunRequest>($($argument),*),
            $function::<DescribeJobTemplateRequest>($($argument),*),
            $function::<DescribeManagedEndpointRequest>($($argument),*),
            $function::<DescribeSecurityConfigurationRequest>($($argument),*),
            $function::<DescribeVirtualClusterRequest>($($argument),*),
            $function::<GetManagedEndpointSessionCredentialsRequest>($($argument),*),
            $function::<ListJobRunsRequest>($($argument),*),
            $function::<ListJobTemplatesRequest>($($argument),*),
            $function::<ListManagedEndpointsRequest>($($argument),*),
            $function::<ListSecurityConfigurationsRequest>($($argument),*),
            $function::<ListTagsForResourceRequest>($($argument),*),
            $function::<ListVirtualClustersRequest>($($argument),*),
            $function::<StartJobRunRequest>($($argument),*),
            $function::<TagResourceRequest>($($argument),*),
            $function::<UntagResourceRequest>($($argument),*),
            $function::<UpdateVirtualClusterRequest>($($argument),*),
        ]
    };
}

mod anything;
mod clients;
mod constraints;
mod model;
mod secrets;

use serde_json::{Value, json};

use super::*;

const VIRTUAL_CLUSTER: &str = "arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/abc1";

/// Reads a request as it comes off the wire.
fn read<R: Request>(path: &str, query: &str, body: &str) -> Result<R, Rejection> {
    let path = PathParams::capture(R::OPERATION.uri, path).expect("the path fits the operation");
    R::from_parts(&path, &QueryPairs::parse(query), body.as_bytes())
}

/// The message that the caller gets, whichever way the request is refused.
fn message<R: Request + std::fmt::Debug>(path: &str, query: &str, body: &str) -> String {
    read::<R>(path, query, body)
        .expect_err("the request is refused")
        .to_string()
}

/// The refusal of a job run with these members besides its client token.
fn refused_run(members: Value) -> String {
    message::<StartJobRunRequest>("/virtualclusters/abc/jobruns", "", &run(members))
}

/// A job run with these members besides its client token.
fn accepted_run(members: Value) -> StartJobRunRequest {
    read("/virtualclusters/abc/jobruns", "", &run(members)).expect("the request is accepted")
}

fn run(mut members: Value) -> String {
    members["clientToken"] = json!("token");
    members.to_string()
}
