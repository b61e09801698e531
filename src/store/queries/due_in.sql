-- Per lane: the first run that is due and free, the first lease to end, the first run due later, and
-- of those that wait for a slot that is there the first that is free, or its lease's end.
WITH RECURSIVE lane AS (
    (
        SELECT account, virtual_cluster FROM work
        WHERE cluster = $1
        ORDER BY account, virtual_cluster
        LIMIT 1
    )
    UNION ALL
    SELECT next.account, next.virtual_cluster
    FROM lane
    CROSS JOIN LATERAL (
        SELECT account, virtual_cluster FROM work
        WHERE cluster = $1
            AND (account, virtual_cluster) > (lane.account, lane.virtual_cluster)
        ORDER BY account, virtual_cluster
        LIMIT 1
    ) AS next
)
SELECT extract(epoch FROM min(first.at) - now())::float8
FROM lane
CROSS JOIN LATERAL (
    SELECT coalesce(
        (
            SELECT now() FROM work
            WHERE cluster = $1
                AND account = lane.account
                AND virtual_cluster = lane.virtual_cluster
                AND due_at <= now()
                AND (lease_expires_at IS NULL OR lease_expires_at <= now())
                AND (host IS NULL OR host = $2)
            LIMIT 1
        ),
        least(
            (
                SELECT min(lease_expires_at) FROM work
                WHERE cluster = $1
                    AND account = lane.account
                    AND virtual_cluster = lane.virtual_cluster
                    AND due_at <= now()
                    AND lease_expires_at > now()
                    AND (host IS NULL OR host = $2)
            ),
            (
                SELECT due_at FROM work
                WHERE cluster = $1
                    AND account = lane.account
                    AND virtual_cluster = lane.virtual_cluster
                    AND due_at > now()
                    AND (host IS NULL OR host = $2)
                ORDER BY due_at
                LIMIT 1
            ),
            (
                SELECT min(greatest(lease_expires_at, now()))
                FROM (
                    SELECT coalesce(lease_expires_at, now()) AS lease_expires_at, due_at FROM work
                    WHERE waiting AND virtual_cluster = lane.virtual_cluster
                    ORDER BY turn, run
                    LIMIT coalesce(
                        (
                            SELECT least(greatest(max_concurrent - taken, 0), 1000)
                            FROM virtual_cluster_slots AS slots
                            WHERE slots.virtual_cluster = lane.virtual_cluster
                                AND slots.max_concurrent IS NOT NULL
                        ),
                        1000
                    )
                ) AS waiting
                WHERE due_at > now()
            )
        )
    ) AS at
) AS first
