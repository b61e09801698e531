-- $1: an id that no run accepted before $2 comes after; $2: what ended before is old. A run with
-- work has something left on its cluster. An array is looked up by an index, whatever number of runs the
-- planner thinks of.
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
    DELETE FROM job_run_event WHERE run = ANY (ARRAY(SELECT id FROM old))
),
attempts AS (
    DELETE FROM job_run_attempt WHERE run = ANY (ARRAY(SELECT id FROM old))
)
DELETE FROM job_run WHERE id = ANY (ARRAY(SELECT id FROM old))
