"""Pod templates, volumes and secrets, as they are in effect on real drivers and executors."""

import json

import pytest
from botocore.exceptions import ClientError

from conftest import ALONE, SMALL, configuration
from firesteel import (
    ACCOUNT,
    Server,
    start_run,
    wait_for,
    wait_for_state,
)
from s3 import ACCESS_KEY, SECRET_KEY, S3Server

JOBS = "local:///opt/firesteel-jobs"
TEMPLATE = """
apiVersion: v1
kind: Pod
metadata:
  labels: {{from-template: {mark}}}
spec:
  terminationGracePeriodSeconds: 7
  tolerations:
    - {{key: spot, operator: Exists}}
  containers:
    - name: {container}
      env:
        - {{name: SHOW_TEMPLATE, value: {mark}}}
"""
CONTAINERS = {"driver": "spark-kubernetes-driver", "executor": "spark-kubernetes-executor"}
ONE = SMALL.replace("instances=2", "instances=1")


def template(role, mark):
    return TEMPLATE.format(container=CONTAINERS[role], mark=mark)


@pytest.fixture(scope="module")
def s3(kubernetes, tmp_path_factory):
    with S3Server(tmp_path_factory.mktemp("s3"), kubernetes.host) as server:
        yield server


@pytest.fixture(scope="module")
def server(kubeconfig, s3, tmp_path_factory):
    """It may read templates below one folder of the S3 server."""
    settings = f"""
[templates.template_prefixes]
"{ACCOUNT}" = ["s3://templates/team"]

[templates.s3]
endpoint = "{s3.endpoint}"
access_key_id = "{ACCESS_KEY}"
secret_access_key = "{SECRET_KEY}"
"""
    folder = tmp_path_factory.mktemp("pods")
    server = Server(folder, configuration(kubeconfig) + settings).start()
    yield server
    server.stop()


def with_properties(properties):
    classification = {"classification": "spark-defaults", "properties": properties}
    return {"configurationOverrides": {"applicationConfiguration": [classification]}}


def pods_in_effect(kubernetes, namespace, run, roles):
    """The pods of the run, by role, once there is one of each."""
    seen = {}

    def all_seen():
        for pod in kubernetes.pods_of(namespace, run):
            seen[pod["metadata"]["labels"]["spark-role"]] = pod
        return set(seen) >= set(roles)

    wait_for(f"pods of {roles}", all_seen, 120)
    return seen


def shown(kubernetes, namespace, run):
    log = kubernetes.run("logs", "-n", namespace, f"spark-{run}-driver")
    line = next(line for line in log.splitlines() if line.startswith("shown: "))
    return json.loads(line.removeprefix("shown: "))


@pytest.mark.parametrize("source", ["inline", "configmap", "s3"])
def test_templates_of_driver_and_executor_are_in_effect(
    source, s3, kubernetes, client, virtual_cluster, namespace
):
    texts = {role: template(role, f"{source}-{role}") for role in CONTAINERS}
    if source == "inline":
        properties = {f"spark.firesteel.{role}.podTemplate": text for role, text in texts.items()}
    elif source == "configmap":
        literals = [f"--from-literal={role}.yaml={text}" for role, text in texts.items()]
        kubernetes.run("create", "configmap", "shapes", "-n", namespace, *literals)
        properties = {
            f"spark.kubernetes.{role}.podTemplateFile": f"configmap:shapes/{role}.yaml"
            for role in texts
        }
    else:
        for role, text in texts.items():
            s3.client().put_object(Bucket="templates", Key=f"team/{role}.yaml", Body=text)
        properties = {
            f"spark.kubernetes.{role}.podTemplateFile": f"s3://templates/team/{role}.yaml"
            for role in texts
        }
    run = start_run(
        client, virtual_cluster, f"{JOBS}/show.py", parameters=ONE, **with_properties(properties)
    )
    pods = pods_in_effect(kubernetes, namespace, run, CONTAINERS)
    for role, pod in pods.items():
        assert pod["metadata"]["labels"]["from-template"] == f"{source}-{role}"
        assert {"key": "spot", "operator": "Exists"} in pod["spec"]["tolerations"]
        assert pod["spec"]["terminationGracePeriodSeconds"] == 7
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"})
    environments = shown(kubernetes, namespace, run)
    for role in CONTAINERS:
        assert environments[role]["env"]["SHOW_TEMPLATE"] == f"{source}-{role}"


def test_volumes_and_secrets_are_where_the_run_wants_them(
    kubernetes, client, virtual_cluster, namespace
):
    kubernetes.apply(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "token", "namespace": namespace},
                "stringData": {"value": "of-the-secret"},
            }
        )
    )
    properties = {}
    for role in CONTAINERS:
        prefix = f"spark.kubernetes.{role}"
        properties |= {
            f"{prefix}.secrets.token": "/etc/token",
            f"{prefix}.secretKeyRef.SHOW_TOKEN": "token:value",
            f"{prefix}.volumes.emptyDir.scratch.mount.path": "/scratch",
            f"{prefix}.volumes.emptyDir.scratch.options.sizeLimit": "64Mi",
            f"{prefix}.volumes.hostPath.disk.mount.path": "/disk",
            f"{prefix}.volumes.hostPath.disk.options.path": "/mnt",
        }
    run = start_run(
        client, virtual_cluster, f"{JOBS}/show.py", parameters=ONE, **with_properties(properties)
    )
    for pod in pods_in_effect(kubernetes, namespace, run, CONTAINERS).values():
        (container,) = pod["spec"]["containers"]
        mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounts >= {"/etc/token", "/scratch", "/disk"}
        assert "of-the-secret" not in json.dumps(pod)
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"})
    environments = shown(kubernetes, namespace, run)
    for role in CONTAINERS:
        assert environments[role]["env"]["SHOW_TOKEN"] == "of-the-secret"


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        (
            {"spark.firesteel.driver.podTemplate": "spec: {hostNetwork: true}"},
            "hostNetwork",
        ),
        (
            {
                "spark.firesteel.executor.podTemplate": "spec: {containers: [{name: "
                "spark-kubernetes-executor, securityContext: {privileged: true}}]}"
            },
            "privileged",
        ),
        (
            {
                "spark.kubernetes.driver.volumes.hostPath.d.mount.path": "/d",
                "spark.kubernetes.driver.volumes.hostPath.d.options.path": "/etc",
            },
            "spark.kubernetes.driver.volumes.hostPath.d.options.path",
        ),
        ({"spark.kubernetes.namespace": "kube-system"}, "spark.kubernetes.namespace"),
    ],
)
def test_what_leaves_the_namespace_or_takes_the_node_is_refused_by_name(
    properties, named, client, virtual_cluster
):
    with pytest.raises(ClientError) as refused:
        start_run(client, virtual_cluster, f"{JOBS}/pi.py", **with_properties(properties))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert named in refused.value.response["Error"]["Message"]


def test_a_fetched_template_that_breaks_the_rules_ends_the_run(
    kubernetes, client, virtual_cluster, namespace
):
    text = "spec: {hostPID: true}"
    kubernetes.run(
        *("create", "configmap", "shapes", "-n", namespace, f"--from-literal=bad.yaml={text}")
    )
    key = "spark.kubernetes.driver.podTemplateFile"
    bad, elsewhere = (
        start_run(
            client,
            virtual_cluster,
            f"{JOBS}/pi.py",
            parameters=ALONE,
            **with_properties({key: source}),
        )
        for source in ("configmap:shapes/bad.yaml", "s3://templates/others/driver.yaml")
    )
    for run, words in [(bad, "hostPID"), (elsewhere, "template_prefixes")]:
        job = wait_for_state(client, virtual_cluster, run, {"FAILED"}, 60)
        assert job["failureReason"] == "VALIDATION_ERROR"
        assert words in job["stateDetails"]
