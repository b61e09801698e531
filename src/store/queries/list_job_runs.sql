-- Each state's runs are in order; the first of all of them are among the first of each. One index
-- serves each half of the union, and without a name, or with one, the other half is not begun.
-- Rows are compared where the state might be asked to be equal: then only these indexes have the order,
-- and none is taken that has to be read until an entry matches.
-- $3: ids below it; $4: from it on; $5: the name, if any; $6: the states, each once.
SELECT
    id, account, virtual_cluster, cluster, namespace, name, client_token, request_hash,
    execution_role_arn, release_label, driver AS "driver: _", overrides AS "overrides: _",
    tags AS "tags: _", max_attempts, created_by, created_at, state::text AS "state!",
    state_details, failure_reason, finished_at, cancel_requested_at
FROM job_run
WHERE account = $1 AND id = ANY (ARRAY(
    SELECT matching.id
    FROM unnest($6::text[]::job_run_state[]) AS wanted (state)
    CROSS JOIN LATERAL (
        (
            SELECT job_run.id FROM job_run
            WHERE $5::text IS NULL
                AND job_run.virtual_cluster = $2
                AND (job_run.state, job_run.id) < (wanted.state, $3)
                AND (job_run.state, job_run.id) >= (wanted.state, $4)
            ORDER BY job_run.state DESC, job_run.id DESC
            LIMIT $7
        )
        UNION ALL
        (
            SELECT job_run.id FROM job_run
            WHERE job_run.virtual_cluster = $2
                AND job_run.name = $5
                AND (job_run.state, job_run.id) < (wanted.state, $3)
                AND (job_run.state, job_run.id) >= (wanted.state, $4)
            ORDER BY job_run.state DESC, job_run.id DESC
            LIMIT $7
        )
    ) AS matching
    ORDER BY matching.id DESC
    LIMIT $7
))
ORDER BY id DESC
