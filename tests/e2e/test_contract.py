"""The Rust tests of the Kubernetes cluster itself, which need the cluster that is up here."""

import os
import subprocess

from conftest import ROOT


def test_the_kubernetes_cluster_keeps_its_contract(kubernetes, kubeconfig, namespace):
    environment = {
        **os.environ,
        "FIRESTEEL_TEST_KUBECONFIG": str(kubeconfig),
        "FIRESTEEL_TEST_ADMIN_KUBECONFIG": str(kubernetes.kubeconfig),
        "FIRESTEEL_TEST_NAMESPACE": namespace,
        "SQLX_OFFLINE": "true",
    }
    command = ["cargo", "test", "--locked", "--test", "kubernetes", "--", "--ignored"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
