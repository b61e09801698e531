"""Clients in other languages and environments, each in a process of its own that gets the server from
the environment, as its users would give it."""

import os
import pathlib
import shutil
import subprocess

from conftest import JOBS

HERE = pathlib.Path(__file__).parent
# Where `scripts/setup.sh clients` put what they need.
ORCHESTRATORS, GO_CACHE, NODE_CACHE = (
    pathlib.Path(os.environ[name]) for name in ("ORCHESTRATORS", "GO_CACHE", "NODE_CACHE")
)


def run(server, *command, folder, **environment):
    """What the command printed; it is shown if the command or the test fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**server.environment(), "FIRESTEEL_JOBS": str(JOBS), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
    )
    print(done.stdout)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}"
    return done.stdout


def test_go(server):
    environment = {"GOMODCACHE": str(GO_CACHE / "mod"), "GOCACHE": str(GO_CACHE / "build")}
    arguments = ("test", "-v", "-count=1", "-mod=readonly", "./...")
    output = run(server, "go", *arguments, folder=HERE / "go", **environment)
    assert "--- PASS" in output and "--- SKIP" not in output


def test_javascript(server, tmp_path):
    # Node looks for packages where the test is.
    shutil.copy(HERE / "js" / "package.json", tmp_path)
    tests = shutil.copy(HERE / "js" / "emr-containers.test.js", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_CACHE / "node_modules")
    output = run(server, "node", "--test", "--test-reporter=spec", tests, folder=tmp_path)
    assert "pass 0" not in output and "skipped 0" in output


def orchestrator(server, file, home):
    python = ORCHESTRATORS / "bin" / "python"
    tests = HERE / "orchestrators" / file
    configuration = HERE.parent / "pytest.ini"
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "True",
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = (python, "-m", "pytest", "-c", configuration, tests)
    output = run(server, *command, folder=home, **environment)
    assert " passed" in output and " skipped" not in output


def test_airflow(server, tmp_path):
    orchestrator(server, "airflow_provider.py", tmp_path)


def test_dagster(server, tmp_path):
    orchestrator(server, "dagster_pipes_client.py", tmp_path)
