"""Three jobs through boto3: nothing here knows Firesteel but the endpoint URL."""

import pathlib
import shlex
import sys
import time

import boto3

ENDPOINT, DATA, SERVER = sys.argv[1:4]
JOBS = pathlib.Path(__file__).parent.resolve() / "jobs"
ROLE = "arn:aws:iam::123456789012:role/demo"
TERMINAL = {"COMPLETED", "FAILED", "CANCELLED"}

emr = boto3.client(
    "emr-containers",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id="demo",
    aws_secret_access_key="demo",
)


def virtual_cluster():
    """The demo's virtual cluster, made at the first run and found again later."""
    pages = emr.get_paginator("list_virtual_clusters").paginate(states=["RUNNING"])
    for page in pages:
        for cluster in page["virtualClusters"]:
            if cluster["name"] == "demo":
                return cluster["id"]
    return emr.create_virtual_cluster(
        name="demo",
        containerProvider={
            "type": "EKS",
            "id": "local",
            "info": {"eksInfo": {"namespace": "demo"}},
        },
    )["id"]


def start(cluster, name, driver):
    return emr.start_job_run(
        virtualClusterId=cluster,
        name=name,
        executionRoleArn=ROLE,
        releaseLabel="emr-7.9.0-latest",
        jobDriver=driver,
    )["id"]


def follow(cluster, run):
    """Shows each state as it comes, and gives the ended run."""
    began, shown = time.monotonic(), None
    while True:
        job = emr.describe_job_run(virtualClusterId=cluster, id=run)["jobRun"]
        if job["state"] != shown:
            shown = job["state"]
            print(f"  {time.monotonic() - began:5.1f} s  {shown}  {job.get('stateDetails', '')}")
        if shown in TERMINAL:
            return job
        time.sleep(0.2)


def show_output(run):
    for output in pathlib.Path(DATA).rglob(f"spark-{run}-driver/stdout"):
        for line in output.read_text(errors="replace").splitlines()[-8:]:
            print(f"         | {line}")


def main():
    cluster = virtual_cluster()
    print(f"Virtual cluster {cluster}")
    expected = [
        (
            "pi",
            "COMPLETED",
            {"sparkSubmitJobDriver": {"entryPoint": str(JOBS / "pi.py"), "entryPointArguments": ["4"]}},
        ),
        ("orders", "COMPLETED", {"sparkSqlJobDriver": {"entryPoint": str(JOBS / "orders.sql")}}),
        ("broken", "FAILED", {"sparkSubmitJobDriver": {"entryPoint": str(JOBS / "broken.py")}}),
    ]
    surprises = []
    for name, wanted, driver in expected:
        run = start(cluster, name, driver)
        print(f"\n{name}: job run {run}")
        job = follow(cluster, run)
        show_output(run)
        if job["state"] != wanted:
            surprises.append(f"{name} ended {job['state']}, not {wanted}")

    print(f"\n{'NAME':10} {'ID':20} {'STATE':10} DETAILS")
    for job in emr.list_job_runs(virtualClusterId=cluster, maxResults=len(expected))["jobRuns"]:
        details = job.get("stateDetails", "")
        print(f"{job['name']:10} {job['id']:20} {job['state']:10} {details}")

    aws = shlex.quote(str(pathlib.Path(sys.executable).parent / "aws"))
    print(
        f"""
The server ends with this demo. To go on, start it again:

  {SERVER}

and in a second terminal:

  export AWS_ENDPOINT_URL_EMR_CONTAINERS={ENDPOINT} AWS_DEFAULT_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo
  {aws} emr-containers list-job-runs --virtual-cluster-id {cluster}"""
    )
    sys.exit("\n".join(surprises) or 0)


try:
    main()
except KeyboardInterrupt:
    sys.exit("Interrupted: what still runs is followed up when the server is started again.")
