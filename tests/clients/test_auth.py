"""Clients that prove who they are: with keys that `firesteel keys` made."""

import json
import os
import subprocess

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

from firesteel import Server, create_virtual_cluster, describe, start_run

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("auth")
    server = Server(folder, '[api]\nauth = "sigv4"\n').start()
    yield server
    server.stop()


def keys(server, *arguments):
    command = [os.environ["FIRESTEEL_BIN"], "keys", *arguments, f"--data-dir={server.data}"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def create(server, *arguments):
    return keys(server, "create", f"--account={ACCOUNT}", *arguments)


def client(server, key, **changed):
    secret = {
        "aws_access_key_id": key["accessKeyId"],
        "aws_secret_access_key": key["secretAccessKey"],
        "aws_session_token": key.get("sessionToken"),
        **changed,
    }
    return boto3.client(
        "emr-containers",
        endpoint_url=server.url,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 1}),
        **secret,
    )


def refusal(client):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        client.list_virtual_clusters()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return refused.value.response["Error"]["Code"]


def curl(server, path, *arguments):
    command = ["curl", "--silent", "--show-error", "--fail-with-body", *arguments]
    run = subprocess.run([*command, server.url + path], capture_output=True, text=True)
    return run.returncode, json.loads(run.stdout)


def signing(key):
    arguments = ["--aws-sigv4", "aws:amz:us-east-1:emr-containers"]
    arguments += ["--user", f"{key['accessKeyId']}:{key['secretAccessKey']}"]
    if "sessionToken" in key:
        arguments += ["--header", f"X-Amz-Security-Token: {key['sessionToken']}"]
    return arguments


def test_boto3_does_everything_with_a_good_key(server):
    emr = client(server, create(server, "--name=etl@example.org"))
    cluster = create_virtual_cluster(emr, "a", "local", "auth-boto3")
    run = start_run(emr, cluster, "local:///opt/nothing.py")
    job_run = describe(emr, cluster, run)
    assert job_run["createdBy"] == f"arn:aws:iam::{ACCOUNT}:user/etl@example.org"
    listed = emr.list_job_runs(virtualClusterId=cluster, states=["PENDING", "FAILED", "RUNNING"])
    assert listed["ResponseMetadata"]["HTTPStatusCode"] == 200
    emr.list_virtual_clusters(containerProviderId="a b&c=d+é/~")


def test_boto3_with_a_key_for_a_session(server):
    key = create(server, "--expires-in=1h")
    client(server, key).list_virtual_clusters()
    without = client(server, key, aws_session_token=None)
    assert refusal(without) == "UnrecognizedClientException"
    assert refusal(client(server, key, aws_session_token="x")) == "UnrecognizedClientException"


def test_boto3_is_told_what_is_wrong_with_its_key(server):
    key = create(server)
    wrong = client(server, key, aws_secret_access_key="x" * 40)
    assert refusal(wrong) == "InvalidSignatureException"
    unknown = client(server, key, aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
    assert refusal(unknown) == "UnrecognizedClientException"
    client(server, key).list_virtual_clusters()
    keys(server, "revoke", key["accessKeyId"])
    assert refusal(client(server, key)) == "UnrecognizedClientException"


@pytest.mark.parametrize("arguments", [[], ["--expires-in=1h"]], ids=["permanent", "session"])
def test_curl_signs(server, arguments):
    key = create(server, *arguments)
    code, answer = curl(server, "/virtualclusters", *signing(key))
    assert (code, "virtualClusters" in answer) == (0, True), answer
    namespace = f"auth-curl-{len(arguments)}"
    body = {
        "name": "a",
        "clientToken": namespace,
        "containerProvider": {
            "type": "EKS",
            "id": "local",
            "info": {"eksInfo": {"namespace": namespace}},
        },
    }
    content = ["--header", "Content-Type: application/json", "--data", json.dumps(body)]
    code, created = curl(server, "/virtualclusters", *signing(key), *content)
    assert code == 0, created
    path = f"/virtualclusters/{created['id']}"
    code, described = curl(server, path, *signing(key))
    assert (code, described["virtualCluster"]["id"]) == (0, created["id"])
    code, listed = curl(server, f"{path}/jobruns?maxResults=1&states=RUNNING", *signing(key))
    assert code == 0, listed
    code, refused = curl(server, path, *signing({**key, "secretAccessKey": "x"}))
    assert (code, refused["__type"]) == (22, "InvalidSignatureException")


def test_curl_carries_a_bearer_token(server):
    token = create(server, "--bearer", "--expires-in=1h")["token"]
    bearer = ["--header", f"Authorization: Bearer {token}"]
    code, answer = curl(server, "/virtualclusters", *bearer)
    assert (code, "virtualClusters" in answer) == (0, True), answer
    code, refused = curl(server, "/virtualclusters", bearer[0], f"{bearer[1]}x")
    assert (code, refused["__type"]) == (22, "UnrecognizedClientException")
    code, refused = curl(server, "/virtualclusters")
    assert (code, refused["__type"]) == (22, "MissingAuthenticationTokenException")


def test_a_policy_is_read_when_the_key_is_made(server, tmp_path):
    file = tmp_path / "policy.json"
    statement = {"Effect": "Allow", "Action": "emr-containers:List*", "Resource": "*"}
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    reader = client(server, create(server, f"--policy={file}"))
    reader.list_virtual_clusters()
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        create_virtual_cluster(reader, "a", "local", "auth-policy")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
