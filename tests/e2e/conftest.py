"""The real Kubernetes, and a Firesteel that may do there what deploy/rbac.yaml says and no more."""

import importlib.util
import json
import os
import pathlib
import subprocess
import urllib.parse
import uuid

import pytest

from firesteel import Server, create_virtual_cluster

TESTS = pathlib.Path(__file__).parent.parent
ROOT = TESTS.parent
CANNOT_RUN = 3  # the exit code by which up.sh says that this machine cannot have the cluster
# Others by hand: SPARK_VERSIONS="3.4.4 4.3.0" scripts/pytest.sh tests/e2e/test_executors.py
VERSIONS = tuple(os.environ.get("SPARK_VERSIONS", "3.5.9 4.1.4").split())


def image(version):
    return f"localhost/firesteel-spark:{version}"


def release(version):
    """The label of `version` among the releases that the configuration adds."""
    return f"spark-{version}"


# Small enough for a driver and two executors on two cores.
SMALL = (
    "--conf spark.executor.instances=2 --conf spark.kubernetes.driver.request.cores=0.3 "
    "--conf spark.kubernetes.executor.request.cores=0.3 --conf spark.driver.memory=512m "
    "--conf spark.executor.memory=512m --conf spark.sql.shuffle.partitions=2"
)
# Where executors are not the point: the driver does their work, and the run is over sooner.
ALONE = f"{SMALL} --conf spark.kubernetes.driver.master=local[1]"


class Kubernetes:
    """kubectl as the administrator: for making faults and for looking, never for Firesteel."""

    def __init__(self, kubeconfig):
        self.kubeconfig = kubeconfig
        self.binary = pathlib.Path(kubeconfig).parent / "kubectl"
        server = self.run("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")
        # The node's address, at which pods reach servers of the tests.
        self.host = urllib.parse.urlsplit(server).hostname

    def run(self, *arguments, stdin=None, check=True):
        return subprocess.run(
            [self.binary, "--kubeconfig", self.kubeconfig, *arguments],
            input=stdin,
            check=check,
            capture_output=True,
            text=True,
        ).stdout

    def get(self, kind, namespace, *arguments):
        listed = self.run("get", kind, "-n", namespace, "-o", "json", *arguments)
        return json.loads(listed)["items"]

    def pods_of(self, namespace, run):
        return self.get("pods", namespace, "-l", f"emr-containers.amazonaws.com/job.id={run}")

    def apply(self, manifest):
        self.run("apply", "-f", "-", stdin=manifest)


@pytest.fixture(scope="session")
def kubernetes():
    # The pyspark that is here already need not be fetched again for the image.
    pyspark = pathlib.Path(importlib.util.find_spec("pyspark").origin).parent
    started = subprocess.run(
        [TESTS / "cluster" / "up.sh", *VERSIONS],
        env={"PYSPARK_HOME": str(pyspark), **os.environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    if started.returncode == CANNOT_RUN:
        message = "NO END-TO-END TEST RAN: the test cluster cannot run here (its reason is above)"
        if os.environ.get("FIRESTEEL_E2E") == "required":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    assert started.returncode == 0, "the test cluster did not start; its reason is above"
    cluster = Kubernetes(started.stdout.strip().splitlines()[-1])
    cluster.apply((ROOT / "deploy" / "rbac.yaml").read_text())
    return cluster


@pytest.fixture
def namespace(kubernetes):
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    subprocess.run([TESTS / "cluster" / "namespace.sh", name], check=True)
    yield name
    kubernetes.run("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture(scope="session")
def kubeconfig(kubernetes, tmp_path_factory):
    """Firesteel's own, under its service account."""
    path = tmp_path_factory.mktemp("kubeconfig") / "firesteel"
    script = TESTS / "cluster" / "kubeconfig-for.sh"
    subprocess.run([script, "firesteel", "firesteel", path], check=True)
    return path


def in_layout(layout):
    return {"classification": "firesteel", "properties": {"layout": layout}}


def with_classifications(*classifications):
    return {"configurationOverrides": {"applicationConfiguration": list(classifications)}}


def configuration(kubeconfig, cluster="", **settings):
    """`cluster` holds further lines of the cluster's own, `settings` are the workers'."""
    releases = "\n".join(
        f"""
[[releases]]
label = "{release(version)}"
spark = "{version}"
image = "{image(version)}"
"""
        for version in VERSIONS
    )
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    return f"""
[worker]
{lines}
{releases}
[[clusters]]
id = "kind"
backend = "kubernetes"
kubeconfig = "{kubeconfig}"
image = "{image(VERSIONS[0])}"
image_pull_policy = "IfNotPresent"
{cluster}
"""


@pytest.fixture(scope="session")
def server(kubeconfig, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), configuration(kubeconfig)).start()
    yield server
    server.stop()


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def virtual_cluster(client, namespace):
    return create_virtual_cluster(client, namespace, "kind", namespace)
