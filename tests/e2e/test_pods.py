"""Pod templates, volumes and secrets, as they are in effect on real drivers and executors."""

import json
import pathlib
import shutil

import pytest
from botocore.exceptions import ClientError

from conftest import ALONE, SMALL, VERSIONS, configuration, in_layout, release, with_classifications
from firesteel import ACCOUNT, Server, start_run, story, wait_for, wait_for_state
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
# One executor is enough to see what executors get.
ONE = SMALL.replace("instances=2", "instances=1")
SOURCES = {
    # source: version, layout
    "inline": (VERSIONS[0], "compact"),
    "configmap": (VERSIONS[-1], "compact"),
    "s3": (VERSIONS[-1], "classic"),
}


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


def with_properties(properties, *more):
    defaults = {"classification": "spark-defaults", "properties": properties}
    return with_classifications(defaults, *more)


def pods_in_effect(kubernetes, namespace, *runs):
    """The pods of each run, by role, once there is one of each."""
    seen = {run: {} for run in runs}

    def all_seen():
        for run, pods in seen.items():
            for pod in kubernetes.pods_of(namespace, run):
                pods[pod["metadata"]["labels"]["spark-role"]] = pod
        return all(len(pods) == len(CONTAINERS) for pods in seen.values())

    wait_for("a driver and an executor of each run", all_seen, 300)
    return seen


def shown(kubernetes, namespace, run):
    log = kubernetes.run("logs", "-n", namespace, f"spark-{run}-driver")
    line = next(line for line in log.splitlines() if line.startswith("shown: "))
    return json.loads(line.removeprefix("shown: "))


def template_properties(source, texts, s3, kubernetes, namespace):
    """How a run names the templates `texts` of its roles, once they are where it says."""
    if source == "inline":
        return {f"spark.firesteel.{role}.podTemplate": text for role, text in texts.items()}
    if source == "configmap":
        literals = [f"--from-literal={role}.yaml={text}" for role, text in texts.items()]
        kubernetes.run("create", "configmap", "shapes", "-n", namespace, *literals)
        prefix = "configmap:shapes"
    else:
        for role, text in texts.items():
            s3.client().put_object(Bucket="templates", Key=f"team/{role}.yaml", Body=text)
        prefix = "s3://templates/team"
    return {f"spark.kubernetes.{role}.podTemplateFile": f"{prefix}/{role}.yaml" for role in texts}


def test_templates_of_driver_and_executor_are_in_effect(
    s3, kubernetes, server, client, virtual_cluster, namespace
):
    runs = {}
    for source, (version, layout) in SOURCES.items():
        texts = {role: template(role, f"{source}-{role}") for role in CONTAINERS}
        properties = template_properties(source, texts, s3, kubernetes, namespace)
        runs[source] = start_run(
            client,
            virtual_cluster,
            f"{JOBS}/show.py",
            parameters=ONE,
            release=release(version),
            **with_properties(properties, in_layout(layout)),
        )
    seen = pods_in_effect(kubernetes, namespace, *runs.values())
    for source, run in runs.items():
        for role, pod in seen[run].items():
            assert pod["metadata"]["labels"]["from-template"] == f"{source}-{role}"
            assert {"key": "spot", "operator": "Exists"} in pod["spec"]["tolerations"]
            if role == "driver" or SOURCES[source][0] < "4":
                # Executors of Spark 4.1 and later have a time of Spark's own.
                assert pod["spec"]["terminationGracePeriodSeconds"] == 7
            # No service account is configured, so the execution role has its own.
            account = pod["spec"]["serviceAccountName"]
            assert account.startswith(f"emr-containers-sa-spark-{role}-{ACCOUNT}-")
        wait_for_state(client, virtual_cluster, run, {"COMPLETED"}, 300)
        environments = shown(kubernetes, namespace, run)
        for role in CONTAINERS:
            assert environments[role]["env"]["SHOW_TEMPLATE"] == f"{source}-{role}"
        told = [event["text"] for event in story(server, virtual_cluster, run)]
        asked = "The classic layout was asked for." in told
        assert asked == (SOURCES[source][1] == "classic"), told


@pytest.fixture
def disk(kubernetes, namespace):
    """A folder of the node with a file in it, and what makes persistent volumes in it."""
    folder = pathlib.Path("/mnt") / namespace
    names = []

    def volume(name, claim_class):
        place = folder / name
        place.mkdir()
        (place / "there.txt").write_text(f"in {name}")
        names.append(f"{namespace}-{name}")
        manifest = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": names[-1]},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Mi"},
                "hostPath": {"path": str(place)},
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": claim_class,
            },
        }
        kubernetes.apply(json.dumps(manifest))

    folder.mkdir(parents=True)
    (folder / "there.txt").write_text("on the node")
    yield folder, volume
    kubernetes.run("delete", "persistentvolume", *names, "--wait=false", "--ignore-not-found")
    shutil.rmtree(folder)


def test_volumes_and_secrets_are_where_the_run_wants_them(
    disk, kubernetes, client, virtual_cluster, namespace
):
    folder, volume = disk
    kubernetes.run(
        *("create", "secret", "generic", "token", "-n", namespace),
        "--from-literal=value=of-the-secret",
    )
    # A class of storage that nobody provides: claims are bound to what is there already.
    volume("shared", f"{namespace}-shared")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "shared", "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Mi"}},
            "storageClassName": f"{namespace}-shared",
        },
    }
    kubernetes.apply(json.dumps(claim))
    properties = {}
    expected = {}
    claims = "volumes.persistentVolumeClaim"
    for role in CONTAINERS:
        volume(role, f"{namespace}-{role}")
        prefix = f"spark.kubernetes.{role}"
        expected[role] = {
            "/etc/token/value": "of-the-secret",
            "/disk/there.txt": "on the node",
            "/shared/there.txt": "in shared",
            "/own/there.txt": f"in {role}",
        }
        environment = "spark.kubernetes.driverEnv" if role == "driver" else "spark.executorEnv"
        properties |= {
            f"{environment}.SHOW_FILES": ":".join(expected[role]),
            f"{prefix}.secrets.token": "/etc/token",
            f"{prefix}.secretKeyRef.SHOW_TOKEN": "token:value",
            f"{prefix}.volumes.emptyDir.scratch.mount.path": "/scratch",
            f"{prefix}.volumes.emptyDir.scratch.options.sizeLimit": "64Mi",
            f"{prefix}.volumes.hostPath.disk.mount.path": "/disk",
            f"{prefix}.volumes.hostPath.disk.options.path": str(folder),
            f"{prefix}.{claims}.shared.mount.path": "/shared",
            f"{prefix}.{claims}.shared.options.claimName": "shared",
            f"{prefix}.{claims}.own.mount.path": "/own",
            f"{prefix}.{claims}.own.options.claimName": "OnDemand",
            f"{prefix}.{claims}.own.options.storageClass": f"{namespace}-{role}",
            f"{prefix}.{claims}.own.options.sizeLimit": "1Mi",
        }
    run = start_run(
        client, virtual_cluster, f"{JOBS}/show.py", parameters=ONE, **with_properties(properties)
    )
    for pod in pods_in_effect(kubernetes, namespace, run)[run].values():
        (container,) = pod["spec"]["containers"]
        assert "/scratch" in {mount["mountPath"] for mount in container["volumeMounts"]}
        scratch = [volume["emptyDir"] for volume in pod["spec"]["volumes"] if "emptyDir" in volume]
        assert {"sizeLimit": "64Mi"} in scratch
        assert "of-the-secret" not in json.dumps(pod)
    wait_for_state(client, virtual_cluster, run, {"COMPLETED"}, 300)
    environments = shown(kubernetes, namespace, run)
    for role in CONTAINERS:
        assert environments[role]["env"]["SHOW_TOKEN"] == "of-the-secret"
        assert environments[role]["mounted"] == expected[role]


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
        (
            {"spark.firesteel.driver.podTemplate": "spec: {serviceAccountName: admin}"},
            "serviceAccountName",
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


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ("--properties-file /etc/mine", "--properties-file"),
        ("--master local", "--master"),
        ("--conf spark.app.id=mine", "spark.app.id"),
        ("--executor-cores", "--executor-cores"),
        ("--no-such-option x", "--no-such-option"),
    ],
)
def test_parameters_that_no_run_may_have_are_refused_by_name(
    parameters, named, client, virtual_cluster
):
    with pytest.raises(ClientError) as refused:
        start_run(client, virtual_cluster, f"{JOBS}/pi.py", parameters=parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert named in refused.value.response["Error"]["Message"]


def test_a_fetched_template_that_cannot_be_ends_the_run(
    s3, kubernetes, client, virtual_cluster, namespace
):
    kubernetes.run(
        *("create", "configmap", "shapes", "-n", namespace),
        "--from-literal=bad.yaml=spec: {hostPID: true}",
        "--from-literal=no.yaml=spec: [not, a, pod",
    )
    text = "spec: {containers: [{name: x, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]}"
    s3.client().put_object(Bucket="templates", Key="team/bad.yaml", Body=text)
    cases = {
        "configmap:shapes/bad.yaml": "hostPID",
        "configmap:shapes/no.yaml": "YAML",
        "configmap:shapes/absent.yaml": "absent.yaml",
        "s3://templates/team/bad.yaml": "capabilities",
        "s3://templates/others/driver.yaml": "template_prefixes",
    }
    runs = {
        source: start_run(
            client,
            virtual_cluster,
            f"{JOBS}/pi.py",
            parameters=ALONE,
            **with_properties({f"spark.kubernetes.{role}.podTemplateFile": source}),
        )
        for (source, words), role in zip(cases.items(), ["driver", "executor"] * 3)
    }
    for source, words in cases.items():
        job = wait_for_state(client, virtual_cluster, runs[source], {"FAILED"}, 60)
        assert job["failureReason"] == "VALIDATION_ERROR"
        assert words in job["stateDetails"], source
    assert kubernetes.get("pods", namespace) == []
