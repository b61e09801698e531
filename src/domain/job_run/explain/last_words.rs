//! What the end of a driver's log says of its failure. What stopped the program is told, not what
//! went wrong while it was stopping, and what a chain of exceptions began with.

/// The words that name the failure: those of the exception that nothing caught, else of the first
/// error that Spark logged, else the last line that is not a stack frame or Spark's own farewell.
pub(super) fn cause(log: &str) -> Option<String> {
    let lines = lines_of(log);
    let program = before_farewell(&lines);
    uncaught(program)
        .or_else(|| unlogged(program).map(str::to_owned))
        .or_else(|| after_first_error(program).map(str::to_owned))
        .or_else(|| last(program, is_exception))
        .or_else(|| last(program, |line| !is_noise(line)))
        .or_else(|| last(&lines, is_exception))
}

/// Whether the exception that ended the program is among the words.
pub(super) fn names_the_end(log: &str) -> bool {
    uncaught(before_farewell(&lines_of(log))).is_some()
}

/// What Spark's driver says of executors that ended, in versions 3.3 to 4.x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Executors {
    /// Ends for want of memory.
    pub out_of_memory: usize,
    /// They are why the driver gave up.
    pub are_the_cause: bool,
}

pub(super) fn executors(log: &str) -> Executors {
    let mut found = Executors::default();
    let mut told: Vec<&str> = Vec::new();
    for line in log.lines() {
        if line.contains("Max number of executor failures (")
            || line.contains("ExecutorLostFailure (executor ")
        {
            found.are_the_cause = true;
        }
        let ended = line
            .split_once("The executor with id ")
            .and_then(|(_, rest)| rest.split_once(" exited with exit code "));
        if let Some((id, code)) = ended
            && (code.starts_with("137(") || code.starts_with("52("))
            && !told.contains(&id)
        {
            told.push(id);
        }
    }
    found.out_of_memory = told.len();
    found
}

fn lines_of(log: &str) -> Vec<&str> {
    log.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}

/// What was said until the end of the program had Spark stopped.
fn before_farewell<'a, 'l>(lines: &'a [&'l str]) -> &'a [&'l str] {
    let farewell = lines.iter().rposition(|line| {
        line.contains("Invoking stop() from shutdown hook")
            || line.contains("ShutdownHookManager: Shutdown hook called")
                && !lines
                    .iter()
                    .any(|line| line.contains("Invoking stop() from shutdown hook"))
    });
    &lines[..farewell.unwrap_or(lines.len())]
}

const TRACEBACK: &str = "Traceback (most recent call last):";

/// The exception that nothing caught, as Python and Java print it, with its root where that says
/// more.
fn uncaught(lines: &[&str]) -> Option<String> {
    let starts: Vec<usize> = (0..lines.len())
        .filter(|&index| {
            let own = lines[index] == TRACEBACK && !is_aside(lines, index);
            own || lines[index].starts_with("Exception in thread \"main\" ")
        })
        .collect();
    let mut chosen = starts.len().checked_sub(1)?;
    let block = |chosen: usize| {
        let end = starts.get(chosen + 1).copied().unwrap_or(lines.len());
        &lines[starts[chosen]..end]
    };
    // What went wrong while Spark was stopped hides what it was stopped for.
    while chosen > 0 && is_of_stopping(block(chosen)) && follows(lines, starts[chosen]) {
        chosen -= 1;
    }
    let exceptions: Vec<&str> = block(chosen)
        .iter()
        .take_while(|line| !is_logged(line))
        .map(|line| line.strip_prefix(": ").unwrap_or(line))
        .filter(|line| is_exception(line))
        .collect();
    let (outer, root) = (*exceptions.first()?, *exceptions.last()?);
    let adds = !outer.contains(said_by(root)) && !root.contains(said_by(outer));
    if says_little(outer) || !adds && outer != root {
        Some(root.to_owned())
    } else if adds && outer.len() + root.len() <= BOTH {
        Some(format!("{outer} {root}"))
    } else {
        Some(outer.to_owned())
    }
}

/// More would not fit beside the driver's exit code.
const BOTH: usize = 200;

/// A trace that is printed and ends nothing.
fn is_aside(lines: &[&str], index: usize) -> bool {
    let Some(before) = index.checked_sub(1).map(|before| lines[before]) else {
        return false;
    };
    [
        "Exception ignored in",
        "Error in atexit",
        "ERROR:",
        "WARNING:",
    ]
    .iter()
    .any(|start| before.starts_with(start))
}

/// Whether the trace came on top of the one before it.
fn follows(lines: &[&str], start: usize) -> bool {
    start
        .checked_sub(1)
        .is_some_and(|before| lines[before].starts_with("During handling of the above exception"))
}

fn is_of_stopping(trace: &[&str]) -> bool {
    trace
        .iter()
        .any(|line| line.starts_with("File \"") && line.ends_with(", in stop"))
        || trace.iter().any(|line| {
            line.starts_with("py4j.protocol.Py4JNetworkError")
                || line.starts_with("ConnectionRefusedError")
        })
}

/// An exception whose own words only point to another.
fn says_little(exception: &str) -> bool {
    [
        "Py4JJavaError",
        "Job aborted due to stage failure",
        "InvocationTargetException",
        "UndeclaredThrowableException",
        "ExceptionInInitializerError",
        "ExecutionException",
        "CompletionException",
    ]
    .iter()
    .any(|word| exception.contains(word))
}

fn said_by(exception: &str) -> &str {
    exception.strip_prefix("Caused by: ").unwrap_or(exception)
}

/// The last exception that stands outside of Spark's own log.
fn unlogged<'l>(lines: &[&'l str]) -> Option<&'l str> {
    (0..lines.len())
        .rev()
        .filter(|&index| index == 0 || !tells_of_trouble(lines[index - 1]))
        .map(|index| lines[index])
        .find(|line| is_exception(line))
}

/// The exception that comes with the first error that Spark logged, else what that error says.
fn after_first_error<'l>(lines: &[&'l str]) -> Option<&'l str> {
    let error = lines
        .iter()
        .position(|line| is_logged(line) && line.contains(" ERROR "))?;
    lines[error + 1..]
        .first()
        .copied()
        .filter(|line| is_exception(line))
        .or_else(|| {
            lines[error]
                .split_once(" ERROR ")
                .map(|(_, said)| said.trim())
        })
}

fn last(lines: &[&str], is_it: impl Fn(&str) -> bool) -> Option<String> {
    lines
        .iter()
        .rev()
        .find(|line| is_it(line))
        .map(|line| (*line).to_owned())
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
