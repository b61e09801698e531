"""Firesteel where it may not have deploy/rbac.yaml: the rights of deploy/rbac-namespace.yaml, no more."""

import subprocess
import uuid

import pytest
from botocore.exceptions import ClientError

from conftest import ALONE, ROOT, SMALL, TESTS, configuration
from firesteel import Server, create_virtual_cluster, start_run, wait_for, wait_for_state

JOB = "local:///opt/firesteel-jobs/pi.py"
# So that Firesteel needs no right to make any.
SHARED = 'service_account = "spark"'


@pytest.fixture
def granted(kubernetes, namespace):
    """A second Firesteel, by a name of its own, with rights in `namespace`; and how to give it more."""
    name = f"firesteel-{uuid.uuid4().hex[:8]}"
    text = (ROOT / "deploy" / "rbac-namespace.yaml").read_text().replace(": firesteel", f": {name}")

    def grant(where):
        kubernetes.apply(text.replace("namespace: spark-jobs", f"namespace: {where}"))

    grant(namespace)
    yield name, grant
    kubernetes.run("delete", "namespace", name, "--wait=false")


@pytest.fixture
def second_namespace(kubernetes, namespace):
    name = f"{namespace}-2"
    subprocess.run([TESTS / "cluster" / "namespace.sh", name], check=True)
    yield name
    kubernetes.run("delete", "namespace", name, "--wait=false")


def test_rights_in_the_namespaces_alone_are_enough(
    kubernetes, granted, namespace, second_namespace, tmp_path
):
    name, grant = granted
    kubeconfig = tmp_path / "kubeconfig"
    subprocess.run([TESTS / "cluster" / "kubeconfig-for.sh", name, name, kubeconfig], check=True)
    everywhere = ["auth", "can-i", "watch", "pods", "--all-namespaces", "--kubeconfig", kubeconfig]
    assert kubernetes.run(*everywhere, check=False).strip() == "no"
    # So long between two looks that only a watch can have seen what happens.
    server = Server(tmp_path, configuration(kubeconfig, SHARED, idle="600s")).start()
    client = server.client()

    first = create_virtual_cluster(client, "first", "kind", namespace)
    run = start_run(client, first, JOB, parameters=ALONE)
    wait_for_state(client, first, run, {"COMPLETED"})

    with pytest.raises(ClientError) as refused:
        create_virtual_cluster(client, "second", "kind", second_namespace)
    message = refused.value.response["Error"]["Message"]
    for verb in ("create", "get", "list", "watch", "delete", "deletecollection"):
        assert f"{verb} pods" in message

    # The watch takes in a namespace that comes later.
    grant(second_namespace)
    kubernetes.run(
        *("patch", "role", name, "-n", second_namespace, "--type=json", "-p"),
        '[{"op": "replace", "path": "/rules/0/verbs", "value": ["get", "list", "create"]}]',
    )
    with pytest.raises(ClientError) as refused:
        create_virtual_cluster(client, "second", "kind", second_namespace)
    message = refused.value.response["Error"]["Message"]
    assert "watch pods, delete pods, deletecollection pods" in message
    assert "create pods" not in message

    grant(second_namespace)
    second = create_virtual_cluster(client, "second", "kind", second_namespace)
    run = start_run(client, second, JOB, parameters=ALONE)
    wait_for_state(client, second, run, {"COMPLETED"})
    server.stop()


@pytest.mark.parametrize("layout", ["compact", "classic"])
@pytest.mark.parametrize("rights", ["rbac.yaml", "rbac-namespace.yaml"])
def test_a_roles_accounts_are_made_under_exactly_these_rights(
    kubernetes, kubeconfig, granted, namespace, tmp_path, rights, layout
):
    if rights == "rbac-namespace.yaml":
        name, _ = granted
        kubeconfig = tmp_path / "kubeconfig"
        script = TESTS / "cluster" / "kubeconfig-for.sh"
        subprocess.run([script, name, name, kubeconfig], check=True)
    own = configuration(kubeconfig, f'layout = "{layout}"')
    server = Server(tmp_path, own).start()
    client = server.client()
    cluster = create_virtual_cluster(client, "roles", "kind", namespace)
    run = start_run(client, cluster, JOB, parameters=SMALL)

    # Its executors are made by the driver's account, and start under their own.
    wait_for_state(client, cluster, run, {"COMPLETED"})
    driver = next(
        pod
        for pod in kubernetes.pods_of(namespace, run)
        if pod["metadata"]["labels"]["spark-role"] == "driver"
    )
    account = driver["spec"]["serviceAccountName"]
    assert account.startswith("emr-containers-sa-spark-driver-")
    made = {found["metadata"]["name"] for found in kubernetes.get("serviceaccounts", namespace)}
    assert {account, account.replace("-driver-", "-executor-")} <= made
    has_map = any(
        volume["name"] == "spark-conf-volume-driver" and "configMap" in volume
        for volume in driver["spec"]["volumes"]
    )
    assert has_map == (layout == "classic")

    selector = f"spark-app-selector=spark-{run}"
    wait_for(
        "the driver's objects are swept",
        lambda: not kubernetes.get("configmaps,services", namespace, "-l", selector),
    )
    server.stop()
