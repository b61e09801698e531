//! The description of the API says what the routes and the API model say: handlers name their
//! operation, and everything else comes from the model's tables.

mod errors;
mod examples;
mod pattern;
mod schema;

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{
    Operation as Described, Parameter, ParameterBuilder, ParameterIn, ParameterStyle, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Content, OpenApi, RefOr, Required, Server};

use errors::Errors;
use schema::Schemas;

use crate::wire::{Kind, Location, Member, OPERATIONS, Operation, SHAPES, Shape};

/// What the description starts with.
pub(super) fn head() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(
            title = "Firesteel: the Amazon EMR on EKS API",
            description = "The operations of emr-containers (2020-10-01). Any client of Amazon EMR \
                           on EKS works with them once its endpoint URL is changed.\n\nEvery answer \
                           is JSON and has an id in `x-amzn-RequestId`; every error has its name in \
                           `x-amzn-ErrorType` and in the member `__type`. A member that has no \
                           value is left out of answers, may be null in requests, and members that \
                           are not described here are not looked at.",
            license(name = "Apache-2.0", identifier = "Apache-2.0"),
        ),
        tags(
            (name = "Virtual clusters", description = "A namespace of a cluster, for job runs."),
            (name = "Job runs", description = "One Spark program each, from request to end."),
            (name = "Job templates", description = "What job runs have in common, with parameters."),
            (
                name = "Security configurations",
                description = "What virtual clusters keep to: encryption and authorization. Kept \
                               and shown, without effect on job runs yet."
            ),
            (
                name = "Managed endpoints",
                description = "Interactive Spark, by session. Not supported yet: each request is \
                               checked, and then answered with ValidationException."
            ),
            (name = "Tags", description = "Labels of any resource, by its ARN."),
            (name = "Firesteel", description = "What Amazon EMR on EKS does not have."),
        ),
    )]
    struct Head;

    let mut head = Head::openapi();
    // The server that the description was read from.
    head.servers = Some(vec![Server::new("/")]);
    head
}

/// Completes what the routes gave: parameters, bodies, answers and errors of each operation.
pub(super) fn complete(mut description: OpenApi) -> OpenApi {
    let mut schemas = Schemas::default();
    let mut errors = Errors::default();
    for (path, item) in &mut description.paths.paths {
        for (method, described) in operations(item) {
            let model = OPERATIONS.iter().find(|operation| {
                operation.uri == path.as_str() && operation.method.as_str() == method
            });
            match model {
                Some(operation) => describe(operation, described, &mut schemas, &mut errors),
                None => describe_own(described, &mut errors),
            }
        }
    }
    let components = description.components.get_or_insert_with(Components::new);
    components.schemas = kept(&components.schemas, schemas.0);
    components.schemas.extend(errors.schemas);
    components.responses.extend(errors.responses);
    components.security_schemes.extend(security_schemes());
    description.security = Some(
        ["sigv4", "bearer"]
            .map(|name| SecurityRequirement::new(name, [] as [String; 0]))
            .into(),
    );
    description
}

fn describe(
    operation: &'static Operation,
    described: &mut Described,
    schemas: &mut Schemas,
    errors: &mut Errors,
) {
    described.operation_id = Some(operation.name.to_owned());
    described.tags = Some(vec![tag(operation.uri).to_owned()]);
    described.summary = summary(operation.name).map(str::to_owned);
    let parameters: Vec<_> = operation
        .members()
        .iter()
        .filter_map(|member| parameter(member, schemas))
        .map(RefOr::T)
        .collect();
    described.parameters = (!parameters.is_empty()).then_some(parameters);
    let mut in_body = operation
        .members()
        .iter()
        .filter(|member| member.location == Location::Body)
        .peekable();
    described.request_body = in_body.peek().is_some().then(|| {
        let required = required(in_body.any(|member| member.required));
        let body = RequestBodyBuilder::new()
            .content(
                "application/json",
                json(operation.input, schemas, examples::request(operation.name)),
            )
            .required(Some(required));
        RefOr::T(body.build())
    });
    let success = ResponseBuilder::new()
        .description("Success.")
        .header("x-amzn-RequestId", errors::request_id())
        .content("application/json", json(operation.output, schemas, None));
    described.responses.responses = errors.of(operation);
    described
        .responses
        .responses
        .insert("200".to_owned(), RefOr::T(success.build()));
}

/// What Firesteel has beyond the model describes itself, but for what may go wrong: that is what may
/// in describing a run.
fn describe_own(described: &mut Described, errors: &mut Errors) {
    let like = OPERATIONS
        .iter()
        .find(|operation| operation.name == "DescribeJobRun");
    if let Some(operation) = like {
        let responses = &mut described.responses.responses;
        responses.extend(errors.of(operation));
        if let Some(RefOr::T(success)) = responses.get_mut("200") {
            let header = ("x-amzn-RequestId".to_owned(), errors::request_id().into());
            success.headers.extend([header]);
        }
    }
}

fn json(shape: &'static Shape, schemas: &mut Schemas, example: Option<Value>) -> Content {
    Content::builder()
        .schema(Some(schemas.of(shape)))
        .example(example)
        .build()
}

fn parameter(member: &'static Member, schemas: &mut Schemas) -> Option<Parameter> {
    let place = match member.location {
        Location::Path => ParameterIn::Path,
        Location::Query => ParameterIn::Query,
        Location::Body => return None,
    };
    let mut schema = schemas.of(member.shape);
    if member.wire_name == "maxResults"
        && let RefOr::T(Schema::Object(number)) = &mut schema
    {
        // The model leaves it to the service.
        number.minimum = Some(1.into());
    }
    let parameter = ParameterBuilder::new()
        .name(member.wire_name)
        .parameter_in(place)
        .description(explanation(member.wire_name))
        .required(required(member.required))
        .schema(Some(schema))
        .example(examples::parameter(member.wire_name).map(Value::from));
    let parameter = if matches!(member.shape.kind, Kind::List { .. }) {
        parameter
            .style(Some(ParameterStyle::Form))
            .explode(Some(true))
    } else {
        parameter
    };
    Some(parameter.build())
}

fn required(required: bool) -> Required {
    if required {
        Required::True
    } else {
        Required::False
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Described)> {
    [
        ("GET", item.get.as_mut()),
        ("POST", item.post.as_mut()),
        ("PATCH", item.patch.as_mut()),
        ("DELETE", item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, described)| Some((method, described?)))
}

/// The model's schemas, and of those that handlers brought only what is not the model's.
fn kept(
    brought: &BTreeMap<String, RefOr<Schema>>,
    mut model: BTreeMap<String, RefOr<Schema>>,
) -> BTreeMap<String, RefOr<Schema>> {
    let others = brought
        .iter()
        .filter(|(name, _)| SHAPES.iter().all(|shape| shape.name != name.as_str()));
    model.extend(others.map(|(name, schema)| (name.clone(), schema.clone())));
    model
}

fn security_schemes() -> [(String, RefOr<SecurityScheme>); 2] {
    let signed = ApiKeyValue::with_description(
        "Authorization",
        "AWS Signature Version 4 for the service `emr-containers`, as every SDK makes it.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of `firesteel keys create --bearer`."))
        .build();
    [
        (
            "sigv4".to_owned(),
            SecurityScheme::ApiKey(ApiKey::Header(signed)).into(),
        ),
        ("bearer".to_owned(), SecurityScheme::Http(bearer).into()),
    ]
}

fn tag(uri: &str) -> &'static str {
    match uri.split('/').nth(1) {
        Some("jobtemplates") => "Job templates",
        Some("securityconfigurations") => "Security configurations",
        Some("tags") => "Tags",
        _ => match uri.split('/').nth(3) {
            Some("jobruns") => "Job runs",
            Some("endpoints") => "Managed endpoints",
            _ => "Virtual clusters",
        },
    }
}

fn summary(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "CancelJobRun" => "Ask a job run to end",
        "CreateJobTemplate" => "Keep a template for job runs",
        "CreateManagedEndpoint" => "Create a managed endpoint",
        "CreateSecurityConfiguration" => "Keep a security configuration",
        "CreateVirtualCluster" => "Take a namespace of a cluster for job runs",
        "DeleteJobTemplate" => "Forget a job template",
        "DeleteManagedEndpoint" => "Delete a managed endpoint",
        "DeleteSecurityConfiguration" => "Forget a security configuration that nothing uses",
        "DeleteVirtualCluster" => "Give the namespace back; its job runs must have ended",
        "DescribeJobRun" => "Tell how a job run is",
        "DescribeJobTemplate" => "Tell what is in a job template",
        "DescribeManagedEndpoint" => "Tell how a managed endpoint is",
        "DescribeSecurityConfiguration" => "Tell what is in a security configuration",
        "DescribeVirtualCluster" => "Tell how a virtual cluster is",
        "GetManagedEndpointSessionCredentials" => "Get credentials for a session",
        "ListJobRuns" => "List a virtual cluster's job runs, the newest first",
        "ListJobTemplates" => "List job templates",
        "ListManagedEndpoints" => "List a virtual cluster's managed endpoints",
        "ListSecurityConfigurations" => "List security configurations",
        "ListTagsForResource" => "List the tags of a resource",
        "ListVirtualClusters" => "List virtual clusters, the newest first",
        "StartJobRun" => "Start a job run",
        "TagResource" => "Set tags of a resource",
        "UntagResource" => "Take tags from a resource",
        "UpdateVirtualCluster" => "Change the limits of a virtual cluster",
        _ => return None,
    })
}

/// What a parameter is for, where its name leaves a question.
fn explanation(parameter: &str) -> Option<&'static str> {
    Some(match parameter {
        "createdAfter" => "Created at this time or later.",
        "createdBefore" => "Created at this time or earlier.",
        "maxResults" => "The most results to answer with; the server has a limit of its own.",
        "nextToken" => "From the answer before, for the results that follow.",
        "states" => "In one of these states.",
        "name" => "Of this name.",
        "types" => "Of one of these types.",
        "containerProviderId" => "On this cluster.",
        "containerProviderType" => "On clusters of this kind.",
        "resourceArn" => {
            "The ARN, its slashes and colons percent-encoded: one segment of the path."
        }
        "tagKeys" => "The keys of the tags to take away.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_summary() {
        for operation in OPERATIONS {
            assert!(summary(operation.name).is_some(), "{}", operation.name);
        }
    }
}
