//! Firesteel's own operations: below `/firesteel/`, where the service will never have one.

use axum::http::Method;

use crate::wire::PathParams;

pub(super) const VIRTUAL_CLUSTER: &str = "/firesteel/v1/virtualclusters/{virtualClusterId}";
pub(super) const JOB_RUN: &str =
    "/firesteel/v1/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}";
pub(super) const JOB_RUN_EVENTS: &str =
    "/firesteel/v1/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}/events";

/// What is answered there.
pub(super) struct OwnOperation {
    pub name: &'static str,
    pub method: Method,
    pub uri: &'static str,
}

/// All of them.
pub(super) static OPERATIONS: [OwnOperation; 3] = [
    OwnOperation {
        name: "GetVirtualClusterStory",
        method: Method::GET,
        uri: VIRTUAL_CLUSTER,
    },
    OwnOperation {
        name: "GetJobRunStory",
        method: Method::GET,
        uri: JOB_RUN,
    },
    OwnOperation {
        name: "ListJobRunEvents",
        method: Method::GET,
        uri: JOB_RUN_EVENTS,
    },
];

/// The operation of a raw path, whatever the method.
pub(super) fn find(raw_path: &str) -> Option<&'static OwnOperation> {
    OPERATIONS
        .iter()
        .find(|operation| PathParams::capture(operation.uri, raw_path).is_some())
}
