-- Runs that are started by one statement are counted by one, whichever version starts them.
-- A trigger that goes waits for the statements under way, and everybody else behind it: not for long.
SET LOCAL lock_timeout = '5s';

CREATE FUNCTION job_runs_are_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place text;
BEGIN
    -- One after another in one order: the locks of several are never taken in a circle.
    FOR place IN SELECT DISTINCT virtual_cluster FROM added ORDER BY virtual_cluster LOOP
        PERFORM pg_advisory_xact_lock_shared(slots_key(place));
        -- To look is cheaper than to change nothing.
        CONTINUE WHEN NOT EXISTS (SELECT FROM virtual_cluster_slots AS slots
            WHERE slots.virtual_cluster = place);
        UPDATE virtual_cluster_slots AS slots
        SET in_queue = slots.in_queue + started.in_queue, running = slots.running + started.running
        FROM (
            SELECT
                count(*) FILTER (WHERE state < 'RUNNING') AS in_queue,
                count(*) FILTER (WHERE state = 'RUNNING') AS running
            FROM added
            WHERE added.virtual_cluster = place
        ) AS started
        WHERE slots.virtual_cluster = place;
    END LOOP;
    RETURN NULL;
END $$;
DROP TRIGGER job_run_is_counted ON job_run;
CREATE TRIGGER job_runs_are_counted
    AFTER INSERT ON job_run REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION job_runs_are_counted();
