"""boto3, with real Spark on this host behind the API."""

import datetime
import os
import signal
import threading
import uuid

import pytest
from botocore.exceptions import ClientError

from conftest import JOBS, process_cluster
from firesteel import (
    RELEASE,
    ROLE,
    Server,
    create_virtual_cluster,
    describe,
    free_port,
    start_run,
    wait_for,
    wait_for_state,
)


def error_of(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    return response["Error"]["Code"], response["Error"]["Message"]


def test_a_python_job_completes(client, virtual_cluster):
    run = start_run(client, virtual_cluster, str(JOBS / "pi.py"), ["2"], name="pi")
    job = wait_for_state(client, virtual_cluster, run, {"COMPLETED"})
    assert job["name"] == "pi"
    assert job["arn"].endswith(f":/virtualclusters/{virtual_cluster}/jobruns/{run}")
    assert job["jobDriver"]["sparkSubmitJobDriver"]["entryPointArguments"] == ["2"]
    assert job["createdAt"] < job["finishedAt"] < datetime.datetime.now(datetime.timezone.utc)


def test_a_java_job_completes(client, virtual_cluster, jobs_jar):
    parameters = "--class dev.firesteel.jobs.Pi"
    run = start_run(client, virtual_cluster, str(jobs_jar), ["2"], parameters)
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"})


def test_a_failing_job_says_why(client, virtual_cluster):
    run = start_run(client, virtual_cluster, str(JOBS / "refuse.py"))
    job = wait_for_state(client, virtual_cluster, run, {"FAILED"})
    assert job["failureReason"] == "USER_ERROR"
    assert "ValueError: the input table is empty" in job["stateDetails"]


def test_a_cancelled_job_ends(client, virtual_cluster):
    run = start_run(client, virtual_cluster, str(JOBS / "sleep.py"), ["600"])
    wait_for_state(client, virtual_cluster, run, {"RUNNING"})
    client.cancel_job_run(virtualClusterId=virtual_cluster, id=run)
    wait_for_state(client, virtual_cluster, run, {"CANCELLED"}, 60)
    code, message = error_of(client.cancel_job_run, virtualClusterId=virtual_cluster, id=run)
    assert (code, message) == (
        "ValidationException",
        f"Job run {run} is not in a cancellable state",
    )


def test_a_client_token_gives_one_run_however_often_and_at_once(client, virtual_cluster):
    token = uuid.uuid4().hex
    ids = []

    def start():
        ids.append(
            start_run(client, virtual_cluster, str(JOBS / "wait.py"), ["1"], clientToken=token)
        )

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8 and len(set(ids)) == 1
    with pytest.raises(ClientError, match="ValidationException"):
        start_run(client, virtual_cluster, str(JOBS / "wait.py"), ["2"], clientToken=token)
    client.cancel_job_run(virtualClusterId=virtual_cluster, id=ids[0])


def test_lists_page_filter_and_end(client, virtual_cluster):
    runs = []
    # They fail before they are anything: no such classification.
    none = {"applicationConfiguration": [{"classification": "no-such"}]}
    for number in range(5):
        more = {"name": f"run-{number}", "configurationOverrides": none}
        runs.append(start_run(client, virtual_cluster, "none.py", **more))
    pages = client.get_paginator("list_job_runs").paginate(
        virtualClusterId=virtual_cluster, PaginationConfig={"PageSize": 2}
    )
    listed = [job["id"] for page in pages for job in page["jobRuns"]]
    assert listed == sorted(runs, reverse=True), "newest first"
    by_name = client.list_job_runs(virtualClusterId=virtual_cluster, name="run-3")["jobRuns"]
    assert [job["id"] for job in by_name] == [runs[3]]
    for run in runs:
        wait_for_state(client, virtual_cluster, run, {"FAILED"})
    failed = client.list_job_runs(virtualClusterId=virtual_cluster, states=["FAILED", "PENDING"])
    assert len(failed["jobRuns"]) == 5
    first = client.list_job_runs(virtualClusterId=virtual_cluster, maxResults=2)
    rest = client.list_job_runs(virtualClusterId=virtual_cluster, nextToken=first["nextToken"])
    assert len(rest["jobRuns"]) == 3 and "nextToken" not in rest
    tampered = first["nextToken"][:-2] + ("AA" if first["nextToken"][-2:] != "AA" else "BB")
    code, _ = error_of(
        client.list_job_runs, virtualClusterId=virtual_cluster, nextToken=tampered
    )
    assert code == "ValidationException"
    assert client.list_job_runs(virtualClusterId="0" * 25)["jobRuns"] == []


def test_virtual_clusters_from_birth_to_death(client, namespace):
    first = create_virtual_cluster(client, "first", "local", namespace)
    code, message = error_of(
        client.create_virtual_cluster,
        name="second",
        containerProvider={
            "type": "EKS",
            "id": "local",
            "info": {"eksInfo": {"namespace": namespace}},
        },
    )
    assert code == "ValidationException"
    assert message == "A virtual cluster already exists in the given namespace"
    described = client.describe_virtual_cluster(id=first)["virtualCluster"]
    assert described["state"] == "RUNNING"
    assert described["containerProvider"]["info"]["eksInfo"]["namespace"] == namespace
    client.delete_virtual_cluster(id=first)
    assert client.describe_virtual_cluster(id=first)["virtualCluster"]["state"] == "TERMINATED"
    assert create_virtual_cluster(client, "third", "local", namespace) != first
    code, message = error_of(
        client.start_job_run,
        virtualClusterId=first,
        executionRoleArn=ROLE,
        releaseLabel=RELEASE,
        jobDriver={"sparkSubmitJobDriver": {"entryPoint": "x.py"}},
    )
    assert message == "Virtual cluster state TERMINATED is not valid to create resource JobRun."


def test_errors_have_the_services_codes(client, virtual_cluster):
    unknown = "0" * 25
    assert error_of(client.describe_virtual_cluster, id=unknown) == (
        "ResourceNotFoundException",
        f"Virtual cluster {unknown} doesn't exist.",
    )
    assert error_of(client.delete_virtual_cluster, id=unknown) == (
        "ValidationException",
        "VirtualCluster does not exist",
    )
    run = "0" * 19
    assert error_of(client.describe_job_run, virtualClusterId=virtual_cluster, id=run) == (
        "ResourceNotFoundException",
        f"Job run {run} doesn't exist.",
    )
    assert error_of(client.describe_job_run, virtualClusterId=virtual_cluster, id="short") == (
        "ValidationException",
        "Invalid job run short id",
    )
    code, message = error_of(client.describe_virtual_cluster, id="UPPER!bad")
    assert code == "ValidationException"
    assert message.startswith("1 validation error detected: Value 'UPPER!bad' at ")


def test_an_unknown_classification_fails_the_run_as_the_service_does(client, virtual_cluster):
    overrides = {"applicationConfiguration": [{"classification": "no-such", "properties": {}}]}
    run = start_run(
        client, virtual_cluster, str(JOBS / "pi.py"), configurationOverrides=overrides
    )
    job = wait_for_state(client, virtual_cluster, run, {"FAILED"})
    assert job["failureReason"] == "VALIDATION_ERROR"
    assert job["stateDetails"] == (
        "JobRun submission failed. Classification no-such not supported."
    )


def test_a_run_survives_the_servers_death_and_an_interrupted_terminal(tmp_path, namespace):
    server = Server(tmp_path).start()
    client = server.client()
    virtual_cluster = create_virtual_cluster(client, "crash", "local", namespace)
    run = start_run(client, virtual_cluster, str(JOBS / "wait.py"), ["8"])
    wait_for_state(client, virtual_cluster, run, {"RUNNING"})
    server.kill()
    server.start()
    assert describe(client, virtual_cluster, run)["state"] == "RUNNING"
    os.kill(server.process.pid, signal.SIGINT)
    assert server.process.wait(30) == 0
    server.start()
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"})
    drivers = list(server.data.rglob(f"spark-{run}-driver*"))
    assert len(drivers) == 1
    server.stop()


def test_more_runs_than_slots_wait_in_pending(tmp_path, namespace):
    server = Server(tmp_path, process_cluster(max_processes=1)).start()
    client = server.client()
    virtual_cluster = create_virtual_cluster(client, "narrow", "local", namespace)
    runs = [start_run(client, virtual_cluster, str(JOBS / "done.py")) for _ in range(3)]

    def all_done():
        states = [describe(client, virtual_cluster, run)["state"] for run in runs]
        assert states.count("RUNNING") + states.count("SUBMITTED") <= 1, states
        return states == ["COMPLETED"] * 3

    wait_for("three runs, one at a time", all_done, 180)
    server.stop()


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path):
    first = Server(tmp_path, name="first").start()
    second = Server(tmp_path, name="second")
    second.port, second.admin_port = first.port, free_port()
    second.url = first.url
    with pytest.raises(AssertionError, match=str(first.port)):
        second.start()
    assert second.process.wait(30) != 0
    first.stop()
