"""What schemathesis can not know of this server: loaded by it, see test_schema.py."""

import uuid

import schemathesis

from firesteel import RELEASE

# The server is more lenient than its description in two ways, as AWS's own are: seconds since 1970
# are a time, and null is no value. Nothing is to be learned from requests that have such.
TIMES = ("createdAfter", "createdBefore")


@schemathesis.hook
def filter_case(context, case):
    times = [(case.query or {}).get(name) for name in TIMES]
    return not any(map(is_number, times)) and not has_null(case.body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Names a cluster and a release that exist, so that what is valid also succeeds."""
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    operation = f"{case.method} {case.path}"
    if operation == "POST /virtualclusters":
        namespace = f"schema-{uuid.uuid4().hex[:12]}"
        case.body = {
            "name": case.body["name"],
            "clientToken": str(uuid.uuid4()),
            "containerProvider": {
                "type": "EKS",
                "id": "local",
                "info": {"eksInfo": {"namespace": namespace}},
            },
        }
    elif operation == "POST /virtualclusters/{virtualClusterId}/jobruns":
        case.body = {
            "clientToken": str(uuid.uuid4()),
            "executionRoleArn": "arn:aws:iam::123456789012:role/job",
            "releaseLabel": RELEASE,
            "jobDriver": {"sparkSubmitJobDriver": {"entryPoint": "local:///no/such/job.py"}},
        }


def has_null(value):
    if isinstance(value, dict):
        return has_null(list(value.values()))
    if isinstance(value, list):
        return any(item is None or has_null(item) for item in value)
    return False


def is_number(value):
    try:
        float(value)
        return True
    except (TypeError, ValueError):
        return False
