SELECT
    work.cluster,
    job_run.state::text AS "state!",
    count(*) AS "runs!",
    extract(epoch FROM now() - min(job_run.created_at))::float8 AS "oldest!",
    coalesce(
        extract(epoch FROM now() - min(work.due_at) FILTER (
            WHERE work.lease_expires_at IS NULL OR work.lease_expires_at <= now()
        )),
        0
    )::float8 AS "overdue!"
FROM work
JOIN job_run ON job_run.id = work.run
WHERE work.cluster = ANY ($1::text[]) AND job_run.state < 'COMPLETED'
GROUP BY work.cluster, job_run.state
