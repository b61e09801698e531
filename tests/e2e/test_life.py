"""The whole life of runs on a real Kubernetes: tried again, evicted, cut off, and never doubled."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time

import pytest

from conftest import ALONE, configuration, with_classifications
from firesteel import (
    Server,
    create_virtual_cluster,
    describe,
    start_run,
    wait_for,
    wait_for_state,
)

JOBS = "local:///opt/firesteel-jobs"
PIDS = "/run/firesteel-cluster/run"


def twice(**more):
    return {"retryPolicyConfiguration": {"maxAttempts": 2}, **more}


def attempts_charged(job):
    return job["retryPolicyExecution"]["currentAttemptCount"]


def driver_names(kubernetes, namespace, run):
    pods = kubernetes.pods_of(namespace, run)
    drivers = (pod for pod in pods if pod["metadata"]["labels"]["spark-role"] == "driver")
    return sorted(pod["metadata"]["name"] for pod in drivers)


def evict(kubernetes, namespace, pod):
    """As `kubectl drain` does."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": namespace},
        "deleteOptions": {"gracePeriodSeconds": 1},
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
    kubernetes.run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def pid_of(program):
    with open(f"{PIDS}/{program}.pid") as file:
        return int(file.read().split()[0])


def test_a_job_that_fails_is_tried_as_often_as_asked(
    kubernetes, client, virtual_cluster, namespace
):
    run = start_run(client, virtual_cluster, f"{JOBS}/refuse.py", parameters=ALONE, **twice())
    job = wait_for_state(client, virtual_cluster, run, {"FAILED"})
    assert attempts_charged(job) == 2
    assert "the input table is empty" in job["stateDetails"]
    names = [f"spark-{run}-driver", f"spark-{run}-driver-2"]
    assert driver_names(kubernetes, namespace, run) == names


def test_an_evicted_driver_is_started_again_and_not_charged(
    kubernetes, client, virtual_cluster, namespace
):
    again = start_run(client, virtual_cluster, f"{JOBS}/wait.py", ["20"], ALONE, **twice())
    once = start_run(client, virtual_cluster, f"{JOBS}/wait.py", ["20"], ALONE)
    for run in (again, once):
        wait_for_state(client, virtual_cluster, run, {"RUNNING"})
        evict(kubernetes, namespace, f"spark-{run}-driver")
    # Its container had started, and nobody allowed a second one.
    job = wait_for_state(client, virtual_cluster, once, {"FAILED"}, 60)
    assert "evict" in job["stateDetails"].lower()
    job = wait_for_state(client, virtual_cluster, again, {"COMPLETED"})
    assert attempts_charged(job) == 1


def test_memory_that_ran_out_is_named(client, virtual_cluster):
    run = start_run(client, virtual_cluster, f"{JOBS}/oom.py", parameters=ALONE)
    job = wait_for_state(client, virtual_cluster, run, {"FAILED"})
    assert job["failureReason"] == "USER_ERROR"
    assert "OOMKilled" in job["stateDetails"]
    assert "spark.driver.memory" in job["stateDetails"]


def test_a_run_that_takes_too_long_is_ended(kubernetes, client, virtual_cluster, namespace):
    limit = {"classification": "firesteel", "properties": {"job-run-timeout": "5"}}
    run = start_run(
        client,
        virtual_cluster,
        f"{JOBS}/wait.py",
        ["600"],
        ALONE,
        **with_classifications(limit),
    )
    job = wait_for_state(client, virtual_cluster, run, {"FAILED"}, 90)
    assert "5 s" in job["stateDetails"]


def test_a_limit_is_kept_and_the_queue_goes_on(kubernetes, client, namespace):
    limited = client.create_virtual_cluster(
        name=namespace,
        containerProvider={
            "type": "EKS",
            "id": "kind",
            "info": {"eksInfo": {"namespace": namespace}},
        },
        schedulerConfiguration={"maxConcurrentJobRuns": 1},
        clientToken=namespace,
    )["id"]
    runs = [start_run(client, limited, f"{JOBS}/wait.py", ["3"], ALONE) for _ in range(3)]
    most = 0

    def all_completed():
        nonlocal most
        pods = kubernetes.get("pods", namespace, "-l", "spark-role=driver")
        alive = [pod for pod in pods if pod["status"]["phase"] in {"Pending", "Running"}]
        most = max(most, len(alive))
        return all(describe(client, limited, run)["state"] == "COMPLETED" for run in runs)

    wait_for("three runs, one after the other", all_completed, 180)
    # The container of one ends a moment before its pod does.
    assert most <= 2
    ends = [describe(client, limited, run)["finishedAt"] for run in runs]
    assert ends == sorted(ends)


def test_a_node_that_is_silent_for_a_while_gets_no_second_driver(
    kubernetes, kubeconfig, namespace, tmp_path
):
    """The kubelet stops, the container goes on: only its known end lets another one begin."""
    server = Server(tmp_path, configuration(kubeconfig, lost_driver_hold="600s")).start()
    client = server.client()
    virtual_cluster = create_virtual_cluster(client, "silent", "kind", namespace)
    run = start_run(client, virtual_cluster, f"{JOBS}/wait.py", ["90"], ALONE, **twice())
    wait_for_state(client, virtual_cluster, run, {"RUNNING"})
    kubelet = pid_of("kubelet")
    os.kill(kubelet, signal.SIGSTOP)
    # By hand: of a cluster whose only node is silent Kubernetes' controller takes nothing away.
    kubernetes.run("taint", "nodes", "--all", "firesteel.dev/silent=true:NoExecute")
    try:

        def taken_away():
            pods = kubernetes.pods_of(namespace, run)
            return any("deletionTimestamp" in pod["metadata"] for pod in pods)

        wait_for("the driver's deletion by the taint's manager", taken_away, 60)
        assert driver_names(kubernetes, namespace, run) == [f"spark-{run}-driver"]
        assert describe(client, virtual_cluster, run)["state"] == "RUNNING"
    finally:
        kubernetes.run("taint", "nodes", "--all", "firesteel.dev/silent-")
        os.kill(kubelet, signal.SIGCONT)

    def second():
        return describe(client, virtual_cluster, run)["state"] == "RUNNING" and (
            f"spark-{run}-driver-2" in driver_names(kubernetes, namespace, run)
        )

    wait_for("the second driver", second, 120)
    client.cancel_job_run(virtualClusterId=virtual_cluster, id=run)
    job = wait_for_state(client, virtual_cluster, run, {"CANCELLED"}, 60)
    assert attempts_charged(job) == 1
    server.stop()


def start_again(program, pid):
    """With the same arguments, known to the cluster's scripts as the one before was."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        command = file.read().rstrip(b"\0").split(b"\0")
    binary = os.readlink(f"/proc/{pid}/exe")
    log = os.open(f"/proc/{pid}/fd/2", os.O_WRONLY | os.O_APPEND)
    os.kill(pid, signal.SIGKILL)
    wait_for(f"the end of {program}", lambda: not os.path.exists(f"/proc/{pid}/exe") or ended(pid))
    again = subprocess.Popen(
        command, executable=binary, stdout=log, stderr=log, start_new_session=True
    )
    os.close(log)
    with open(f"/proc/{again.pid}/stat") as stat, open(f"{PIDS}/{program}.pid", "w") as file:
        file.write(f"{again.pid} {stat.read().split()[21]}\n")


def ended(pid):
    """An unreaped process holds no port."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return "State:\tZ" in file.read()
    except FileNotFoundError:
        return True


def test_an_api_server_that_starts_again_costs_no_run(kubernetes, client, virtual_cluster):
    runs = [start_run(client, virtual_cluster, f"{JOBS}/wait.py", ["8"], ALONE) for _ in range(2)]
    wait_for_state(client, virtual_cluster, runs[0], {"RUNNING"})
    start_again("kube-apiserver", pid_of("kube-apiserver"))
    late = start_run(client, virtual_cluster, f"{JOBS}/wait.py", ["1"], ALONE)
    for run in [*runs, late]:
        job = wait_for_state(client, virtual_cluster, run, {"COMPLETED", "FAILED"})
        assert job["state"] == "COMPLETED", job["stateDetails"]


@contextlib.contextmanager
def drivers_seen(kubernetes, namespace):
    """Every driver that comes to be: (name, uid)."""
    seen = set()
    command = [
        *(kubernetes.binary, "--kubeconfig", kubernetes.kubeconfig),
        *("get", "pods", "-n", namespace, "-l", "spark-role=driver", "--watch"),
        *("-o", "jsonpath={.metadata.name} {.metadata.uid}{'\\n'}"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        try:
            yield seen
        finally:
            watch.terminate()
            seen.update(tuple(line.split()) for line in watch.stdout.read().splitlines())


@pytest.mark.parametrize("seed", [int(os.environ.get("SEED", "1"))])
def test_a_server_killed_again_and_again_doubles_and_loses_nothing(
    seed, kubernetes, kubeconfig, namespace, tmp_path
):
    chance = random.Random(seed)
    server = Server(tmp_path, configuration(kubeconfig, lease="30s", try_again="1s")).start()
    tokens = [f"run-{number}" for number in range(20)]
    runs = {}
    with drivers_seen(kubernetes, namespace) as seen:
        client = server.client()
        virtual_cluster = create_virtual_cluster(client, "killed", "kind", namespace)
        waiting = list(tokens)
        while waiting:
            for token in waiting[:4]:
                # The answer may be lost with the server: the token brings the same run again.
                with contextlib.suppress(Exception):
                    runs[token] = start_run(
                        client,
                        virtual_cluster,
                        f"{JOBS}/done.py",
                        parameters=ALONE,
                        clientToken=token,
                    )
                    waiting.remove(token)
                if chance.random() < 0.3:
                    server.kill()
                    server.start()
            time.sleep(chance.random() * 3)  # any instant is as good as another
            server.kill()
            server.start()
        for run in runs.values():
            wait_for_state(client, virtual_cluster, run, {"COMPLETED"}, 300)
        server.stop()
    assert len(set(runs.values())) == len(tokens)
    assert {name for name, _ in seen} == {f"spark-{run}-driver" for run in runs.values()}
    assert len(seen) == len(tokens), "a name was used by two drivers"
