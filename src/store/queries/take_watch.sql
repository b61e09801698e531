INSERT INTO cluster_watch AS watch (cluster, holder, term, expires_at)
VALUES ($1, $2, 1, now() + make_interval(secs => $3))
ON CONFLICT (cluster) DO UPDATE
SET holder = excluded.holder,
    expires_at = excluded.expires_at,
    term = CASE
        WHEN watch.holder = excluded.holder AND watch.expires_at > now() THEN watch.term
        ELSE watch.term + 1
    END
WHERE watch.holder = excluded.holder OR watch.expires_at <= now()
RETURNING watch.term
