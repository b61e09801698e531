"""All that boto3's model has: each operation, each paginator, each class of errors."""

import datetime
import uuid

import pytest
from botocore.loaders import Loader

from conftest import JOBS
from firesteel import RELEASE, ROLE, start_run, wait_for_state

# What follows with the servers behind managed endpoints.
NOT_YET = {
    "CreateManagedEndpoint",
    "DeleteManagedEndpoint",
    "DescribeManagedEndpoint",
    "GetManagedEndpointSessionCredentials",
    "ListManagedEndpoints",
}
EXECUTION = {"executionRoleArn": ROLE, "releaseLabel": RELEASE}
DONE = {"sparkSubmitJobDriver": {"entryPoint": str(JOBS / "done.py")}}
SECURITY = {
    "authorizationConfiguration": {
        "lakeFormationConfiguration": {"authorizedSessionTagValue": "Amazon EMR"}
    }
}
UNKNOWN = "0" * 25


def provider(namespace):
    return {"type": "EKS", "id": "local", "info": {"eksInfo": {"namespace": namespace}}}


def template(client, **data):
    data = {**EXECUTION, "jobDriver": DONE, **data}
    return client.create_job_template(name="boto3", jobTemplateData=data, tags={"by": "boto3"})


def test_every_operation(client, namespace):
    succeeded, refused = set(), set()

    def note(http_response, model, **_):
        (succeeded if http_response.status_code == 200 else refused).add(model.name)

    client.meta.events.register("after-call.emr-containers", note)

    security = client.create_security_configuration(
        name="boto3", securityConfigurationData=SECURITY, tags={"by": "boto3"}
    )
    found = client.describe_security_configuration(id=security["id"])["securityConfiguration"]
    assert (found["arn"], found["tags"]) == (security["arn"], {"by": "boto3"})
    assert found["securityConfigurationData"] == SECURITY
    listed = client.list_security_configurations()["securityConfigurations"]
    assert found in listed

    cluster = client.create_virtual_cluster(
        name="boto3",
        containerProvider=provider(namespace),
        tags={"by": "boto3"},
        securityConfigurationId=security["id"],
        schedulerConfiguration={"maxConcurrentJobRuns": 2},
    )
    here = {"virtualClusterId": cluster["id"]}
    found = client.describe_virtual_cluster(id=cluster["id"])["virtualCluster"]
    assert (found["arn"], found["state"]) == (cluster["arn"], "RUNNING")
    assert found["securityConfigurationId"] == security["id"]
    assert found["schedulerConfiguration"] == {"maxConcurrentJobRuns": 2}
    assert found["schedulerStatus"] == {"currentInQueueJobRuns": 0, "currentConcurrentJobRuns": 0}
    assert found["createdAt"] <= datetime.datetime.now(datetime.timezone.utc)
    limits = {"maxConcurrentJobRuns": 3, "maxInQueueJobRuns": 100}
    updated = client.update_virtual_cluster(id=cluster["id"], schedulerConfiguration=limits)
    assert updated["virtualCluster"]["schedulerConfiguration"] == limits
    updated = client.update_virtual_cluster(id=cluster["id"], schedulerConfiguration={})
    assert not updated["virtualCluster"].get("schedulerConfiguration")
    listed = client.list_virtual_clusters(
        containerProviderId="local", containerProviderType="EKS", states=["RUNNING"]
    )["virtualClusters"]
    assert cluster["id"] in [cluster["id"] for cluster in listed]

    made = template(
        client,
        jobDriver={
            "sparkSubmitJobDriver": {**DONE["sparkSubmitJobDriver"], "entryPointArguments": ["${n}"]}
        },
        parameterConfiguration={"n": {"type": "NUMBER"}},
        jobTags={"from": "template"},
    )
    found = client.describe_job_template(id=made["id"])["jobTemplate"]
    assert (found["name"], found["arn"], found["tags"]) == ("boto3", made["arn"], {"by": "boto3"})
    assert found["jobTemplateData"]["parameterConfiguration"] == {"n": {"type": "NUMBER"}}
    assert made["id"] in [listed["id"] for listed in client.list_job_templates()["templates"]]

    run = client.start_job_run(
        **here, name="boto3", jobTemplateId=made["id"], jobTemplateParameters={"n": "3"}
    )
    completed = wait_for_state(client, cluster["id"], run["id"], {"COMPLETED"})
    assert completed["jobDriver"]["sparkSubmitJobDriver"]["entryPointArguments"] == ["3"]
    assert completed["tags"] == {"from": "template"}
    slow = start_run(client, cluster["id"], str(JOBS / "wait.py"))
    client.cancel_job_run(**here, id=slow)
    wait_for_state(client, cluster["id"], slow, {"CANCELLED"})
    assert [run["id"] for run in client.list_job_runs(**here)["jobRuns"]] == [slow, run["id"]]

    for resource in (cluster, run, made, security):
        arn = resource["arn"]
        client.tag_resource(resourceArn=arn, tags={"a b": "c/d", "e": ""})
        assert client.list_tags_for_resource(resourceArn=arn)["tags"].items() >= {"a b": "c/d"}.items()
        client.untag_resource(resourceArn=arn, tagKeys=["a b"])
        tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
        assert "a b" not in tags and tags["e"] == ""

    invalid = client.exceptions.ValidationException
    endpoint = {"virtualClusterId": cluster["id"], "id": "0" * 13}
    for call, arguments in (
        (client.create_managed_endpoint, {**here, **EXECUTION, "name": "a", "type": "SPARK_CONNECT"}),
        (client.describe_managed_endpoint, endpoint),
        (client.delete_managed_endpoint, endpoint),
        (client.list_managed_endpoints, here),
        (
            client.get_managed_endpoint_session_credentials,
            {
                # Either may be an ARN.
                "virtualClusterIdentifier": cluster["arn"],
                "endpointIdentifier": f"{cluster['arn']}/endpoints/{'0' * 13}",
                "executionRoleArn": ROLE,
                "credentialType": "TOKEN",
            },
        ),
    ):
        with pytest.raises(invalid, match="is not supported yet"):
            call(**arguments)

    with pytest.raises(invalid, match="in use"):
        client.delete_security_configuration(id=security["id"])
    refused.discard("DeleteSecurityConfiguration")
    assert client.delete_job_template(id=made["id"])["id"] == made["id"]
    assert client.delete_virtual_cluster(id=cluster["id"])["id"] == cluster["id"]
    assert client.delete_security_configuration(id=security["id"])["id"] == security["id"]

    assert refused == NOT_YET
    assert succeeded == set(client.meta.service_model.operation_names) - NOT_YET


def virtual_clusters(client):
    names = [f"page-{uuid.uuid4().hex[:12]}" for _ in range(5)]
    created = [
        client.create_virtual_cluster(name=name, containerProvider=provider(name)) for name in names
    ]
    return [cluster["id"] for cluster in created], {"states": ["RUNNING"]}


def job_runs(client):
    name = f"page-{uuid.uuid4().hex[:12]}"
    cluster = client.create_virtual_cluster(name=name, containerProvider=provider(name))["id"]
    # They fail before they are anything: no such classification.
    none = {"applicationConfiguration": [{"classification": "no-such"}]}
    runs = [
        start_run(client, cluster, "none.py", configurationOverrides=none) for _ in range(5)
    ]
    return runs, {"virtualClusterId": cluster}


def job_templates(client):
    return [template(client)["id"] for _ in range(5)], {}


def security_configurations(client):
    make = client.create_security_configuration
    made = [make(name="page", securityConfigurationData=SECURITY) for _ in range(5)]
    return [configuration["id"] for configuration in made], {}


LISTS = {
    "ListVirtualClusters": ("list_virtual_clusters", virtual_clusters),
    "ListJobRuns": ("list_job_runs", job_runs),
    "ListJobTemplates": ("list_job_templates", job_templates),
    "ListSecurityConfigurations": ("list_security_configurations", security_configurations),
}
PAGINATORS = Loader().load_service_model("emr-containers", "paginators-1")["pagination"]


@pytest.mark.parametrize("operation", PAGINATORS)
def test_every_paginator(client, operation):
    if operation in NOT_YET:
        pages = client.get_paginator("list_managed_endpoints").paginate(virtualClusterId=UNKNOWN)
        with pytest.raises(client.exceptions.ValidationException, match="is not supported yet"):
            list(pages)
        return
    method, make = LISTS[operation]
    since = datetime.datetime.now(datetime.timezone.utc)
    made, arguments = make(client)
    arguments["createdAfter"] = since
    newest_first = made[::-1]
    paginator = client.get_paginator(method)
    member = PAGINATORS[operation]["result_key"]

    def listed(**configuration):
        found = paginator.paginate(**arguments, PaginationConfig=configuration)
        pages = [[item["id"] for item in page[member]] for page in found]
        return sum(pages, []), [len(page) for page in pages], found.resume_token

    assert listed(PageSize=2) == (newest_first, [2, 2, 1], None)
    assert listed(PageSize=5) == (newest_first, [5], None)
    assert listed() == (newest_first, [5], None)
    first, _, resume = listed(PageSize=2, MaxItems=3)
    assert first == newest_first[:3]
    assert listed(PageSize=2, StartingToken=resume)[0] == newest_first[3:]
    before = {**arguments, "createdBefore": since}
    assert list(paginator.paginate(**before))[0][member] == []


def not_found(client, cluster, namespace):
    missing = f"arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/{UNKNOWN}"
    run = {"virtualClusterId": cluster, "id": "0" * 19}
    start = {**EXECUTION, "jobDriver": DONE}
    return {
        "CreateVirtualCluster": {
            "name": "a",
            "containerProvider": provider(f"{namespace}-2"),
            "securityConfigurationId": UNKNOWN,
        },
        "DescribeJobRun": run,
        "DescribeJobTemplate": {"id": UNKNOWN},
        "DescribeSecurityConfiguration": {"id": UNKNOWN},
        "DescribeVirtualCluster": {"id": UNKNOWN},
        "ListTagsForResource": {"resourceArn": missing},
        "StartJobRun": {"virtualClusterId": UNKNOWN, **start},
        "TagResource": {"resourceArn": missing, "tags": {"a": "b"}},
        "UntagResource": {"resourceArn": missing, "tagKeys": ["a"]},
        "UpdateVirtualCluster": {"id": UNKNOWN, "schedulerConfiguration": {}},
    }


def test_what_does_not_exist_is_its_own_class_wherever_the_model_has_it(
    client, virtual_cluster, namespace
):
    model = client.meta.service_model
    method = {
        operation: name for name, operation in client.meta.method_to_api_mapping.items()
    }
    calls = not_found(client, virtual_cluster, namespace)
    modelled = {
        name
        for name in model.operation_names
        if "ResourceNotFoundException"
        in [shape.name for shape in model.operation_model(name).error_shapes]
    }
    # Creating a template names nothing that could be missing.
    assert calls.keys() == modelled - NOT_YET - {"CreateJobTemplate"}
    for operation, arguments in calls.items():
        with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
            getattr(client, method[operation])(**arguments)
        response = missing.value.response
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 400, operation
        assert response["Error"]["Message"].endswith("doesn't exist."), operation
        assert response["message"] == response["Error"]["Message"]


def test_deletes_of_what_does_not_exist_are_validation_exceptions(client):
    for delete in (
        client.delete_virtual_cluster,
        client.delete_job_template,
        client.delete_security_configuration,
    ):
        with pytest.raises(client.exceptions.ValidationException, match="does not exist"):
            delete(id=UNKNOWN)


def test_what_botocore_does_not_check_is_checked(client, virtual_cluster):
    """It knows required members, types and minima; maxima, patterns and enumerations it lets pass."""
    for call, arguments, message in (
        (
            client.describe_virtual_cluster,
            {"id": "a" * 65},
            "Member must have length less than or equal to 64",
        ),
        (
            client.create_job_template,
            {"name": "a b", "jobTemplateData": {**EXECUTION, "jobDriver": DONE}},
            "Member must satisfy regular expression pattern",
        ),
        (
            client.list_job_runs,
            {"virtualClusterId": virtual_cluster, "states": ["DONE"]},
            "Member must satisfy enum value set",
        ),
        (
            client.tag_resource,
            {"resourceArn": f"arn:aws:s3:::{'a' * 60}", "tags": {"a": "b"}},
            "Member must satisfy regular expression pattern",
        ),
    ):
        with pytest.raises(client.exceptions.ValidationException) as invalid:
            call(**arguments)
        text = invalid.value.response["Error"]["Message"]
        assert text.startswith("1 validation error detected: Value "), text
        assert message in text
