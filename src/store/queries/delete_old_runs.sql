-- $1: an id that no run accepted before $2 comes after; $2: what ended before is old. A run with
-- work has something left on its cluster.
WITH old AS (
    SELECT job_run.id
    FROM job_run
    WHERE job_run.id < $1
        AND job_run.finished_at < $2
        AND NOT EXISTS (SELECT FROM work WHERE work.run = job_run.id)
    ORDER BY job_run.id
    LIMIT $3
    FOR UPDATE SKIP LOCKED
),
events AS (
    DELETE FROM job_run_event USING old WHERE job_run_event.run = old.id
),
attempts AS (
    DELETE FROM job_run_attempt USING old WHERE job_run_attempt.run = old.id
)
DELETE FROM job_run USING old WHERE job_run.id = old.id
