-- $1, $2: a cluster, and a host where each has drivers of its own; $3: objects there that have the name
-- of a driver and are not known as one. A tombstone, or the driver of a creation whose answer is not
-- recorded, comes before its record does.
SELECT
    seen.uid AS "uid!",
    job_run.virtual_cluster,
    coalesce(
        work.run IS NULL
            OR known.run IS NULL
            OR known.removed
            OR known.holder_uid <> seen.uid AND NOT seen.tombstone
            OR work.host IS DISTINCT FROM $2,
        false
    ) AS "is_stray!"
FROM jsonb_to_recordset($3::jsonb)
    AS seen (run text, attempt integer, uid text, tombstone boolean)
JOIN job_run ON job_run.id = seen.run AND job_run.cluster = $1
LEFT JOIN work ON work.run = seen.run
LEFT JOIN job_run_attempt AS known ON known.run = seen.run AND known.number = seen.attempt
