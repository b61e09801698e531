"""What boto3 repeats by itself has its effect once. The database is held still meanwhile, so that what
is to happen at the same moment does."""

import pathlib
import shutil
import subprocess
import threading

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import JOBS
from firesteel import Server, create_virtual_cluster, describe, start_run, wait_for

POSTGRES = pathlib.Path(__file__).parent.parent / "postgres.sh"


class Database:
    """The server's own, over its socket."""

    def __init__(self, server):
        binaries = subprocess.run([POSTGRES, "bin"], stdout=subprocess.PIPE, text=True, check=True)
        psql = shutil.which("psql", path=binaries.stdout.strip()) or shutil.which("psql")
        [running] = server.data.rglob("postmaster.pid")
        sockets = running.read_text().splitlines()[4]
        self.session = subprocess.Popen(
            [
                *(psql, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
                *("--set=ON_ERROR_STOP=1", f"--host={sockets}"),
                *("--username=firesteel", "--dbname=postgres"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, statement):
        """The one line that is its result, once it is done."""
        self.session.stdin.write(f"{statement}\n")
        self.session.stdin.flush()
        line = self.session.stdout.readline()
        assert line, f"failed: {statement}"
        return line.strip()

    def close(self):
        self.session.stdin.close()
        self.session.wait(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Not the one of the others, who would be held, too."""
    server = Server(tmp_path_factory.mktemp("retries")).start()
    yield server
    server.stop()


@pytest.fixture
def database(server):
    database = Database(server)
    yield database
    database.close()


def retrying(server, **more):
    retries = {"mode": "standard", "total_max_attempts": 10}
    return server.client(Config(retries=retries, **more))


def test_a_start_repeated_while_the_first_is_in_flight_is_one_run(
    server, client, virtual_cluster, database
):
    impatient = retrying(server, read_timeout=0.5)
    attempts, ids = [], []
    event = "before-send.emr-containers.StartJobRun"
    impatient.meta.events.register(event, lambda request, **_: attempts.append(request.body))

    def start():
        ids.append(start_run(impatient, virtual_cluster, str(JOBS / "done.py")))

    database.do("BEGIN; LOCK TABLE job_run IN SHARE MODE; SELECT 1;")
    caller = threading.Thread(target=start)
    caller.start()
    held = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock';"
    wait_for("two attempts at once", lambda: int(database.do(held)) >= 2)
    database.do("COMMIT; SELECT 1;")
    caller.join(60)
    assert len(attempts) >= 2 and len(set(attempts)) == 1
    runs = client.list_job_runs(virtualClusterId=virtual_cluster)["jobRuns"]
    assert [run["id"] for run in runs] == ids


def test_an_internal_error_has_its_class_and_is_tried_again(
    server, client, virtual_cluster, database
):
    run = start_run(client, virtual_cluster, str(JOBS / "done.py"))
    database.do("ALTER TABLE job_run RENAME TO hidden; SELECT 1;")
    with pytest.raises(client.exceptions.InternalServerException) as failed:
        describe(client, virtual_cluster, run)
    response = failed.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "job_run" not in response["Error"]["Message"]

    persistent = retrying(server)

    def repair(attempts, **_):
        if attempts == 1:
            database.do("ALTER TABLE hidden RENAME TO job_run; SELECT 1;")

    persistent.meta.events.register_first("needs-retry.emr-containers.DescribeJobRun", repair)
    answer = persistent.describe_job_run(virtualClusterId=virtual_cluster, id=run)
    assert answer["jobRun"]["id"] == run
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_throttled_calls_are_tried_again_until_they_pass(tmp_path):
    config = """
[api.throttling]
enabled = true
operations.list_virtual_clusters = { burst = 1, rate = 1 }
"""
    server = Server(tmp_path, config).start()
    client = server.client()
    client.list_virtual_clusters()
    with pytest.raises(ClientError) as throttled:
        while True:
            client.list_virtual_clusters()
    assert throttled.value.response["Error"]["Code"] == "ThrottlingException"
    assert throttled.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    persistent = retrying(server)
    answers = [persistent.list_virtual_clusters() for _ in range(3)]
    assert sum(answer["ResponseMetadata"]["RetryAttempts"] for answer in answers) >= 1
    server.stop()
