"""The AWS CLI: every operation, and its own ways to give input, to page and to tell of errors."""

import json
import pathlib
import subprocess
import sys

import pytest

from conftest import JOBS
from firesteel import RELEASE, ROLE, create_virtual_cluster, start_run, wait_for, wait_for_state

# What follows with the servers behind managed endpoints.
NOT_YET = {
    "create-managed-endpoint",
    "delete-managed-endpoint",
    "describe-managed-endpoint",
    "get-managed-endpoint-session-credentials",
    "list-managed-endpoints",
}
# The exit codes of version 1.
REFUSED_BY_THE_SERVICE, REFUSED_BY_THE_CLI = 255, 2


class Aws:
    def __init__(self, server):
        self.environment = server.environment()
        self.succeeded, self.refused = set(), set()

    def __call__(self, operation, *arguments):
        """The answer of an operation that must succeed."""
        done = self.run(operation, *arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        self.succeeded.add(operation)
        return json.loads(done.stdout) if done.stdout else None

    def run(self, operation, *arguments):
        command = [pathlib.Path(sys.executable).parent / "aws", "emr-containers", operation]
        return subprocess.run(
            [*command, *arguments], env=self.environment, capture_output=True, text=True
        )

    def refuse(self, operation, *arguments):
        """What the CLI says of a request that the service refuses."""
        done = self.run(operation, *arguments)
        assert (done.returncode, done.stdout) == (REFUSED_BY_THE_SERVICE, ""), done
        self.refused.add(operation)
        return done.stderr.strip()

    def reaches(self, virtual_cluster, run, state):
        """Asks in text again and again, as scripts do: the model has no waiters."""
        query = ("--id", run, "--query", "jobRun.state", "--output", "text")

        def reached():
            done = self.run("describe-job-run", "--virtual-cluster-id", virtual_cluster, *query)
            assert done.returncode == 0, done.stderr
            return done.stdout.strip() == state

        wait_for(f"{run} is {state}", reached, 180, every=0.3)


@pytest.fixture
def aws(server):
    return Aws(server)


def provider(namespace):
    return {"id": "local", "type": "EKS", "info": {"eksInfo": {"namespace": namespace}}}


def test_every_operation(client, aws, namespace, tmp_path):
    security = aws(
        "create-security-configuration",
        *("--name", "cli", "--tags", "by=cli"),
        "--security-configuration-data",
        "authorizationConfiguration={lakeFormationConfiguration={authorizedSessionTagValue=EMR}}",
    )
    named = ("--id", security["id"])
    described = aws("describe-security-configuration", *named)["securityConfiguration"]
    assert described["tags"] == {"by": "cli"}
    assert described in aws("list-security-configurations")["securityConfigurations"]

    cluster = aws(
        "create-virtual-cluster",
        *("--name", "cli", "--container-provider", json.dumps(provider(namespace))),
        *("--tags", "by=cli,for=tests", "--security-configuration-id", security["id"]),
    )
    named = ("--id", cluster["id"])
    described = aws("describe-virtual-cluster", *named)["virtualCluster"]
    assert (described["name"], described["tags"]) == ("cli", {"by": "cli", "for": "tests"})
    limits = ("--scheduler-configuration", "maxConcurrentJobRuns=2,maxInQueueJobRuns=100")
    updated = aws("update-virtual-cluster", *named, *limits)["virtualCluster"]
    assert updated["schedulerConfiguration"] == {"maxConcurrentJobRuns": 2, "maxInQueueJobRuns": 100}
    filters = ("--states", "RUNNING", "ARRESTED", "--container-provider-id", "local")
    listed = aws("list-virtual-clusters", *filters)["virtualClusters"]
    assert cluster["id"] in [listed["id"] for listed in listed]

    # From files: a whole request, and a member of one.
    driver = {"sparkSubmitJobDriver": {"entryPoint": str(JOBS / "done.py")}}
    template = tmp_path / "template.json"
    data = {
        "executionRoleArn": ROLE,
        "releaseLabel": RELEASE,
        "jobDriver": {
            "sparkSubmitJobDriver": {**driver["sparkSubmitJobDriver"], "entryPointArguments": ["${n}"]}
        },
        "parameterConfiguration": {"n": {"type": "NUMBER", "defaultValue": "3"}},
    }
    template.write_text(json.dumps({"name": "cli", "jobTemplateData": data}))
    made = aws("create-job-template", "--cli-input-json", f"file://{template}", "--tags", "by=cli")
    named_template = ("--id", made["id"])
    described = aws("describe-job-template", *named_template)["jobTemplate"]
    assert described["jobTemplateData"]["parameterConfiguration"] == data["parameterConfiguration"]
    assert described["tags"] == {"by": "cli"}
    assert made["id"] in [listed["id"] for listed in aws("list-job-templates")["templates"]]

    here = ("--virtual-cluster-id", cluster["id"])
    driver_file = tmp_path / "driver.json"
    driver_file.write_text(json.dumps(driver))
    execution = ("--execution-role-arn", ROLE, "--release-label", RELEASE)
    run = aws(
        *("start-job-run", *here, "--name", "cli-run", *execution),
        *("--job-driver", f"file://{driver_file}", "--tags", '{"by": "cli"}'),
    )
    parameters = ("--job-template-id", made["id"], "--job-template-parameters", "n=4")
    from_template = aws("start-job-run", *here, *parameters)
    slow = start_run(client, cluster["id"], str(JOBS / "wait.py"))
    assert aws("cancel-job-run", *here, "--id", slow)["id"] == slow
    aws.reaches(cluster["id"], run["id"], "COMPLETED")
    aws.reaches(cluster["id"], from_template["id"], "COMPLETED")
    aws.reaches(cluster["id"], slow, "CANCELLED")
    described = aws("describe-job-run", *here, "--id", from_template["id"])["jobRun"]
    assert described["jobDriver"]["sparkSubmitJobDriver"]["entryPointArguments"] == ["4"]
    ended = aws("list-job-runs", *here, "--states", "COMPLETED", "FAILED")["jobRuns"]
    assert [job["id"] for job in ended] == [from_template["id"], run["id"]]
    assert aws.refuse("cancel-job-run", *here, "--id", slow).endswith(
        "An error occurred (ValidationException) when calling the CancelJobRun operation: "
        f"Job run {slow} is not in a cancellable state"
    )

    for resource in (cluster, run, made, security):
        arn = ("--resource-arn", resource["arn"])
        assert not aws("tag-resource", *arn, "--tags", '{"a b": "c/d", "e": ""}')
        assert not aws("untag-resource", *arn, "--tag-keys", "e", "by", "for")
        assert aws("list-tags-for-resource", *arn)["tags"] == {"a b": "c/d"}

    endpoint = (*here, "--id", "0" * 13)
    kind = ("--name", "cli", "--type", "JUPYTER_ENTERPRISE_GATEWAY")
    for operation, arguments in {
        "create-managed-endpoint": (*here, *kind, *execution),
        "describe-managed-endpoint": endpoint,
        "delete-managed-endpoint": endpoint,
        "list-managed-endpoints": here,
        "get-managed-endpoint-session-credentials": (
            *("--virtual-cluster-identifier", cluster["arn"]),
            *("--endpoint-identifier", f"{cluster['arn']}/endpoints/{'0' * 13}"),
            *("--execution-role-arn", ROLE, "--credential-type", "TOKEN"),
        ),
    }.items():
        assert "is not supported yet." in aws.refuse(operation, *arguments)

    assert aws("delete-job-template", *named_template)["id"] == made["id"]
    assert aws("delete-virtual-cluster", *named)["id"] == cluster["id"]
    gone = aws("delete-security-configuration", "--id", security["id"])
    assert gone["id"] == security["id"]

    operations = {
        operation.replace("_", "-") for operation in client.meta.method_to_api_mapping
    }
    assert aws.refused == NOT_YET | {"cancel-job-run"}
    assert aws.succeeded == operations - NOT_YET


def test_lists_page_as_the_cli_is_told(client, aws, virtual_cluster):
    # They fail before they are anything: no such classification.
    none = {"applicationConfiguration": [{"classification": "no-such"}]}
    runs = [
        start_run(client, virtual_cluster, "none.py", configurationOverrides=none) for _ in range(5)
    ]
    runs.reverse()

    def listed(*options):
        answer = aws("list-job-runs", "--virtual-cluster-id", virtual_cluster, *options)
        return [run["id"] for run in answer["jobRuns"]], answer

    assert listed() == listed("--page-size", "2")
    assert listed("--page-size", "2")[0] == runs
    first, answer = listed("--max-items", "3", "--page-size", "2")
    assert first == runs[:3]
    rest, answer = listed("--starting-token", answer["NextToken"], "--page-size", "2")
    assert rest == runs[3:] and "NextToken" not in answer
    one_page, answer = listed("--no-paginate", "--max-results", "2")
    assert one_page == runs[:2]
    rest, answer = listed("--no-paginate", "--next-token", answer["nextToken"])
    assert rest == runs[2:] and "nextToken" not in answer
    assert listed("--created-after", "2020-01-01", "--created-before", "2020-01-02T00:00:00Z")[0] == []


def test_answers_are_queried_and_printed_in_every_form(client, aws, virtual_cluster):
    run = start_run(client, virtual_cluster, str(JOBS / "refuse.py"), name="refuse")
    wait_for_state(client, virtual_cluster, run, {"FAILED"})
    here = ("--virtual-cluster-id", virtual_cluster)
    query = ("--query", "jobRuns[?state=='FAILED'].[id,failureReason]")
    text = aws.run("list-job-runs", *here, *query, "--output", "text")
    assert text.stdout.split() == [run, "USER_ERROR"]
    table = aws.run("describe-job-run", *here, "--id", run, "--output", "table").stdout
    assert "ValueError: the input table is empty" in table
    assert f"/virtualclusters/{virtual_cluster}/jobruns/{run}" in table


def test_exit_codes_tell_who_refused(aws, client, namespace):
    unknown = aws.refuse("describe-virtual-cluster", "--id", "0" * 25)
    assert "(ResourceNotFoundException)" in unknown and "doesn't exist." in unknown
    invalid = aws.refuse("describe-virtual-cluster", "--id", "UPPER")
    assert "(ValidationException)" in invalid and "1 validation error detected" in invalid
    create_virtual_cluster(client, "cli", "local", namespace)
    taken = ("--name", "cli", "--container-provider", json.dumps(provider(namespace)))
    assert "A virtual cluster already exists in the given namespace" in aws.refuse(
        "create-virtual-cluster", *taken
    )
    missing = aws.run("describe-virtual-cluster")
    assert (missing.returncode, missing.stdout) == (REFUSED_BY_THE_CLI, "")
