-- A lane is one virtual cluster of one account. The recursion steps from lane to lane along the
-- index, so the cost follows the lanes and not the backlog.
WITH RECURSIVE lane AS (
    (
        SELECT account, virtual_cluster FROM work
        WHERE cluster = $1
        ORDER BY account, virtual_cluster
        LIMIT 1
    )
    UNION ALL
    SELECT following.account, following.virtual_cluster
    FROM lane
    CROSS JOIN LATERAL (
        SELECT account, virtual_cluster FROM work
        WHERE cluster = $1
            AND (account, virtual_cluster) > (lane.account, lane.virtual_cluster)
        ORDER BY account, virtual_cluster
        LIMIT 1
    ) AS following
),
-- More than asked for, since another claim may be taking the first of them right now.
candidate AS (
    SELECT
        first.run, first.due_at, lane.account, lane.virtual_cluster,
        row_number() OVER (
            PARTITION BY lane.account, lane.virtual_cluster ORDER BY first.due_at, first.run
        ) AS place
    FROM lane
    CROSS JOIN LATERAL (
        SELECT run, due_at FROM work
        WHERE cluster = $1
            AND account = lane.account
            AND virtual_cluster = lane.virtual_cluster
            AND due_at <= now()
            AND (lease_expires_at IS NULL OR lease_expires_at <= now())
            AND (host IS NULL OR host = $2)
        ORDER BY due_at
        LIMIT 2 * $3::bigint
    ) AS first
),
turn AS (
    SELECT
        run, due_at,
        row_number() OVER (PARTITION BY account ORDER BY place, due_at, virtual_cluster) AS turn
    FROM candidate
),
-- Few, so that the join below goes by the primary key.
next AS (
    SELECT run, due_at, turn FROM turn
    ORDER BY turn, due_at, run
    LIMIT 2 * $3::bigint
),
taken AS (
    SELECT work.run
    FROM next
    JOIN work ON work.run = next.run
    WHERE work.due_at <= now() AND (work.lease_expires_at IS NULL OR work.lease_expires_at <= now())
    ORDER BY next.turn, next.due_at, next.run
    LIMIT $3::bigint
    FOR NO KEY UPDATE OF work SKIP LOCKED
)
UPDATE work
SET lease_token = $4, lease_expires_at = now() + make_interval(secs => $5)
FROM taken
WHERE work.run = taken.run
RETURNING work.run, work.wake_seq
