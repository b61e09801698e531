"""An S3 server for tests: `weed mini`, which `make setup` installs beside Python.

    with S3Server(folder) as s3:
        s3.client().put_object(Bucket="templates", Key="a.yaml", Body=b"...")
"""

import json
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

ACCESS_KEY = "firesteel-tests"
SECRET_KEY = "not-a-secret"
# Every port that the server opens; S3's own comes first.
PORTS = [
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "admin.port",
    "admin.port.grpc",
]
TRIES = 5
LIMIT = 60


class S3Server:
    """Speaks plain HTTP on `host`, path style. Its buckets are made by who needs them."""

    def __init__(self, folder, host="127.0.0.1"):
        self.folder = Path(folder)
        self.host = host
        self.process = None
        self.endpoint = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        weed = Path(sys.executable).parent / "weed"
        if not weed.exists():
            raise FileNotFoundError(f"{weed} is missing; `make setup` installs it")
        # Somebody else may take one of the ports first.
        for _ in range(TRIES):
            if self._try(weed):
                return self
        raise RuntimeError(f"weed does not start; see {self.folder}/weed.log")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def client(self):
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}),
        )

    def _try(self, weed):
        data = self.folder / f"weed-{random.getrandbits(32):08x}"
        data.mkdir(parents=True)
        identities = data / "identities.json"
        credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        tester = {"name": "tester", "credentials": credentials, "actions": actions}
        identities.write_text(json.dumps({"identities": [tester]}))
        ports = free_ports(self.host, len(PORTS))
        command = [
            weed,
            "mini",
            f"-dir={data}",
            f"-ip={self.host}",
            f"-ip.bind={self.host}",
            f"-s3.config={identities}",
            "-admin.ui=false",
            "-webdav=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *(f"-{name}={port}" for name, port in zip(PORTS, ports)),
        ]
        with open(self.folder / "weed.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=data)
        self.endpoint = f"http://{self.host}:{ports[0]}"
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                # It lists no bucket for nobody, but it must know one that it makes.
                client = self.client()
                client.create_bucket(Bucket="templates")
                client.put_object(Bucket="templates", Key="ready", Body=b"")
                return True
            except Exception:  # noqa: BLE001: whatever it is, the server is not ready
                time.sleep(0.1)
        self.stop()
        return False


def free_ports(host, count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((host, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


if __name__ == "__main__":
    # Prints the endpoint, and serves until its input ends.
    with S3Server(sys.argv[1]) as server:
        print(server.endpoint, flush=True)
        sys.stdin.read()
