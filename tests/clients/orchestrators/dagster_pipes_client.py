"""Dagster's Pipes client for EMR on EKS: assets that are runs, and runs that report to them."""

import pathlib
import shutil

import boto3
import dagster as dg
import dagster_pipes
import pytest
from dagster_aws.pipes import PipesEMRContainersClient

from firesteel import RELEASE, ROLE, describe

JOB = pathlib.Path(__file__).with_name("pipes_job.py")


@pytest.fixture
def client():
    return boto3.client("emr-containers")


@pytest.fixture
def materialize(client, virtual_cluster, tmp_path):
    """What became of an asset that is one run, and that run."""
    package = pathlib.Path(dagster_pipes.__file__).parent
    library = shutil.make_archive(tmp_path / "pipes", "zip", package.parent, package.name)
    pipes = PipesEMRContainersClient(
        client=client,
        message_reader=dg.PipesFileMessageReader(str(tmp_path / "messages")),
        waiter_config={"Delay": 1, "MaxAttempts": 600},
    )

    def materialize(**extras):
        @dg.asset
        def table(context: dg.AssetExecutionContext):
            driver = {"entryPoint": str(JOB), "sparkSubmitParameters": f"--py-files {library}"}
            start = {
                "virtualClusterId": virtual_cluster,
                "executionRoleArn": ROLE,
                "releaseLabel": RELEASE,
                "jobDriver": {"sparkSubmitJobDriver": driver},
            }
            run = pipes.run(context=context, start_job_run_params=start, extras=extras)
            return run.get_materialize_result()

        result = dg.materialize([table], raise_on_error=False)
        [run] = client.list_job_runs(virtualClusterId=virtual_cluster)["jobRuns"]
        return result, describe(client, virtual_cluster, run["id"])

    return materialize


def test_a_run_that_completes_is_the_asset(materialize):
    result, run = materialize(fail=False)
    assert result.success, run.get("stateDetails")
    assert run["state"] == "COMPLETED"
    assert run["tags"]["dagster/run-id"] == result.run_id
    [materialized] = result.asset_materializations_for_node("table")
    assert materialized.metadata["rows"].value == 3


def test_a_run_that_fails_says_why(materialize):
    result, run = materialize(fail=True)
    assert not result.success
    assert (run["state"], run["failureReason"]) == ("FAILED", "USER_ERROR")
    [failure] = result.get_step_failure_events()
    text = failure.step_failure_data.error.to_string()
    assert f"EMR Containers job run {run['id']} failed with state FAILED" in text
    assert "USER_ERROR" in text and "ValueError: the input table is empty" in text
