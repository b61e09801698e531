-- $5: the kind; $6: the most of kind POD that an attempt may have.
WITH held AS (
    SELECT run FROM work
    WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
    FOR NO KEY UPDATE
),
told AS (
    INSERT INTO job_run_event (run, kind, attempt, text)
    SELECT held.run, $5, $3, note.text
    FROM held, unnest($4::text[]) WITH ORDINALITY AS note (text, place)
    WHERE $5 <> 'POD' OR note.place + (
        SELECT count(*) FROM job_run_event AS before
        WHERE before.run = held.run AND before.kind = 'POD' AND before.attempt = $3
    ) <= $6
    ORDER BY note.place
)
SELECT run FROM held
