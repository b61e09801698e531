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
-- More than asked for, since another claim may be taking the first of them right now. Of those
-- that wait for a slot, as many as there is room for, in their order; where another claim has one
-- of these already, no other run takes its place.
candidate AS (
    SELECT
        first.run, first.due_at, lane.account, lane.virtual_cluster,
        row_number() OVER (
            PARTITION BY lane.account, lane.virtual_cluster ORDER BY first.due_at, first.run
        ) AS place
    FROM lane
    CROSS JOIN LATERAL (
        (
            SELECT run, due_at FROM work
            WHERE cluster = $1
                AND account = lane.account
                AND virtual_cluster = lane.virtual_cluster
                AND due_at <= now()
                AND (lease_expires_at IS NULL OR lease_expires_at <= now())
                AND (host IS NULL OR host = $2)
            ORDER BY due_at
            LIMIT 2 * $3::bigint
        )
        UNION ALL
        SELECT run, turn
        FROM (
            SELECT run, turn, due_at, lease_expires_at FROM work
            WHERE waiting AND virtual_cluster = lane.virtual_cluster
            ORDER BY turn, run
            LIMIT coalesce(
                (
                    SELECT least(greatest(max_concurrent - taken, 0), 2 * $3::bigint)
                    FROM virtual_cluster_slots AS slots
                    WHERE slots.virtual_cluster = lane.virtual_cluster
                        AND slots.max_concurrent IS NOT NULL
                ),
                2 * $3::bigint
            )
        ) AS waiting
        WHERE due_at > now() AND (lease_expires_at IS NULL OR lease_expires_at <= now())
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
    WHERE (work.due_at <= now() OR work.waiting)
        AND (work.lease_expires_at IS NULL OR work.lease_expires_at <= now())
    ORDER BY next.turn, next.due_at, next.run
    LIMIT $3::bigint
    FOR NO KEY UPDATE OF work SKIP LOCKED
)
UPDATE work
SET lease_token = $4, lease_expires_at = now() + make_interval(secs => $5)
FROM taken
WHERE work.run = taken.run
RETURNING work.run, work.wake_seq
