//! Words for what happened to a run: the cause first, in at most `MAX_CHARS` characters.

use jiff::Timestamp;

use super::{Exit, Waiting};

/// The API's limit on `stateDetails`, in characters.
pub const MAX_CHARS: usize = 256;

/// `text` on one line, cut to `MAX_CHARS`.
pub fn fit(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_CHARS {
        return line;
    }
    let mut cut: String = line.chars().take(MAX_CHARS - 1).collect();
    cut.push('…');
    cut
}

/// A run whose driver ended well.
pub fn completed(started_at: Option<Timestamp>, ended_at: Timestamp) -> String {
    match started_at {
        Some(start) => {
            let seconds = ended_at.duration_since(start).as_secs().max(0);
            format!("JobRun completed successfully. It ran for {seconds} Seconds")
        }
        None => "JobRun completed successfully.".to_owned(),
    }
}

/// A run that a caller cancelled.
pub const CANCELLED: &str = "JobRun CANCELLED successfully.";

/// Whether the end of the driver's log, as far as the kubelet kept it, leaves open what went wrong:
/// a driver says much more after its exception.
pub fn leaves_open(exit: &Exit) -> bool {
    let by_itself = matches!(exit.reason.as_deref(), None | Some("Error"));
    let with_an_error = exit.code.is_some_and(|code| code != 0) && !was_killed(exit);
    let message = exit.message.as_deref().unwrap_or_default();
    by_itself && with_an_error && uncaught(&lines_of(message)).is_none()
}

/// Exit codes from here on are those of a signal and not the driver's own.
const KILLED: i32 = 128;

/// A run whose driver ended badly; `log` is the end of its log, where that was read.
pub fn failed(exit: &Exit, log: Option<&str>) -> String {
    let how = match (exit.reason.as_deref(), exit.code) {
        (Some("OOMKilled"), _) => "Driver was killed for using more memory than its limit \
             (OOMKilled); raise spark.driver.memory or spark.driver.memoryOverhead."
            .to_owned(),
        (Some("Evicted"), _) => "Driver was evicted from its node.".to_owned(),
        (Some("StartError" | "ContainerCannotRun"), _) => {
            "Driver's container could not be started.".to_owned()
        }
        (_, Some(code)) => format!("Driver ended with exit code {code}{}.", meaning(code)),
        (Some(reason), None) => format!("Driver ended: {reason}."),
        (None, None) => "Driver ended without an exit code.".to_owned(),
    };
    let cause = match (exit.reason.as_deref(), exit.code) {
        // What a killed driver said last is no reason.
        (Some("OOMKilled"), _) | (None | Some("Error"), Some(KILLED..)) => None,
        _ => log
            .or(exit.message.as_deref().map(whole_lines))
            .and_then(cause),
    };
    fit(&match cause {
        Some(cause) => format!("{how} {cause}"),
        None => how,
    })
}

/// A driver that was told to end, and not by Firesteel.
pub fn deleted(exit: &Exit) -> String {
    match exit.code {
        Some(code) => fit(&format!(
            "The driver was deleted by someone else. It ended with exit code {code}{}.",
            meaning(code)
        )),
        None => "The driver was deleted by someone else.".to_owned(),
    }
}

/// Whether a signal ended the driver.
pub fn was_killed(exit: &Exit) -> bool {
    exit.code.is_some_and(|code| code >= KILLED)
}

/// A driver that waited too long for its start.
pub fn start_timeout(seconds: i64, why: Option<&Waiting>) -> String {
    let lead = format!("JobRun timed out: its driver did not start within {seconds} s");
    fit(&match why {
        Some(why) if why.reason == "Unschedulable" => format!(
            "JobRun timed out before spark driver pod started running due to lack of cluster \
             resources. Last event from default-scheduler: FailedScheduling, message: {}",
            why.message.as_deref().unwrap_or("none")
        ),
        Some(why) => format!("{lead}. {}", waiting(why)),
        None => format!("{lead}."),
    })
}

/// A driver whose image cannot be had.
pub fn image_failure(why: &Waiting) -> String {
    fit(&format!(
        "Driver's image could not be pulled. {}",
        waiting(why)
    ))
}

/// What a driver waits for.
pub fn waiting(why: &Waiting) -> String {
    match &why.message {
        Some(message) => format!("{}: {message}", why.reason),
        None => why.reason.clone(),
    }
}

fn meaning(code: i32) -> &'static str {
    match code {
        52 => " (out of memory)",
        101 => " (main class not found)",
        134 => " (aborted)",
        137 => " (killed)",
        139 => " (segmentation fault)",
        143 => " (terminated)",
        _ => "",
    }
}

/// The line of a log's end that names the failure: that of the exception which ended the program,
/// else the last that reads like one, else the last that is not a stack frame or Spark's own
/// farewell.
fn cause(log: &str) -> Option<&str> {
    let lines = lines_of(log);
    // Spark logs exceptions of its own shutdown.
    let unlogged = || {
        (0..lines.len())
            .rev()
            .filter(|&index| index == 0 || !tells_of_trouble(lines[index - 1]))
            .map(|index| lines[index])
            .find(|line| is_exception(line))
    };
    uncaught(&lines)
        .or_else(unlogged)
        .or_else(|| lines.iter().rev().find(|line| is_exception(line)).copied())
        .or_else(|| lines.iter().rev().find(|line| !is_noise(line)).copied())
}

/// The kubelet keeps the end of a log, which mostly begins within a line.
fn whole_lines(message: &str) -> &str {
    const KEPT_BYTES: usize = 2048;
    match message.split_once('\n') {
        Some((_, rest)) if message.len() >= KEPT_BYTES => rest,
        _ => message,
    }
}

fn lines_of(log: &str) -> Vec<&str> {
    log.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}

/// The root of the last exception that nothing caught, as Python and Java print them.
fn uncaught<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let start = lines.iter().rposition(|line| {
        *line == "Traceback (most recent call last):"
            || line.starts_with("Exception in thread \"main\" ")
    })?;
    lines[start..]
        .iter()
        .take_while(|line| !is_logged(line))
        .filter(|line| is_exception(line))
        .last()
        .copied()
}

/// A line of Spark's own log, in its default patterns.
fn is_logged(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_digit() || c == '{')
        && ["INFO", "WARN", "ERROR"]
            .iter()
            .any(|level| line.contains(level))
}

fn tells_of_trouble(line: &str) -> bool {
    is_logged(line) && !line.contains("INFO")
}

/// `java.lang.IllegalStateException: text`, `Exception in thread "main" …`, `ValueError: text`, or
/// a Spark error class: `[TABLE_OR_VIEW_NOT_FOUND] text`.
fn is_exception(line: &str) -> bool {
    if line.starts_with("Exception in thread ") || line.starts_with("Caused by: ") {
        return true;
    }
    if let Some((class, _)) = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        return class.contains('_')
            && class
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b"_.0123456789".contains(&b));
    }
    let Some((name, _)) = line
        .split_once(": ")
        .or_else(|| line.strip_suffix(':').map(|n| (n, "")))
    else {
        return is_exception_name(line);
    };
    is_exception_name(name)
}

fn is_exception_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    (last.ends_with("Error") || last.ends_with("Exception") || last.ends_with("Exit"))
        && last.len() > "Error".len()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '$'))
}

fn is_noise(line: &str) -> bool {
    line.starts_with("at ")
        || line.starts_with("... ")
        || line.starts_with("File \"")
        || line.contains(" INFO ")
        || line.contains(" WARN ")
        || line.contains("ShutdownHookManager")
}

#[cfg(test)]
mod tests {
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
            failed(&kept, Some(log)),
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
            failed(&exit(1, "Error", ""), Some(log)),
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
    fn a_line_whose_beginning_was_cut_off_is_not_told() {
        let kept = format!("rg.apache.spark.Task.run\n{}", "at x\n".repeat(500));
        let details = failed(&exit(1, "Error", &kept), None);
        assert_eq!(details, "Driver ended with exit code 1.");
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
}
