"""The story of a run, for clients that need not poll: with curl, and with Python's own library."""

import json
import subprocess
import urllib.request

from conftest import JOBS
from firesteel import start_run


def signed(server):
    key = server.key
    return [
        "--aws-sigv4",
        "aws:amz:us-east-1:emr-containers",
        "--user",
        f"{key['accessKeyId']}:{key['secretAccessKey']}",
    ]


def curl(server, path, *arguments):
    command = ["curl", "--silent", "--show-error", "--fail-with-body", *signed(server)]
    command += [*arguments, server.url + path]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def story_of(virtual_cluster, run):
    return f"/firesteel/v1/virtualclusters/{virtual_cluster}/jobruns/{run}"


def events(lines):
    """What an EventSource would make of the lines."""
    event = {}
    for line in lines:
        line = line.rstrip("\n")
        if line:
            name, _, value = line.partition(":")
            event[name] = value.removeprefix(" ")
        elif event:
            if "data" in event:
                yield int(event["id"]), event["event"], json.loads(event["data"])
            event = {}


def test_curl_waits_for_the_end_of_a_run(server, client, virtual_cluster):
    run = start_run(client, virtual_cluster, str(JOBS / "done.py"))
    story = story_of(virtual_cluster, run)
    job = json.loads(curl(server, f"{story}?timeout=100&waitFor=RUNNING%2Cterminal"))
    assert job["jobRun"]["state"] in {"RUNNING", "COMPLETED"}
    job = json.loads(curl(server, f"{story}?timeout=100&waitFor=terminal"))
    assert job["jobRun"]["state"] == "COMPLETED"
    (attempt,) = job["attempts"]
    assert (attempt["number"], attempt["phase"], attempt["exitCode"]) == (1, "ENDED", 0)


def test_curl_reads_the_stream_of_events_to_its_end(server, client, virtual_cluster):
    run = start_run(client, virtual_cluster, str(JOBS / "done.py"))
    path = f"{story_of(virtual_cluster, run)}/events"
    accept = ("--no-buffer", "--header", "Accept: text/event-stream")
    told = list(events(curl(server, path, *accept).splitlines()))
    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][1:] == ("STATE", told[-1][2])
    assert told[-1][2]["state"] == "COMPLETED"
    listed = json.loads(curl(server, path))["events"]
    assert [data for _, _, data in told] == listed
    # Who has heard everything is told not to come again.
    status = ("--write-out", "%{http_code}", "--header", f"Last-Event-ID: {told[-1][0]}")
    assert curl(server, path, *accept, *status) == "204"


def test_a_bearer_token_streams_what_happens_to_a_run(server, client, virtual_cluster):
    token = server.create_key("--name=watcher", "--bearer", "--expires-in=1h")["token"]
    run = start_run(client, virtual_cluster, str(JOBS / "wait.py"), ["600"])
    request = urllib.request.Request(
        f"{server.url}{story_of(virtual_cluster, run)}/events",
        headers={"Accept": "text/event-stream", "Authorization": f"Bearer {token}"},
    )
    states = []
    with urllib.request.urlopen(request, timeout=120) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        for _, kind, data in events(line.decode() for line in stream):
            if kind == "STATE":
                states.append(data["state"])
            if states and states[-1] == "RUNNING":
                client.cancel_job_run(virtualClusterId=virtual_cluster, id=run)
    assert states == ["SUBMITTED", "RUNNING", "CANCEL_PENDING", "CANCELLED"]
