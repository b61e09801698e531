SELECT
    job_run.id, job_run.account, job_run.virtual_cluster, job_run.cluster, job_run.namespace,
    job_run.name, job_run.client_token, job_run.request_hash, job_run.execution_role_arn,
    job_run.release_label, job_run.driver AS "driver: Json<JobDriver>", job_run.overrides AS "overrides: Json<ConfigurationOverrides>",
    job_run.tags AS "tags: Json<BTreeMap<String, String>>", job_run.max_attempts, job_run.created_by, job_run.created_at,
    job_run.state::text AS "state!", job_run.state_details, job_run.failure_reason,
    job_run.finished_at, job_run.cancel_requested_at,
    work.wake_seq, work.crowded,
    EXISTS (
        SELECT FROM virtual_cluster_slots AS slots
        WHERE slots.virtual_cluster = job_run.virtual_cluster
    ) AS "limited!",
    (
        SELECT node_label FROM virtual_cluster WHERE virtual_cluster.id = job_run.virtual_cluster
    ) AS node_label,
    (
        SELECT coalesce(jsonb_agg(to_jsonb(attempt) ORDER BY attempt.number), '[]')
        FROM job_run_attempt AS attempt
        WHERE attempt.run = work.run
    ) AS "attempts!: Json<Vec<AttemptRow>>"
FROM unnest($1::text[], $2::uuid[]) AS lease (run, token)
JOIN work ON work.run = lease.run
JOIN job_run ON job_run.id = work.run
WHERE work.lease_token = lease.token AND work.lease_expires_at > now()
