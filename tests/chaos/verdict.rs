//! What is wrong at the end, said with what the API and the server tell of it.

use std::collections::BTreeSet;

use super::fates::Plan;
use super::installation::Installation;

/// As the installation is set, in seconds.
const QUEUE_TIMEOUT: f64 = 20.0;

/// A run that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub plan: Plan,
    pub virtual_cluster: String,
    pub run: String,
    /// CancelJobRun was answered with 200.
    pub cancelled: bool,
}

/// What does not hold, a line each.
pub async fn violations(installation: &Installation, accepted: &[Accepted]) -> Vec<String> {
    let mut found = installation.server.world().record.violations.clone();
    let known: BTreeSet<String> = sqlx::query_scalar("SELECT id FROM job_run")
        .fetch_all(&installation.pool)
        .await
        .unwrap()
        .into_iter()
        .collect();
    if known.len() != accepted.len() {
        found.push(format!(
            "{} runs are known, {} were accepted",
            known.len(),
            accepted.len()
        ));
    }
    for run in accepted {
        found.extend(of_run(installation, run).await);
    }
    let taken = "SELECT coalesce(sum(taken), 0)::bigint FROM virtual_cluster_slots";
    let taken: i64 = sqlx::query_scalar(taken)
        .fetch_one(&installation.pool)
        .await
        .unwrap();
    if taken != 0 {
        found.push(format!("{taken} slots are taken by nobody"));
    }
    for pod in installation.server.pods_left() {
        found.push(format!("{pod} is left"));
    }
    let world = installation.server.world();
    for part in world.parts_left() {
        found.push(format!("{} {} is left", part.resource, part.name));
    }
    found
}

async fn of_run(installation: &Installation, accepted: &Accepted) -> Option<String> {
    let Accepted { plan, run, .. } = accepted;
    let row = sqlx::query_as::<_, (String, String, i64, bool, f64)>(
        "SELECT state::text, coalesce(state_details, ''), \
             (SELECT count(*) FROM job_run_attempt WHERE run = job_run.id), \
             cancel_requested_at IS NOT NULL, \
             coalesce(extract(epoch FROM finished_at - created_at), 0)::float8 \
         FROM job_run WHERE id = $1",
    )
    .bind(run)
    .fetch_optional(&installation.pool)
    .await
    .unwrap();
    let Some((state, details, attempts, cancelled, seconds)) = row else {
        return Some(format!("{run}: accepted, and lost"));
    };
    if accepted.cancelled && !cancelled {
        return Some(format!(
            "{run}: {state}, and its accepted cancellation is lost"
        ));
    }
    let outcomes = plan.outcomes();
    let is_right = outcomes.iter().any(|outcome| {
        outcome.state == state && (cancelled || i64::from(outcome.attempts) == attempts)
    });
    let is_cancelled = cancelled && state == "CANCELLED";
    let is_timed_out = state == "FAILED"
        && seconds >= QUEUE_TIMEOUT
        && (attempts == 0 && details.contains("timed out in the queue")
            || details.contains("does not have sufficient resources"));
    if !is_right && !is_cancelled && !is_timed_out {
        return Some(format!(
            "{run}: {state} after {attempts} attempts ({details}), expected one of {outcomes:?}{}",
            if cancelled { " or CANCELLED" } else { "" }
        ));
    }
    let world = installation.server.world();
    let completed = world.record.of(run).any(|life| life.exit == Some(0));
    if state == "COMPLETED" && !completed {
        return Some(format!("{run}: COMPLETED, and no driver ended well"));
    }
    if is_timed_out && attempts <= 1 && world.record.of(run).next().is_some() {
        return Some(format!("{run}: timed out in the queue, and had a driver"));
    }
    if state == "FAILED" && completed {
        return Some(format!("{run}: FAILED, and a driver ended well"));
    }
    None
}

/// Everything that is known of the runs that a violation names.
pub async fn stories(
    installation: &Installation,
    accepted: &[Accepted],
    violations: &[String],
) -> String {
    let mut text = String::new();
    let logs = installation.logs();
    let named = |run: &str| violations.iter().any(|violation| violation.contains(run));
    for one in accepted.iter().filter(|one| named(&one.run)).take(5) {
        let told = installation
            .client
            .story(&one.virtual_cluster, &one.run)
            .await;
        let described = installation
            .client
            .describe(&one.virtual_cluster, &one.run)
            .await;
        let seen = installation.server.world().record.story(&one.run);
        text.push_str(&format!(
            "\n== {} of {:?}\n{described}\nThe API's story: {told:#}\nThe server's record:\n{seen}\n\
             The processes:\n{}\n",
            one.run,
            one.plan,
            logs.lines().filter(|line| line.contains(&one.run)).collect::<Vec<_>>().join("\n")
        ));
    }
    text
}
