"""Airflow's own operators, trigger and sensor, without a scheduler and without its database."""

import asyncio
import threading

import boto3
import pytest
from airflow.exceptions import AirflowException
from airflow.providers.amazon.aws.hooks.emr import EmrContainerHook
from airflow.providers.amazon.aws.operators.emr import (
    EmrContainerOperator,
    EmrEksCreateClusterOperator,
)
from airflow.providers.amazon.aws.sensors.emr import EmrContainerSensor
from airflow.providers.amazon.aws.triggers.emr import EmrContainerTrigger
from airflow.sdk.exceptions import TaskDeferred

from conftest import JOBS
from firesteel import RELEASE, ROLE, describe, start_run, wait_for, wait_for_state

# No connection of Airflow's: credentials, region and endpoint come from the environment.
AWS = {"aws_conn_id": None}
MANY = 600


@pytest.fixture
def client():
    return boto3.client("emr-containers")


@pytest.fixture
def virtual_cluster(namespace):
    created = EmrEksCreateClusterOperator(
        task_id="create",
        virtual_cluster_name=namespace,
        eks_cluster_name="local",
        eks_namespace=namespace,
        **AWS,
    )
    return created.execute({})


def operator(virtual_cluster, job, **more):
    return EmrContainerOperator(
        task_id="job",
        name="airflow",
        virtual_cluster_id=virtual_cluster,
        execution_role_arn=ROLE,
        release_label=RELEASE,
        job_driver={"sparkSubmitJobDriver": {"entryPoint": str(JOBS / job)}},
        poll_interval=1,
        max_polling_attempts=MANY,
        **AWS,
        **more,
    )


def event_of(trigger):
    """What the trigger tells the task that waits for it."""

    async def first():
        async for event in trigger.run():
            return event.payload

    return asyncio.run(asyncio.wait_for(first(), 180))


def trigger_for(virtual_cluster, run):
    return EmrContainerTrigger(virtual_cluster, run, waiter_delay=1, waiter_max_attempts=MANY, **AWS)


def sensor_for(virtual_cluster, run):
    return EmrContainerSensor(
        task_id="sensor", virtual_cluster_id=virtual_cluster, job_id=run, poll_interval=1, **AWS
    )


def test_a_namespace_has_one_virtual_cluster(client, virtual_cluster, namespace):
    created = client.describe_virtual_cluster(id=virtual_cluster)["virtualCluster"]
    assert created["name"] == namespace
    assert created["containerProvider"]["info"]["eksInfo"]["namespace"] == namespace
    again = EmrEksCreateClusterOperator(
        task_id="create",
        virtual_cluster_name="again",
        eks_cluster_name="local",
        eks_namespace=namespace,
        **AWS,
    )
    with pytest.raises(Exception, match="A virtual cluster already exists in the given namespace"):
        again.execute({})


def test_a_run_that_completes(client, virtual_cluster):
    run = operator(virtual_cluster, "done.py", tags={"by": "airflow"}).execute({})
    found = describe(client, virtual_cluster, run)
    assert (found["state"], found["tags"]) == ("COMPLETED", {"by": "airflow"})
    assert sensor_for(virtual_cluster, run).poke({})
    assert event_of(trigger_for(virtual_cluster, run)) == {"status": "success", "job_id": run}


def test_a_run_that_fails_says_why_wherever_it_is_waited_for(client, virtual_cluster):
    job = operator(virtual_cluster, "refuse.py")
    with pytest.raises(AirflowException) as failed:
        job.execute({})
    details = describe(client, virtual_cluster, job.job_id)["stateDetails"]
    assert "ValueError: the input table is empty" in details
    assert str(failed.value) == (
        f"EMR Containers job failed. Final state is FAILED. query_execution_id is {job.job_id}. "
        f"Error: USER_ERROR - {details}"
    )
    with pytest.raises(AirflowException, match="FAILED"):
        sensor_for(virtual_cluster, job.job_id).poke({})
    event = event_of(trigger_for(virtual_cluster, job.job_id))
    assert (event["status"], event["job_id"]) == ("error", job.job_id)
    with pytest.raises(AirflowException, match="Error while running job"):
        job.execute_complete({}, event)


def test_a_killed_task_cancels_its_run(client, virtual_cluster):
    job = operator(virtual_cluster, "wait.py")
    failures = []

    def execute():
        try:
            job.execute({})
        except AirflowException as failure:
            failures.append(str(failure))

    task = threading.Thread(target=execute)
    task.start()
    run = wait_for("the run's id", lambda: job.job_id)
    wait_for_state(client, virtual_cluster, run, {"RUNNING"})
    job.on_kill()
    task.join(60)
    assert len(failures) == 1 and "Final state is CANCEL" in failures[0]
    wait_for_state(client, virtual_cluster, run, {"CANCELLED"})
    event = event_of(trigger_for(virtual_cluster, run))
    assert (event["status"], event["job_id"]) == ("error", run)
    with pytest.raises(AirflowException, match="CANCELLED"):
        sensor_for(virtual_cluster, run).poke({})


def test_a_deferred_task_is_woken_when_its_run_ends(client, virtual_cluster):
    job = operator(virtual_cluster, "done.py", deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        job.execute({})
    run, trigger = job.job_id, deferred.value.trigger
    assert isinstance(trigger, EmrContainerTrigger)
    event = event_of(trigger)
    assert event == {"status": "success", "job_id": run}
    assert job.execute_complete({}, event) == run
    assert describe(client, virtual_cluster, run)["state"] == "COMPLETED"


def test_a_killed_deferred_task_cancels_its_run(client, virtual_cluster):
    run = start_run(client, virtual_cluster, str(JOBS / "wait.py"))
    trigger = trigger_for(virtual_cluster, run)
    asyncio.run(trigger.on_kill())
    event = event_of(trigger)
    assert (event["status"], event["job_id"]) == ("error", run)
    assert describe(client, virtual_cluster, run)["state"] == "CANCELLED"


def test_an_unknown_run_is_fatal_to_whoever_polls(virtual_cluster):
    hook = EmrContainerHook(virtual_cluster_id=virtual_cluster, **AWS)
    run = "0" * 19
    with pytest.raises(AirflowException, match=f"Job ID {run} not found"):
        hook.check_query_status(run)
