"""What a cluster can refuse or lack: each ends, or waits, with words that say what to do."""

import contextlib
import json
import socket
import threading

import pytest
from botocore.exceptions import ClientError

from conftest import ALONE, SMALL, configuration
from firesteel import (
    Server,
    create_virtual_cluster,
    describe,
    start_run,
    wait_for,
    wait_for_state,
)

JOB = "local:///opt/firesteel-jobs/pi.py"


@pytest.fixture(scope="module")
def server(kubeconfig, tmp_path_factory):
    """Patience of seconds, where a user's is minutes."""
    patience = {
        "image_pull_timeout": "5s",
        "queue_timeout": "20s",
        "start_timeout": "20s",
        "unreachable_timeout": "5s",
        "try_again": "1s",
    }
    folder = tmp_path_factory.mktemp("faults")
    server = Server(folder, configuration(kubeconfig, **patience)).start()
    yield server
    server.stop()


def quota(namespace, pods):
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "small", "namespace": namespace},
            "spec": {"hard": {"pods": str(pods)}},
        }
    )


def failed(client, virtual_cluster, run):
    return wait_for_state(client, virtual_cluster, run, {"FAILED"}, 90)


def test_an_image_that_does_not_exist(client, virtual_cluster):
    image = "--conf spark.kubernetes.container.image=localhost:1/no/such:image"
    run = start_run(client, virtual_cluster, JOB, parameters=f"{SMALL} {image}")
    job = failed(client, virtual_cluster, run)
    assert job["failureReason"] == "USER_ERROR"
    assert "image" in job["stateDetails"] and "no/such" in job["stateDetails"]


def test_a_driver_that_fits_on_no_node(client, virtual_cluster):
    parameters = SMALL.replace("driver.request.cores=0.3", "driver.request.cores=64")
    run = start_run(client, virtual_cluster, JOB, parameters=parameters)
    job = failed(client, virtual_cluster, run)
    assert job["failureReason"] == "USER_ERROR"
    assert "Insufficient cpu" in job["stateDetails"]


def test_a_full_quota_is_waited_for_and_said(kubernetes, client, virtual_cluster, namespace):
    kubernetes.apply(quota(namespace, 0))
    run = start_run(client, virtual_cluster, JOB, parameters=ALONE)

    def waits():
        job = describe(client, virtual_cluster, run)
        assert job["state"] == "PENDING"
        return "exceeded quota" in job.get("stateDetails", "")

    wait_for("the quota in stateDetails", waits, 20)
    kubernetes.run("delete", "resourcequota", "small", "-n", namespace)
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"})


def test_a_quota_that_never_has_room_ends_the_run(kubernetes, client, virtual_cluster, namespace):
    kubernetes.apply(quota(namespace, 0))
    run = start_run(client, virtual_cluster, JOB, parameters=SMALL)
    job = failed(client, virtual_cluster, run)
    assert job["failureReason"] == "USER_ERROR"
    assert "does not have sufficient resources" in job["stateDetails"]


def test_a_namespace_that_vanished(kubernetes, client, virtual_cluster, namespace):
    kubernetes.run("delete", "namespace", namespace, "--wait=true")
    run = start_run(client, virtual_cluster, JOB, parameters=SMALL)
    job = failed(client, virtual_cluster, run)
    assert job["failureReason"] == "CLUSTER_UNAVAILABLE"
    assert namespace in job["stateDetails"]


def test_admission_that_refuses_the_driver(kubernetes, client, virtual_cluster, namespace):
    """Pod Security Admission, as a platform team would set it."""
    level = "pod-security.kubernetes.io/enforce=restricted"
    kubernetes.run("label", "namespace", namespace, level)
    run = start_run(client, virtual_cluster, JOB, parameters=SMALL)
    job = failed(client, virtual_cluster, run)
    assert job["failureReason"] == "VALIDATION_ERROR"
    assert "PodSecurity" in job["stateDetails"]


def test_a_namespace_that_does_not_exist_is_refused_at_once(client):
    with pytest.raises(ClientError) as refused:
        create_virtual_cluster(client, "nowhere", "kind", "no-such-namespace")
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert "no-such-namespace" in refused.value.response["Error"]["Message"]


def test_rights_that_are_missing_are_named(kubernetes, namespace, tmp_path):
    """A service account that may do nothing."""
    kubernetes.run("create", "serviceaccount", "nobody", "-n", namespace)
    token = kubernetes.run("create", "token", "nobody", "-n", namespace).strip()
    kubeconfig = json.loads(kubernetes.run("config", "view", "--raw", "-o", "json"))
    kubeconfig["users"][0]["user"] = {"token": token}
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig))
    server = Server(tmp_path, configuration(path)).start()
    with pytest.raises(ClientError) as refused:
        create_virtual_cluster(server.client(), "powerless", "kind", namespace)
    assert "create pods" in refused.value.response["Error"]["Message"]
    server.stop()


class Proxy:
    """Passes connections on to the API server while it is open."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = True
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            if not self.open:
                client.close()
                continue
            server = socket.create_connection(self.target)
            self.sockets += [client, server]
            if not self.open:
                self.cut()  # it came while this connection was made
            for source, sink in [(client, server), (server, client)]:
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.open = False
        for side in self.sockets:
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxied(kubeconfig, tmp_path):
    """A Firesteel whose way to the API server can be cut, and the means to do it."""
    lines = kubeconfig.read_text().splitlines()
    address = next(line.split("https://")[1].split('"')[0] for line in lines if "https://" in line)
    host, port = address.split(":")
    proxy = Proxy(host, int(port))
    path = tmp_path / "kubeconfig"
    text = kubeconfig.read_text().replace(f"https://{address}", f"https://127.0.0.1:{proxy.port}")
    path.write_text(text.replace("cluster: {", f'cluster: {{tls-server-name: "{host}", '))
    settings = configuration(path, unreachable_timeout="5s", try_again="1s")
    server = Server(tmp_path, settings).start()
    yield server, proxy
    server.stop()


def test_a_cluster_out_of_reach_delays_a_run_under_way_and_fails_a_new_one(proxied, namespace):
    server, proxy = proxied
    client = server.client()
    virtual_cluster = create_virtual_cluster(client, "far", "kind", namespace)
    job = "local:///opt/firesteel-jobs/sleep.py"
    under_way = start_run(client, virtual_cluster, job, ["8"], SMALL)
    wait_for_state(client, virtual_cluster, under_way, {"RUNNING"})
    proxy.cut()
    new = start_run(client, virtual_cluster, JOB, parameters=SMALL)
    ended = failed(client, virtual_cluster, new)
    assert ended["failureReason"] == "CLUSTER_UNAVAILABLE"
    assert "not reachable" in ended["stateDetails"]
    assert describe(client, virtual_cluster, under_way)["state"] == "RUNNING"
    proxy.open = True
    wait_for_state(client, virtual_cluster, under_way, {"COMPLETED"}, 90)
