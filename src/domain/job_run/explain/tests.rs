use super::*;

fn exit(code: i32, reason: &str, message: &str) -> Exit {
    Exit {
        code: Some(code),
        reason: Some(reason.to_owned()),
        message: (!message.is_empty()).then(|| message.to_owned()),
        started_at: None,
        at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_python_traceback_is_told_by_its_last_line() {
    let log = "Traceback (most recent call last):\n  File \"/jobs/fail.py\", line 7, in <module>\n    \
               main()\nValueError: the input table is empty\n\
               26/11/24 10:00:00 INFO ShutdownHookManager: Shutdown hook called\n";
    assert_eq!(
        failed(&exit(1, "Error", log), None),
        "Driver ended with exit code 1. ValueError: the input table is empty"
    );
}

#[test]
fn a_java_exception_is_found_above_its_frames() {
    let log = "Exception in thread \"main\" java.lang.IllegalStateException: no input\n\
               \tat dev.Job.main(Job.java:3)\n\t... 12 more\n";
    assert_eq!(
        failed(&exit(1, "Error", log), None),
        "Driver ended with exit code 1. \
         Exception in thread \"main\" java.lang.IllegalStateException: no input"
    );
}

#[test]
fn out_of_memory_is_told_by_the_reason_not_the_code() {
    assert!(failed(&exit(52, "OOMKilled", ""), None).contains("OOMKilled"));
    assert!(failed(&exit(137, "OOMKilled", ""), None).contains("spark.driver.memory"));
}

#[test]
fn details_fit_the_api_whatever_the_log_holds() {
    let long = format!("RuntimeError: {}", "ä".repeat(1000));
    let details = failed(&exit(1, "Error", &long), None);
    assert_eq!(details.chars().count(), MAX_CHARS);
    assert!(details.ends_with('…'));
}

#[test]
fn a_log_without_an_exception_gives_its_last_telling_line() {
    assert_eq!(
        failed(
            &exit(3, "Error", "reading input\nnothing to do, giving up\n"),
            None
        ),
        "Driver ended with exit code 3. nothing to do, giving up"
    );
}

#[test]
fn a_failed_statement_is_told_by_its_error_class_not_by_its_plan() {
    let log = "[TABLE_OR_VIEW_NOT_FOUND] The table or view `orders` cannot be found.; line 1\n\
               'Project [*]\n+- 'UnresolvedRelation [orders]\n";
    assert!(failed(&exit(1, "Error", log), None).contains("`orders` cannot be found"));
}

#[test]
fn what_spark_says_at_its_end_does_not_hide_the_exception() {
    let log = "26/11/24 10:00:00 INFO DAGScheduler: Job 0 finished\n\
               Traceback (most recent call last):\n  File \"/jobs/fail.py\", line 7, in <module>\n    \
               main()\nValueError: the input table is empty\n\
               26/11/24 10:00:01 INFO SparkContext: Invoking stop() from shutdown hook\n\
               26/11/24 10:00:01 WARN NettyRpcEnv: Ignored failure\n\
               org.apache.spark.SparkException: Could not find CoarseGrainedScheduler.\n\
               \tat org.apache.spark.rpc.netty.Dispatcher.postMessage(Dispatcher.scala:190)\n\
               26/11/24 10:00:01 INFO ShutdownHookManager: Shutdown hook called\n";
    let kept = exit(1, "Error", &log[log.len() - 200..]);
    assert!(leaves_open(&kept));
    assert!(!leaves_open(&exit(1, "Error", log)));
    assert_eq!(
        failed(&kept, Some(&with_log(log))),
        "Driver ended with exit code 1. ValueError: the input table is empty"
    );
}

#[test]
fn a_task_that_failed_is_told_by_what_it_threw() {
    let log = "Traceback (most recent call last):\n  File \"/jobs/sum.py\", line 5, in <module>\n\
               py4j.protocol.Py4JJavaError: An error occurred while calling o53.count.\n\
               : org.apache.spark.SparkException: Job aborted due to stage failure: Task 1\n\
               Driver stacktrace:\n\tat org.apache.spark.scheduler.DAGScheduler.abortStage\n\
               Caused by: org.apache.spark.api.python.PythonException: Traceback (most recent call last):\n  \
               File \"/jobs/sum.py\", line 4, in bad\nValueError: row 1 is bad\n\n\
               \tat org.apache.spark.api.python.BasePythonRunner.read\n\t... 1 more\n\
               26/11/24 10:00:01 INFO ShutdownHookManager: Shutdown hook called\n";
    assert_eq!(
        failed(&exit(1, "Error", ""), Some(&with_log(log))),
        "Driver ended with exit code 1. ValueError: row 1 is bad"
    );
}

#[test]
fn what_a_killed_driver_said_last_is_not_its_reason() {
    let log = "26/11/24 10:00:00 INFO BlockManager: Registered executor\nreading input\n";
    assert_eq!(
        failed(&exit(137, "Error", log), None),
        "Driver ended with exit code 137 (killed)."
    );
    assert!(failed(&exit(52, "OOMKilled", log), None).ends_with("memoryOverhead."));
}

#[test]
fn only_a_driver_that_ended_by_itself_is_asked_for_its_log() {
    for (code, reason) in [
        (0, "Completed"),
        (137, "OOMKilled"),
        (143, "Error"),
        (1, "Evicted"),
    ] {
        assert!(!leaves_open(&exit(code, reason, "")), "{code} {reason}");
    }
}

#[test]
fn completed_says_how_long_it_ran() {
    let start = Timestamp::UNIX_EPOCH;
    let end = Timestamp::from_second(41).unwrap();
    assert_eq!(
        completed(Some(start), end),
        "JobRun completed successfully. It ran for 41 Seconds"
    );
}

fn with_log(log: &str) -> Evidence {
    Evidence {
        log: Some(log.to_owned()),
        ..Evidence::default()
    }
}

/// What drivers of Spark 3.5 and 4.1 really said, and how their runs are told.
#[test]
fn real_logs() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/driver_logs");
    let mut told: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let log = std::fs::read_to_string(&path).unwrap();
            let code = match name.split_once('-').unwrap().0 {
                "exit3" => 3,
                "noclass" => 101,
                _ => 1,
            };
            let details = failed(&exit(code, "Error", ""), Some(&with_log(&log)));
            assert!(!details.contains("hunter2"), "{details}");
            format!("{name}: {details}")
        })
        .collect();
    told.sort();
    insta::assert_snapshot!(told.join("\n"));
}

/// As Spark's Kubernetes scheduler writes it.
const LOST_EXECUTORS: &str = "\
26/11/24 10:00:00 ERROR TaskSchedulerImpl: Lost executor 3 on 10.244.0.8: \n\
The executor with id 3 exited with exit code 137(SIGKILL, possible container OOM).\n\n\
The API gave the following container statuses:\n\
26/11/24 10:00:09 ERROR TaskSchedulerImpl: Lost executor 4 on 10.244.0.9: \n\
The executor with id 4 exited with exit code 52(JVM OOM).\n\
26/11/24 10:00:09 ERROR TaskSetManager: Task 0 in stage 0.0 failed 4 times; aborting job\n";

#[test]
fn executors_that_ran_out_of_memory_come_before_what_their_driver_said() {
    let log = format!(
        "{LOST_EXECUTORS}Traceback (most recent call last):\n  \
         File \"/jobs/big.py\", line 5, in <module>\n\
         py4j.protocol.Py4JJavaError: An error occurred while calling o53.count.\n\
         : org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 \
         failed 4 times, most recent failure: Lost task 0.3 in stage 0.0 (TID 3) (10.244.0.9 \
         executor 4): ExecutorLostFailure (executor 4 exited caused by one of the running tasks) \
         Reason: \nThe executor with id 4 exited with exit code 52(JVM OOM).\n"
    );
    let details = failed(&exit(1, "Error", ""), Some(&with_log(&log)));
    assert!(
        details
            .starts_with("2 executors ran out of memory (OOMKilled, exit code 137 or 52); raise"),
        "{details}"
    );
    assert!(
        details.contains("Driver ended with exit code 1."),
        "{details}"
    );
    assert!(leaves_open(&exit(1, "Error", &log)));
}

#[test]
fn a_driver_that_gave_up_on_its_executors_names_what_became_of_them() {
    let log = "26/11/24 10:00:09 ERROR ExecutorPodsAllocator: Max number of executor failures (8) reached\n";
    let trouble = |name: &str, reason: &str, message: Option<&str>| ExecutorTrouble {
        name: name.to_owned(),
        reason: reason.to_owned(),
        message: message.map(str::to_owned),
        exit_code: None,
    };
    let mut evidence = with_log(log);
    evidence.executors = vec![trouble("exec-1", "OOMKilled", None)];
    let details = failed(&exit(11, "Error", ""), Some(&evidence));
    assert!(
        details.starts_with("1 executor ran out of memory"),
        "{details}"
    );
    assert!(
        details.ends_with("Max number of executor failures (8) reached"),
        "{details}"
    );

    evidence.executors = vec![trouble(
        "exec-1",
        "ImagePullBackOff",
        Some(
            "Back-off pulling image \"r.example/x:1\": ErrImagePull: failed to pull image \"r.example/x:1\": not found",
        ),
    )];
    let details = failed(&exit(1, "Error", ""), Some(&evidence));
    assert!(
        details.starts_with(
            "Executors' image r.example/x:1 could not be pulled (ImagePullBackOff): not found."
        ),
        "{details}"
    );
}

#[test]
fn executors_that_died_on_the_way_do_not_take_the_blame_for_a_bug() {
    let log = format!("{LOST_EXECUTORS}Traceback (most recent call last):\nValueError: no rows\n");
    assert_eq!(
        failed(&exit(1, "Error", ""), Some(&with_log(&log))),
        "Driver ended with exit code 1. ValueError: no rows"
    );
}

#[test]
fn a_driver_that_waits_in_silence_is_told_by_its_latest_event() {
    let event = |reason: &str, message: &str| crate::domain::job_run::PodEvent {
        reason: reason.to_owned(),
        message: message.to_owned(),
        warning: true,
        count: 1,
        at: Timestamp::UNIX_EPOCH,
    };
    let evidence = Evidence {
        pod_events: vec![
            event("Scheduled", "Successfully assigned it"),
            event("FailedMount", "configmap \"none\" not found"),
        ],
        ..Evidence::default()
    };
    let creating = Waiting {
        reason: "ContainerCreating".to_owned(),
        message: None,
    };
    let told = Some("FailedMount: configmap \"none\" not found".to_owned());
    assert_eq!(waiting_for(Some(&creating), Some(&evidence)), told);
    assert_eq!(waiting_for(None, Some(&evidence)), told);
    assert_eq!(
        waiting_for(Some(&creating), None).as_deref(),
        Some("ContainerCreating")
    );
    assert!(start_timeout(900, Some(&creating), Some(&evidence)).ends_with("not found"));
}

#[test]
fn a_node_that_cannot_be_read_is_not_blamed() {
    let driver = Driver {
        node: Some("node0".to_owned()),
        ..Driver::default()
    };
    let on = |since| lost(&driver, Some(&Node::NotReady { since }));
    assert_eq!(
        on(None),
        "The driver was deleted by someone else, or lost with node node0, before its end was seen."
    );
    assert!(on(Some(Timestamp::UNIX_EPOCH)).contains("node0, which is not ready"));
}
