"""The AWS CLI drives the same eight operations."""

import json
import pathlib
import subprocess
import sys

from conftest import JOBS
from firesteel import RELEASE, ROLE, wait_for


class Aws:
    def __init__(self, server):
        self.environment = server.environment()

    def __call__(self, operation, *arguments):
        """The answer of an operation that must succeed."""
        done = self.run(operation, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, operation, *arguments):
        return subprocess.run(
            [
                pathlib.Path(sys.executable).parent / "aws",
                "emr-containers",
                operation,
                *arguments,
                "--output",
                "json",
            ],
            env=self.environment,
            capture_output=True,
            text=True,
        )


def test_the_eight_operations(server, namespace):
    aws = Aws(server)
    provider = {"id": "local", "type": "EKS", "info": {"eksInfo": {"namespace": namespace}}}
    virtual_cluster = aws(
        "create-virtual-cluster", "--name", "cli", "--container-provider", json.dumps(provider)
    )["id"]
    described = aws("describe-virtual-cluster", "--id", virtual_cluster)["virtualCluster"]
    assert described["name"] == "cli"
    listed = aws("list-virtual-clusters", "--states", "RUNNING")["virtualClusters"]
    assert virtual_cluster in [cluster["id"] for cluster in listed]

    here = ("--virtual-cluster-id", virtual_cluster)

    def start(job, *arguments):
        driver = {"entryPoint": str(JOBS / job), "entryPointArguments": list(arguments)}
        return aws(
            "start-job-run",
            *here,
            "--name",
            "cli-run",
            "--execution-role-arn",
            ROLE,
            "--release-label",
            RELEASE,
            "--job-driver",
            json.dumps({"sparkSubmitJobDriver": driver}),
        )["id"]

    def state(run):
        return aws("describe-job-run", *here, "--id", run)["jobRun"]["state"]

    run = start("pi.py", "2")
    wait_for("COMPLETED", lambda: state(run) == "COMPLETED", 120, every=0.5)
    slow = start("sleep.py", "600")
    assert aws("cancel-job-run", *here, "--id", slow)["id"] == slow
    wait_for("CANCELLED", lambda: state(slow) == "CANCELLED", 60, every=0.5)
    refused = Aws(server).run("cancel-job-run", *here, "--id", slow)
    assert refused.returncode != 0
    assert "(ValidationException)" in refused.stderr
    runs = aws("list-job-runs", *here, "--max-items", "1")
    assert [job["id"] for job in runs["jobRuns"]] == [slow]
    assert runs["NextToken"]
    assert aws("delete-virtual-cluster", "--id", virtual_cluster)["id"] == virtual_cluster
