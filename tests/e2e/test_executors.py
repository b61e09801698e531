"""Executors come and go, whether the driver is one pod or has what spark-submit makes beside it."""

import pytest

from conftest import SMALL, VERSIONS, image
from firesteel import TERMINAL, describe, start_run, wait_for, wait_for_state

JOBS = "local:///opt/firesteel-jobs"
DYNAMIC = (
    f"{SMALL.replace('instances=2', 'instances=0')} "
    "--conf spark.dynamicAllocation.enabled=true "
    "--conf spark.dynamicAllocation.shuffleTracking.enabled=true "
    "--conf spark.dynamicAllocation.minExecutors=0 "
    "--conf spark.dynamicAllocation.maxExecutors=2 "
    "--conf spark.dynamicAllocation.executorIdleTimeout=3s "
    "--conf spark.dynamicAllocation.schedulerBacklogTimeout=1s"
)


def in_layout(layout):
    classification = {"classification": "firesteel", "properties": {"layout": layout}}
    return {"configurationOverrides": {"applicationConfiguration": [classification]}}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layout", ["compact", "classic"])
def test_executors_are_as_many_as_the_work_needs(
    layout, version, kubernetes, client, virtual_cluster, namespace
):
    parameters = f"{DYNAMIC} --conf spark.kubernetes.container.image={image(version)}"
    release = "emr-7.14.0-latest" if version.startswith("3.5") else "emr-spark-8.1.0-latest"
    run = start_run(
        client,
        virtual_cluster,
        f"{JOBS}/waves.py",
        ["30"],
        parameters,
        release=release,
        **in_layout(layout),
    )

    def executors():
        pods = kubernetes.pods_of(namespace, run)
        return [pod for pod in pods if pod["metadata"]["labels"]["spark-role"] == "executor"]

    def two_executors():
        job = describe(client, virtual_cluster, run)
        assert job["state"] not in TERMINAL, job["stateDetails"]
        return len(executors()) == 2

    wait_for("two executors for eight tasks", two_executors, 120)
    services = kubernetes.get("services", namespace)
    if layout == "classic":
        # Executors find their driver by the name of its Service.
        (service,) = services
        address = f"{service['metadata']['name']}.{namespace}.svc"
        for pod in executors():
            environment = pod["spec"]["containers"][0]["env"]
            urls = [item["value"] for item in environment if item["name"] == "SPARK_DRIVER_URL"]
            assert urls == [f"spark://CoarseGrainedScheduler@{address}:7078"]
    else:
        assert services == []
    wait_for("no executor while there is no work", lambda: not executors(), 60)
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"})
