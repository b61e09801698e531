"""Real Spark on a real Kubernetes, from StartJobRun to the end of the last pod."""

import functools
import http.server
import json
import subprocess
import threading
import time

import pytest

from conftest import ALONE, SMALL, TESTS, configuration
from firesteel import (
    RELEASE,
    ROLE,
    Server,
    create_virtual_cluster,
    describe,
    start_run,
    wait_for,
    wait_for_state,
)

JOBS = "local:///opt/firesteel-jobs"


def states_until(client, virtual_cluster, run, state, seconds=240):
    """Every state that a caller who polls gets to see."""
    seen = []

    def ended():
        job = describe(client, virtual_cluster, run)
        if not seen or seen[-1] != job["state"]:
            seen.append(job["state"])
        assert job["state"] == state or "finishedAt" not in job, job
        return job["state"] == state and job

    return wait_for(f"{run} {state}", ended, seconds, every=0.05), seen


def test_a_java_job_with_two_executors(kubernetes, client, virtual_cluster, namespace):
    run = start_run(
        client,
        virtual_cluster,
        f"{JOBS}/jobs.jar",
        ["4"],
        f"--class dev.firesteel.jobs.Pi {SMALL}",
        name="pi",
    )
    pods = {}

    def two_executors():
        for pod in kubernetes.pods_of(namespace, run):
            pods[pod["metadata"]["name"]] = pod["metadata"]
        return len(pods) >= 3

    wait_for("a driver and two executors", two_executors, 120)
    driver = pods.pop(f"spark-{run}-driver")
    for component, pod in [("driver", driver), *(("executor", pod) for pod in pods.values())]:
        labels = pod["labels"]
        service = "emr-containers.amazonaws.com"
        assert labels[f"{service}/job.id"] == run
        assert labels[f"{service}/virtual-cluster-id"] == virtual_cluster
        assert labels[f"{service}/resource.type"] == "job.run"
        assert labels[f"{service}/component"] == labels["spark-role"] == component
        assert labels["app"] == "emr-spark"
        assert labels["firesteel.dev/attempt"] == "1"
        assert labels["firesteel.dev/installation"] == driver["labels"]["firesteel.dev/installation"]
    for pod in pods.values():
        assert [owner["uid"] for owner in pod["ownerReferences"]] == [driver["uid"]]
    job, _ = states_until(client, virtual_cluster, run, "COMPLETED")
    assert job["stateDetails"].startswith("JobRun completed successfully. It ran for ")
    assert job["finishedAt"] > job["createdAt"]
    driver = f"spark-{run}-driver"
    assert "Pi is roughly 3." in kubernetes.run("logs", "-n", namespace, driver)


def test_a_pyspark_job_walks_through_its_states(kubernetes, client, virtual_cluster, namespace):
    run = start_run(client, virtual_cluster, f"{JOBS}/pi.py", ["2"], SMALL)
    job, seen = states_until(client, virtual_cluster, run, "COMPLETED")
    order = ["PENDING", "SUBMITTED", "RUNNING", "COMPLETED"]
    assert seen == [state for state in order if state in seen], "states never go back"
    assert {"RUNNING", "COMPLETED"} <= set(seen)
    assert "failureReason" not in job

    def only_the_driver():
        pods = kubernetes.pods_of(namespace, run)
        return [pod["metadata"]["name"] for pod in pods] == [f"spark-{run}-driver"]

    wait_for("the driver without its executors", only_the_driver, 60)


def test_a_failing_script_names_its_exception(client, virtual_cluster):
    run = start_run(client, virtual_cluster, f"{JOBS}/fail.py", parameters=SMALL)
    job = wait_for_state(client, virtual_cluster, run, {"FAILED"})
    assert job["failureReason"] == "USER_ERROR"
    assert "ValueError: the input table is empty" in job["stateDetails"]


def test_a_failing_task_names_its_exception_too(client, virtual_cluster):
    """Its log's end, as the pod's status has it, holds nothing but stack frames."""
    run = start_run(client, virtual_cluster, f"{JOBS}/fail_in_task.py", parameters=SMALL)
    job = wait_for_state(client, virtual_cluster, run, {"FAILED"})
    assert job["failureReason"] == "USER_ERROR"
    assert "ValueError: row " in job["stateDetails"]


@pytest.fixture
def web(kubernetes):
    """A place outside the image that has the jobs: the address of a server that pods reach."""
    host = kubernetes.host
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=TESTS / "jobs")
    with http.server.ThreadingHTTPServer((host, 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://{host}:{served.server_port}"
        served.shutdown()


def test_what_a_caller_sets_reaches_driver_and_executors(
    web, kubernetes, client, virtual_cluster, namespace
):
    arguments = ["$(SPARK_USER) $$5", "it's \"quoted\"", "two\nlines", "größer 🔥", " x "]
    parameters = (
        f"{SMALL} --py-files {web}/shown.py --files {web}/fail.py "
        "--conf 'spark.shown=a=b:c#d!\\ ü' "
        "--conf spark.kubernetes.driverEnv.SHOW_DRIVER=driver "
        "--conf spark.executorEnv.SHOW_EXECUTOR=executor "
        "--conf spark.kubernetes.driver.label.team=data "
        "--conf spark.kubernetes.driver.annotation.note=noted "
        "--conf spark.kubernetes.node.selector.kubernetes.io/os=linux "
        "--conf spark.kubernetes.driver.limit.cores=1 "
        "--conf spark.driver.memoryOverhead=500m"
    )
    classifications = [
        {"classification": "core-site", "properties": {"shown.key": "of core-site"}},
        {"classification": "spark-log4j2", "properties": {"logger.shown.name": "shown"}},
        {
            "classification": "spark-env",
            "configurations": [{"classification": "export", "properties": {"SHOW_BOTH": "both"}}],
        },
    ]
    run = start_run(
        client,
        virtual_cluster,
        f"{web}/show.py",
        arguments,
        parameters,
        configurationOverrides={"applicationConfiguration": classifications},
    )
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"})
    log = kubernetes.run("logs", "-n", namespace, f"spark-{run}-driver")
    line = next(line for line in log.splitlines() if line.startswith("shown: "))
    shown = json.loads(line.removeprefix("shown: "))
    assert shown["arguments"] == arguments
    assert shown["property"] == "a=b:c#d!\\ ü"
    assert shown["hadoop"] == "of core-site"
    assert shown["driver"]["env"] == {"SHOW_DRIVER": "driver", "SHOW_BOTH": "both"}
    assert shown["executor"]["env"] == {"SHOW_EXECUTOR": "executor", "SHOW_BOTH": "both"}
    for pod in (shown["driver"], shown["executor"]):
        assert "logger.shown.name=shown\n" in pod["conf"]["log4j2.properties"]
        assert pod["module"] == "a module of the run"
        assert "the input table is empty" in pod["file"]
    (driver,) = kubernetes.pods_of(namespace, run)
    assert driver["metadata"]["labels"]["team"] == "data"
    assert driver["metadata"]["annotations"]["note"] == "noted"
    assert driver["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    resources = driver["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": "1", "memory": "1012Mi"}
    assert resources["requests"] == {"cpu": "300m", "memory": "1012Mi"}


def test_a_sql_job(client, virtual_cluster):
    query = "SELECT count(*) AS n FROM range(1000)"
    run = client.start_job_run(
        virtualClusterId=virtual_cluster,
        executionRoleArn=ROLE,
        releaseLabel=RELEASE,
        jobDriver={"sparkSqlJobDriver": {"sparkSqlParameters": f"-e '{query}' {ALONE}"}},
    )["id"]
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"})


def test_nothing_is_left_of_a_run_when_its_driver_was_kept_long_enough(
    kubernetes, kubeconfig, namespace, tmp_path
):
    server = Server(tmp_path, configuration(kubeconfig, keep_driver="5s")).start()
    client = server.client()
    virtual_cluster = create_virtual_cluster(client, "tidy", "kind", namespace)
    # A file for the conf folder makes the driver give its executors a ConfigMap.
    log4j = {"classification": "spark-log4j2", "properties": {"logger.x.name": "x"}}
    overrides = {"applicationConfiguration": [log4j]}
    runs = [
        start_run(
            client,
            virtual_cluster,
            f"{JOBS}/{job}",
            parameters=SMALL,
            configurationOverrides=overrides,
        )
        for job in ("pi.py", "fail.py")
    ]
    wait_for_state(client, virtual_cluster, runs[0], {"COMPLETED"})
    wait_for_state(client, virtual_cluster, runs[1], {"FAILED"})

    def left():
        kinds = "pods,services,configmaps,persistentvolumeclaims,secrets"
        names = [item["metadata"]["name"] for item in kubernetes.get(kinds, namespace)]
        return [name for name in names if name != "kube-root-ca.crt"]

    wait_for("an empty namespace", lambda: not left(), 60)
    server.stop()


def test_a_cancelled_run_leaves_no_pod(kubernetes, client, virtual_cluster, namespace):
    run = start_run(client, virtual_cluster, f"{JOBS}/sleep.py", ["600"], SMALL)
    wait_for_state(client, virtual_cluster, run, {"RUNNING"})
    wait_for("its executors", lambda: len(kubernetes.pods_of(namespace, run)) > 1, 90)
    client.cancel_job_run(virtualClusterId=virtual_cluster, id=run)
    assert describe(client, virtual_cluster, run)["state"] in {"CANCEL_PENDING", "CANCELLED"}
    job = wait_for_state(client, virtual_cluster, run, {"CANCELLED"}, 90)
    assert job["stateDetails"] == "JobRun CANCELLED successfully."
    wait_for("no pod", lambda: not kubernetes.pods_of(namespace, run), 90)


def kill_driver(kubernetes, namespace, driver):
    """As the kernel would: the driver's JVM has no time for its executors."""
    java = (
        "for p in /proc/[0-9]*; do "
        '[ "$(readlink $p/exe)" != /opt/java/bin/java ] || kill -9 ${p#/proc/}; done'
    )
    kubernetes.run("exec", "-n", namespace, driver, "--", "bash", "-c", java, check=False)


def delete_driver(kubernetes, namespace, driver):
    kubernetes.run("delete", "pod", "-n", namespace, driver, "--wait=false")


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (kill_driver, "exit code 137 (killed)"),
        (delete_driver, "deleted by someone else. It ended with exit code 143 (terminated)"),
    ],
)
def test_a_driver_that_dies_leaves_no_executor(
    end, words, kubernetes, client, virtual_cluster, namespace
):
    run = start_run(client, virtual_cluster, f"{JOBS}/sleep.py", ["600"], SMALL)

    def executors():
        pods = kubernetes.pods_of(namespace, run)
        return [pod for pod in pods if pod["metadata"]["labels"]["spark-role"] == "executor"]

    wait_for("its executors", lambda: len(executors()) == 2, 90)
    end(kubernetes, namespace, f"spark-{run}-driver")
    job = wait_for_state(client, virtual_cluster, run, {"FAILED"}, 60)
    assert job["failureReason"] == "USER_ERROR"
    assert words in job["stateDetails"]
    wait_for("no executor", lambda: not executors(), 60)


def test_a_server_killed_in_mid_run_finishes_it_with_one_driver(
    kubernetes, kubeconfig, namespace, tmp_path
):
    # What a killed server had claimed waits for the end of its lease.
    server = Server(tmp_path, configuration(kubeconfig, lease="30s")).start()
    with subprocess.Popen(
        [
            kubernetes.binary,
            "--kubeconfig",
            kubernetes.kubeconfig,
            *("get", "pods", "-n", namespace, "-l", "spark-role=driver", "--watch"),
            *("-o", "jsonpath={.metadata.uid}{'\\n'}"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as watch:
        try:
            client = server.client()
            virtual_cluster = create_virtual_cluster(client, "crash", "kind", namespace)
            # At the very start, when the driver may or may not have been created.
            early = start_run(client, virtual_cluster, f"{JOBS}/pi.py", ["2"], ALONE)
            server.kill()
            server.start()
            wait_for_state(client, virtual_cluster, early, {"COMPLETED"})
            # In the middle of the run, which goes on without Firesteel.
            late = start_run(client, virtual_cluster, f"{JOBS}/sleep.py", ["10"], SMALL)
            wait_for_state(client, virtual_cluster, late, {"RUNNING"})
            server.kill()
            time.sleep(1)  # the point is that it is away for a while
            server.start()
            wait_for_state(client, virtual_cluster, late, {"COMPLETED"})
            server.stop()
        finally:
            if server.process.poll() is None:
                server.kill()
            watch.terminate()
        drivers = set(watch.stdout.read().split())
    assert len(drivers) == 2, f"two runs, {len(drivers)} drivers"
