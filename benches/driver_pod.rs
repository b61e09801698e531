//! What one run costs on its way to Kubernetes: its parameters parsed, planned, its driver's objects
//! built and written as JSON.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use firesteel::domain::ids::{AccountId, ClusterId, JobRunId, VirtualClusterId};
use firesteel::domain::job_run::{JobDriver, JobRun, State};
use firesteel::spark::driver_pod::{
    self, Dependent, Identity, Layout, Objects, PodSettings, Texts,
};
use firesteel::spark::{self, DriverNames, RunSettings};
use jiff::Timestamp;

const PARAMETERS: &str = "--class org.apache.spark.examples.SparkPi \
    --jars s3://bucket/jars/a.jar,s3://bucket/jars/b.jar \
    --driver-memory 4g --executor-memory 8g --executor-cores 4 --num-executors 10 \
    --conf spark.dynamicAllocation.enabled=true \
    --conf spark.dynamicAllocation.maxExecutors=50 \
    --conf 'spark.executor.extraJavaOptions=-XX:+UseG1GC -Dlog.level=info' \
    --conf spark.kubernetes.driverEnv.STAGE=prod \
    --conf spark.kubernetes.driver.label.team=data \
    --conf spark.kubernetes.node.selector.disk=ssd \
    --conf spark.sql.shuffle.partitions=400";

fn run() -> Option<JobRun> {
    Some(JobRun {
        id: JobRunId::parse("000000035ee16lm6uri").ok()?,
        account: AccountId::parse("123456789012").ok()?,
        virtual_cluster: VirtualClusterId::parse("jk518skp01ys9ka8b0npx9nt0").ok()?,
        cluster: ClusterId::parse("local").ok()?,
        namespace: "analytics".to_owned(),
        name: Some("daily".to_owned()),
        client_token: "token".to_owned(),
        execution_role_arn: Some("arn:aws:iam::123456789012:role/analyst".to_owned()),
        release_label: "emr-7.12.0-latest".to_owned(),
        driver: JobDriver::SparkSubmit {
            entry_point: "s3://bucket/jars/examples.jar".to_owned(),
            arguments: Some(vec!["1000".to_owned()]),
            parameters: Some(PARAMETERS.to_owned()),
        },
        overrides: None,
        tags: BTreeMap::new(),
        max_attempts: None,
        created_by: String::new(),
        created_at: Timestamp::UNIX_EPOCH,
        state: State::Pending,
        state_details: None,
        failure_reason: None,
        finished_at: None,
        cancel_requested_at: None,
    })
}

fn identity(run: &JobRun) -> Identity {
    Identity {
        installation: "5f0c8a52-8a3a-4d53-9f0c-0e1f5c1f4c11".to_owned(),
        name: format!("spark-{}-driver", run.id),
        namespace: run.namespace.clone(),
        virtual_cluster: run.virtual_cluster.clone(),
        job_run: run.id.clone(),
        attempt: 1,
    }
}

fn objects(run: &JobRun, identity: &Identity, layout: Layout) -> Option<Objects> {
    let names = DriverNames {
        app_id: format!("spark-{}", run.id),
    };
    let pod = PodSettings {
        image: Some("apache/spark:{spark_version}".to_owned()),
        ..PodSettings::default()
    };
    let plan = spark::plan(run, &names, &RunSettings::default()).ok()?;
    driver_pod::of_job_run(&plan, identity, &pod, layout, &Texts::default()).ok()
}

fn bytes(objects: &Objects) -> serde_json::Result<usize> {
    let mut bytes = serde_json::to_vec(&objects.pod)?.len();
    for dependent in &objects.dependents {
        bytes += match dependent {
            Dependent::Secret(object) => serde_json::to_vec(object)?,
            Dependent::Service(object) => serde_json::to_vec(object)?,
            Dependent::NetworkPolicy(object) => serde_json::to_vec(object)?,
            Dependent::PersistentVolumeClaim(object) => serde_json::to_vec(object)?,
            Dependent::ConfigMap(object) => serde_json::to_vec(object)?,
        }
        .len();
    }
    Ok(bytes)
}

fn driver_pod(criterion: &mut Criterion) {
    let Some(run) = run() else { return };
    let identity = identity(&run);
    for (name, layout) in [("compact", Layout::Compact), ("classic", Layout::Classic)] {
        assert!(
            objects(&run, &identity, layout).is_some(),
            "the run can be planned and built"
        );
        criterion.bench_function(&format!("driver_pod/{name}"), |bencher| {
            bencher.iter(|| {
                objects(black_box(&run), &identity, layout).map(|objects| bytes(&objects))
            });
        });
    }
}

criterion_group!(benches, driver_pod);
criterion_main!(benches);
