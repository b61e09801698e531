WITH held AS (
    SELECT run FROM work
    WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
    FOR NO KEY UPDATE
),
told AS (
    INSERT INTO job_run_event (run, kind, attempt, text)
    SELECT held.run, 'NOTE', $3, note.text
    FROM held, unnest($4::text[]) WITH ORDINALITY AS note (text, place)
    ORDER BY note.place
)
SELECT run FROM held
