"""Executors come and go, whether the driver is one pod or has what spark-submit makes beside it."""

from conftest import SMALL, VERSIONS, in_layout, release, with_classifications
from firesteel import TERMINAL, describe, start_run, story, wait_for, wait_for_state

JOBS = "local:///opt/firesteel-jobs"
LAYOUTS = ("compact", "classic")
# The runs go side by side.
TINY = SMALL.replace("cores=0.3", "cores=0.1").replace("instances=2", "instances=0")
DYNAMIC = (
    f"{TINY} --conf spark.dynamicAllocation.enabled=true "
    "--conf spark.dynamicAllocation.minExecutors=0 "
    "--conf spark.dynamicAllocation.maxExecutors=2 "
    "--conf spark.dynamicAllocation.executorIdleTimeout=2s "
    "--conf spark.dynamicAllocation.schedulerBacklogTimeout=1s"
)
TEMPLATE = """
metadata: {labels: {from-template: executor}}
spec:
  tolerations: [{key: spot, operator: Exists}]
"""


def test_executors_are_as_many_as_the_work_needs(
    kubernetes, server, client, virtual_cluster, namespace
):
    template = {
        "classification": "spark-defaults",
        "properties": {"spark.firesteel.executor.podTemplate": TEMPLATE},
    }
    runs = {
        start_run(
            client,
            virtual_cluster,
            f"{JOBS}/waves.py",
            parameters=DYNAMIC,
            release=release(version),
            **with_classifications(template, in_layout(layout)),
        ): (layout, version)
        for layout in LAYOUTS
        for version in VERSIONS
    }
    seen = {run: {} for run in runs}
    services = {}  # by the name of the driver that owns them

    def two_executors_each():
        for service in kubernetes.get("services", namespace):
            for owner in service["metadata"].get("ownerReferences", []):
                services[owner["name"]] = service["metadata"]["name"]
        for run in runs:
            for pod in kubernetes.pods_of(namespace, run):
                if pod["metadata"]["labels"]["spark-role"] == "executor":
                    seen[run][pod["metadata"]["name"]] = pod
            job = describe(client, virtual_cluster, run)
            few = len(seen[run]) < 2
            assert not few or job["state"] not in TERMINAL, (runs[run], job["stateDetails"])
        return all(len(executors) >= 2 for executors in seen.values())

    wait_for("two executors of each run", two_executors_each, 400)
    for run in runs:
        # The job itself looks whether its executors went before it did.
        wait_for_state(client, virtual_cluster, run, {"COMPLETED"}, 400)
    for run, (layout, version) in runs.items():
        log = kubernetes.run("logs", "-n", namespace, f"spark-{run}-driver")
        assert {"grown", "shrunk"} <= set(log.splitlines())
        service = services.get(f"spark-{run}-driver")
        assert (service is not None) == (layout == "classic"), (layout, version)
        for pod in seen[run].values():
            assert pod["metadata"]["labels"]["from-template"] == "executor"
            assert {"key": "spot", "operator": "Exists"} in pod["spec"]["tolerations"]
            if service:
                # They find their driver by the name of its Service.
                environment = pod["spec"]["containers"][0]["env"]
                urls = [item["value"] for item in environment if item["name"] == "SPARK_DRIVER_URL"]
                assert urls == [f"spark://CoarseGrainedScheduler@{service}.{namespace}.svc:7078"]
        events = story(server, virtual_cluster, run)
        assert [event["number"] for event in events] == list(range(1, len(events) + 1))
        assert (events[-1]["kind"], events[-1]["state"]) == ("STATE", "COMPLETED")
        chosen = "The classic layout was asked for." in [event["text"] for event in events]
        assert chosen == (layout == "classic"), events
