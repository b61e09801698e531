"""Starts the real server, and waits for what it should become: the base of the Python tests."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

# Settings in the environment are those of somebody's installation, whose database is no place for
# tests. These alone are ours.
OURS = {"BIN", "CACHE", "E2E", "POSTGRES_BIN", "PYTHON"}
for name in list(os.environ):
    if name.startswith("FIRESTEEL_") and name.removeprefix("FIRESTEEL_") not in OURS:
        del os.environ[name]

TERMINAL = {"COMPLETED", "FAILED", "CANCELLED"}
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
RELEASE = "emr-7.9.0-latest"


def wait_for(what, condition, seconds=30, every=0.1):
    """The first true value of `condition`, which must come within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(every)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`firesteel dev` with a data folder of its own; may be killed and started again.

    It believes signatures alone, unless `auth` says otherwise; clients sign with a key that it made."""

    def __init__(
        self, folder: pathlib.Path, config: str = "", name: str = "server", auth: str = "sigv4"
    ):
        self.folder = folder
        # Not below pytest's folder, which is closed to the user that Postgres is started as in
        # root's place: its database would stay elsewhere, for ever.
        self.temporary = tempfile.TemporaryDirectory(prefix="firesteel-test-")
        self.data = pathlib.Path(self.temporary.name)
        self.data.chmod(0o755)
        self.config = folder / f"{name}.toml"
        self.config.write_text(config)
        self.port, self.admin_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_url = f"http://127.0.0.1:{self.admin_port}"
        self.log = folder / f"{name}.log"
        self.auth = auth
        self.process = None
        self.key = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    os.environ["FIRESTEEL_BIN"],
                    "dev",
                    f"--listen=127.0.0.1:{self.port}",
                    f"--admin-listen=127.0.0.1:{self.admin_port}",
                    f"--data-dir={self.data}",
                    f"--config={self.config}",
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "FIRESTEEL_API__AUTH": self.auth},
            )
        line = self.process.stdout.readline()
        assert self.url in line, f"not ready: {line!r}\n{self.log.read_text()[-4000:]}"
        self.key = self.key or self.create_key("--name=tests")
        return self

    def create_key(self, *arguments):
        """What `firesteel keys create` prints of a new key of the account of the tests."""
        account = (f"--account={ACCOUNT}", f"--data-dir={self.data}")
        command = [os.environ["FIRESTEEL_BIN"], "keys", "create", *account, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def kill(self):
        """The hard way: nothing is said good-bye to."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        """The clean way, whose exit code must be 0."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.log.read_text()[-4000:]

    def environment(self):
        return {
            **os.environ,
            "AWS_ENDPOINT_URL_EMR_CONTAINERS": self.url,
            "AWS_ACCESS_KEY_ID": self.key["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.key["secretAccessKey"],
            "AWS_DEFAULT_REGION": "us-east-1",
            # What the SDK for JavaScript reads.
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, config=None, key=None):
        """Without retries, unless `config` says otherwise."""
        key = key or self.key
        return boto3.client(
            "emr-containers",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=key["accessKeyId"],
            aws_secret_access_key=key["secretAccessKey"],
            aws_session_token=key.get("sessionToken"),
            config=config or Config(retries={"max_attempts": 1}),
        )


def story(server, virtual_cluster, run):
    """The events of a run, by a signed request that no client of AWS knows."""
    key = Credentials(server.key["accessKeyId"], server.key["secretAccessKey"])
    url = f"{server.url}/firesteel/v1/virtualclusters/{virtual_cluster}/jobruns/{run}/events"
    request = AWSRequest("GET", url)
    SigV4Auth(key, "emr-containers", "us-east-1").add_auth(request)
    signed = urllib.request.Request(url, headers=dict(request.headers))
    with urllib.request.urlopen(signed) as answer:
        return json.load(answer)["events"]


def create_virtual_cluster(client, name, cluster, namespace):
    answer = client.create_virtual_cluster(
        name=name,
        containerProvider={
            "type": "EKS",
            "id": cluster,
            "info": {"eksInfo": {"namespace": namespace}},
        },
    )
    return answer["id"]


def start_run(
    client,
    virtual_cluster,
    entry_point,
    arguments=(),
    parameters=None,
    release=RELEASE,
    **more,
):
    driver = {"entryPoint": entry_point, "entryPointArguments": list(arguments)}
    if not arguments:
        del driver["entryPointArguments"]
    if parameters:
        driver["sparkSubmitParameters"] = parameters
    return client.start_job_run(
        virtualClusterId=virtual_cluster,
        executionRoleArn=ROLE,
        releaseLabel=release,
        jobDriver={"sparkSubmitJobDriver": driver},
        **more,
    )["id"]


def describe(client, virtual_cluster, run):
    return client.describe_job_run(virtualClusterId=virtual_cluster, id=run)["jobRun"]


def wait_for_state(client, virtual_cluster, run, states, seconds=180):
    """The run once it is in one of `states`; ending elsewhere fails at once, with its details."""

    def reached():
        job_run = describe(client, virtual_cluster, run)
        if job_run["state"] in states:
            return job_run
        ended = f"{job_run['state']}: {job_run.get('stateDetails')}"
        assert job_run["state"] not in TERMINAL, f"ended otherwise, {ended}"
        return None

    return wait_for(f"{run} in {sorted(states)}", reached, seconds, every=0.2)
