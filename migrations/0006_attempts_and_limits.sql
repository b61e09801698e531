-- Several attempts of a run, each with its end, and the limits of virtual clusters on their runs.
-- Replicas of the version before work on meanwhile: what is new has defaults that say nothing.
-- A new column waits for the statements under way, and everybody else behind it: not for long.
SET LOCAL lock_timeout = '5s';

-- How an attempt ended badly and whose failure it was; when the next one may begin.
ALTER TABLE job_run_attempt
    -- Why the platform ends, or ended, the pod: the reason of its DisruptionTarget condition.
    ADD COLUMN disruption  text,
    -- The pod came to its end, and not its driver's container alone.
    ADD COLUMN pod_ended   boolean NOT NULL DEFAULT false,
    ADD COLUMN fault       text COLLATE "C",
    ADD COLUMN end_details text,
    ADD COLUMN retry_at    timestamptz,
    -- Nothing of it is left on the cluster.
    ADD COLUMN removed     boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT job_run_attempt_fault CHECK (fault IN ('JOB', 'PLATFORM', 'FINAL')) NOT VALID,
    ADD CONSTRAINT job_run_attempt_end_details CHECK (
        (fault IS NULL) = (end_details IS NULL) AND char_length(end_details) <= 256) NOT VALID,
    ADD CONSTRAINT job_run_attempt_closed CHECK (fault IS NULL OR closed_at IS NOT NULL) NOT VALID,
    ADD CONSTRAINT job_run_attempt_retry CHECK (
        retry_at IS NULL OR fault IN ('JOB', 'PLATFORM')) NOT VALID;

CREATE OR REPLACE FUNCTION driver_after(known job_run_attempt, seen jsonb, image_failures text[])
RETURNS job_run_attempt LANGUAGE plpgsql STABLE AS $$
DECLARE
    told job_run_attempt := jsonb_populate_record(NULL::job_run_attempt, seen);
    later job_run_attempt := known;
BEGIN
    IF told.phase > known.phase OR told.phase = 'WAITING' AND known.phase = 'WAITING' THEN
        later.phase := told.phase;
        later.waiting_reason := told.waiting_reason;
        later.waiting_message := told.waiting_message;
        later.exit_code := told.exit_code;
        later.exit_reason := told.exit_reason;
        later.exit_message := told.exit_message;
        later.started_at := told.started_at;
        later.ended_at := told.ended_at;
        IF told.phase > known.phase
            OR told.waiting_reason IS DISTINCT FROM known.waiting_reason
                AND NOT coalesce(told.waiting_reason = ANY (image_failures)
                    AND known.waiting_reason = ANY (image_failures), false)
        THEN
            later.since := told.since;
        END IF;
    END IF;
    later.node := coalesce(known.node, told.node);
    later.deleting := known.deleting OR coalesce(told.deleting, false);
    later.gone_at := coalesce(known.gone_at, told.gone_at);
    later.disruption := coalesce(known.disruption, told.disruption);
    later.pod_ended := known.pod_ended OR coalesce(told.pod_ended, false);
    RETURN later;
END $$;

-- An attempt follows only one that was closed for a retry; what closed stays as it is.
CREATE FUNCTION job_run_attempt_is_out_of_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number > 1 AND NOT EXISTS (SELECT FROM job_run_attempt AS before
        WHERE before.run = NEW.run AND before.number = NEW.number - 1 AND before.retry_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'attempt % of job run % does not follow one that ended', NEW.number, NEW.run
            USING ERRCODE = 'check_violation', CONSTRAINT = 'job_run_attempt_comes_in_turn';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER job_run_attempt_comes_in_turn
    BEFORE INSERT ON job_run_attempt FOR EACH ROW EXECUTE FUNCTION job_run_attempt_is_out_of_turn();

CREATE FUNCTION job_run_attempt_closes_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'attempt % of job run % is closed', OLD.number, OLD.run
        USING ERRCODE = 'check_violation', CONSTRAINT = 'job_run_attempt_closes_once';
END $$;
CREATE TRIGGER job_run_attempt_closes_once
    BEFORE UPDATE OF fault, end_details, retry_at ON job_run_attempt FOR EACH ROW
    WHEN (OLD.fault IS NOT NULL
        AND (NEW.fault, NEW.end_details, NEW.retry_at)
            IS DISTINCT FROM (OLD.fault, OLD.end_details, OLD.retry_at))
    EXECUTE FUNCTION job_run_attempt_closes_again();

-- What the cluster said of a driver's pod is told, too.
ALTER TABLE job_run_event
    DROP CONSTRAINT job_run_event_kind,
    ADD CONSTRAINT job_run_event_kind CHECK (kind IN ('ATTEMPT', 'NOTE', 'POD', 'STATE')) NOT VALID;

-- A note, and what is said of a pod, is told once, however often it is seen.
CREATE OR REPLACE FUNCTION job_run_event_comes_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind IN ('NOTE', 'POD') AND EXISTS (SELECT FROM job_run_event AS told
        WHERE told.run = NEW.run AND told.kind = NEW.kind AND told.text = NEW.text
            AND (NEW.kind = 'NOTE' OR told.attempt = NEW.attempt))
    THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(max(number), 0) + 1 INTO NEW.number
        FROM job_run_event AS told WHERE told.run = NEW.run;
    RETURN NEW;
END $$;

CREATE FUNCTION job_run_attempt_end_is_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_run_event (run, kind, attempt, text)
    VALUES (NEW.run, 'ATTEMPT', NEW.number, 'Another attempt follows. ' || NEW.end_details);
    RETURN NULL;
END $$;
CREATE TRIGGER job_run_attempt_end_is_told
    AFTER UPDATE OF retry_at ON job_run_attempt FOR EACH ROW
    WHEN (OLD.retry_at IS NULL AND NEW.retry_at IS NOT NULL)
    EXECUTE FUNCTION job_run_attempt_end_is_told();

ALTER TABLE job_run ADD COLUMN cancel_requested_at timestamptz;

-- Runs of a virtual cluster with a limit wait for a slot until one is free or their time is over;
-- among themselves in the order of `turn`: their acceptance, less what their priority is worth.
ALTER TABLE work
    ADD COLUMN turn    timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN waiting boolean NOT NULL DEFAULT false;
CREATE INDEX work_waiting ON work (virtual_cluster, turn, run) WHERE waiting;

-- The limits of a virtual cluster, and what counts against them. No row where nothing is limited.
-- Whoever changes a run's state locks its row of work before this one.
CREATE TABLE virtual_cluster_slots (
    virtual_cluster text COLLATE "C" PRIMARY KEY REFERENCES virtual_cluster,
    max_concurrent  integer,
    max_in_queue    integer,
    -- Runs whose first driver was begun and that are not over.
    taken           integer NOT NULL,
    -- Runs that are PENDING or SUBMITTED.
    in_queue        integer NOT NULL,
    CONSTRAINT virtual_cluster_slots_limit CHECK (num_nonnulls(max_concurrent, max_in_queue) > 0),
    CONSTRAINT virtual_cluster_slots_counts CHECK (taken >= 0 AND in_queue >= 0)
) WITH (fillfactor = 50);
INSERT INTO virtual_cluster_slots (virtual_cluster, max_concurrent, max_in_queue, taken, in_queue)
SELECT
    place.id,
    (place.scheduler ->> 'max_concurrent_job_runs')::integer,
    (place.scheduler ->> 'max_in_queue_job_runs')::integer,
    count(*) FILTER (WHERE job_run.state < 'COMPLETED'
        AND EXISTS (SELECT FROM job_run_attempt WHERE job_run_attempt.run = job_run.id)),
    count(*) FILTER (WHERE job_run.state < 'RUNNING')
FROM virtual_cluster AS place
LEFT JOIN work ON work.virtual_cluster = place.id
LEFT JOIN job_run ON job_run.id = work.run
WHERE place.state <> 'TERMINATED'
    AND num_nonnulls(place.scheduler ->> 'max_concurrent_job_runs',
        place.scheduler ->> 'max_in_queue_job_runs') > 0
GROUP BY place.id;
