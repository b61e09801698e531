"""Jobs whose program and data lie on an S3 server."""

import json

import pytest

from conftest import ALONE, SMALL, TESTS, image
from firesteel import ROLE, create_virtual_cluster, wait_for_state
from s3 import ACCESS_KEY, SECRET_KEY, S3Server

BUCKET = "data"
# A release of each Spark line, and the version that the image of that line has.
RELEASES = {"emr-7.14.0-latest": "3.5.9", "emr-spark-8.1.0-latest": "4.1.4"}
COMMITTER = {
    "spark.hadoop.fs.s3a.committer.name": "magic",
    "spark.hadoop.fs.s3a.committer.magic.enabled": "true",
    "spark.hadoop.mapreduce.outputcommitter.factory.scheme.s3a": (
        "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory"
    ),
    "spark.sql.sources.commitProtocolClass": (
        "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol"
    ),
    "spark.sql.parquet.output.committer.class": (
        "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter"
    ),
}
# -Xshare:on: Java does not start where it cannot use the archive, in place of saying nothing.
ARCHIVE = {
    "spark.driver.extraClassPath": "/opt/spark/classpath.jar",
    "spark.driver.defaultJavaOptions": "-XX:SharedArchiveFile=/opt/spark/driver.jsa -Xshare:on",
}


@pytest.fixture(scope="module")
def s3(kubernetes, tmp_path_factory):
    server = S3Server(tmp_path_factory.mktemp("s3"), kubernetes.host).start()
    client = server.client()
    client.create_bucket(Bucket=BUCKET)
    server.put = lambda key, text: client.put_object(Bucket=BUCKET, Key=key, Body=text)
    server.objects = lambda prefix: {
        item["Key"].removeprefix(prefix): client.get_object(Bucket=BUCKET, Key=item["Key"])[
            "Body"
        ].read()
        for item in client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    }
    yield server
    server.stop()


@pytest.fixture
def virtual_cluster(client, namespace, kubernetes):
    kubernetes.run(
        *("create", "secret", "generic", "s3", "-n", namespace),
        *(f"--from-literal=id={ACCESS_KEY}", f"--from-literal=secret={SECRET_KEY}"),
    )
    return create_virtual_cluster(client, namespace, "kind", namespace)


def access(server):
    """What a run is told of the server; no secret is among its properties."""
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    return {
        "spark.hadoop.fs.s3a.endpoint": server.endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.directory.marker.retention": "keep",
        **{
            f"spark.kubernetes.{role}.secretKeyRef.{name}": f"s3:{key}"
            for role in ("driver", "executor")
            for name, key in keys.items()
        },
    }


def start(client, virtual_cluster, release, driver, properties):
    configuration = {
        "classification": "spark-defaults",
        "properties": {
            "spark.kubernetes.container.image": image(RELEASES[release]),
            **properties,
        },
    }
    return client.start_job_run(
        virtualClusterId=virtual_cluster,
        executionRoleArn=ROLE,
        releaseLabel=release,
        jobDriver=driver,
        configurationOverrides={"applicationConfiguration": [configuration]},
    )["id"]


def test_two_versions_of_spark_at_once_with_program_and_data_on_s3(
    s3, kubernetes, client, virtual_cluster, namespace
):
    s3.put("jobs/words.py", (TESTS / "jobs" / "words.py").read_text())
    s3.put("texts/one.txt", "to be or not to be\n")
    s3.put("texts/two.txt", "that is the question\n")
    runs = {}
    for release, version in RELEASES.items():
        driver = {
            "entryPoint": f"s3://{BUCKET}/jobs/words.py",
            "entryPointArguments": [f"s3://{BUCKET}/texts/", f"s3a://{BUCKET}/{version}"],
            "sparkSubmitParameters": SMALL.replace("instances=2", "instances=1"),
        }
        properties = {**access(s3), **COMMITTER, **ARCHIVE}
        runs[version] = start(
            client, virtual_cluster, release, {"sparkSubmitJobDriver": driver}, properties
        )
    for run in runs.values():
        wait_for_state(client, virtual_cluster, run, {"COMPLETED"}, 240)
    terms = []
    for version, run in runs.items():
        written = s3.objects(f"{version}/")
        (summary,) = [text for key, text in written.items() if key.startswith("summary/part-")]
        assert json.loads(summary) == {"version": version, "words": 10}
        # What committed the output is S3A's own committer, with nothing renamed.
        assert json.loads(written["counts/_SUCCESS"])["committer"] == "magic"
        (pod,) = kubernetes.pods_of(namespace, run)
        assert SECRET_KEY not in json.dumps(pod)
        ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
        terms.append((ended["startedAt"], ended["finishedAt"]))
    (first, second) = sorted(terms)
    assert second[0] < first[1], "one ran beside the other"


@pytest.mark.parametrize("release", RELEASES)
def test_sql_scripts_on_s3_end_as_their_statements_do(release, s3, client, virtual_cluster):
    scripts = {
        "good": "CREATE VIEW v AS SELECT ${n} AS n;\nSELECT assert_true(n = 7) FROM v;\n",
        "bad": "SELECT 1;\nSELECT no_such_column;\n",
        "typo": "SELEC 1;\n",
    }
    for name, text in scripts.items():
        s3.put(f"sql/{name}.sql", text)

    def run(name):
        driver = {
            "entryPoint": f"s3://{BUCKET}/sql/{name}.sql",
            "sparkSqlParameters": f"--hivevar n=7 {ALONE}",
        }
        job = {"sparkSqlJobDriver": driver}
        return start(client, virtual_cluster, release, job, access(s3))

    # Two at a time: on a small machine more of them wait for one another's processors.
    runs = {name: run(name) for name in ["good", "bad"]}
    wait_for_state(client, virtual_cluster, runs["good"], {"COMPLETED"}, 240)
    runs |= {name: run(name) for name in ["typo", "missing"]}
    for name, code, words in [
        ("bad", 1, "no_such_column"),
        ("typo", 1, "SELEC"),
        ("missing", 3, "missing.sql"),
    ]:
        job = wait_for_state(client, virtual_cluster, runs[name], {"FAILED"}, 240)
        assert job["failureReason"] == "USER_ERROR"
        assert f"exit code {code}" in job["stateDetails"], job["stateDetails"]
        assert words in job["stateDetails"], job["stateDetails"]
