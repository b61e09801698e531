"""One server with Spark on this host, for clients that know nothing of Firesteel."""

import pathlib
import subprocess
import uuid

import pytest

from firesteel import Server, create_virtual_cluster

JOBS = pathlib.Path(__file__).parent.parent / "jobs"


def process_cluster(max_processes):
    """The cluster `local`, where a run without room looks for some again soon."""
    return f"""
worker.try_again = "1s"
[[clusters]]
id = "local"
backend = "process"
max_processes = {max_processes}
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), process_cluster(max_processes=8)).start()
    yield server
    server.stop()


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def namespace():
    return f"clients-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def virtual_cluster(client, namespace):
    return create_virtual_cluster(client, namespace, "local", namespace)


@pytest.fixture(scope="session")
def jobs_jar(tmp_path_factory):
    import pyspark

    out = tmp_path_factory.mktemp("jar")
    jars = pathlib.Path(pyspark.__file__).parent / "jars"
    subprocess.run([JOBS / "build.sh", out, jars], check=True)
    return out / "jobs.jar"
