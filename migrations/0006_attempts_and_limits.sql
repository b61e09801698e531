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
    -- Since when its deletion is known to be under way.
    ADD COLUMN deleting_since timestamptz,
    -- Whose failure it is that Firesteel ends the driver.
    ADD COLUMN verdict_fault text COLLATE "C",
    ADD COLUMN fault       text COLLATE "C",
    -- Whether its failure counts against the run's attempts.
    ADD COLUMN charged     boolean NOT NULL DEFAULT true,
    ADD COLUMN end_details text,
    ADD COLUMN retry_at    timestamptz,
    -- Nothing of it is left on the cluster.
    ADD COLUMN removed     boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT job_run_attempt_verdict_fault CHECK (
        verdict_fault IN ('JOB', 'PLATFORM', 'FINAL')
        AND (verdict_fault IS NULL OR verdict_reason IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT job_run_attempt_charged CHECK (charged OR fault = 'PLATFORM') NOT VALID,
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
        -- Pods that are failed as a whole lose what their containers' states told.
        later.started_at := coalesce(told.started_at, CASE WHEN known.phase = 'RUNNING' THEN known.since END);
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
    IF later.deleting THEN
        later.deleting_since := coalesce(known.deleting_since, now());
    END IF;
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
    BEFORE UPDATE OF fault, charged, end_details, retry_at ON job_run_attempt FOR EACH ROW
    WHEN (OLD.fault IS NOT NULL
        AND (NEW.fault, NEW.charged, NEW.end_details, NEW.retry_at)
            IS DISTINCT FROM (OLD.fault, OLD.charged, OLD.end_details, OLD.retry_at))
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
    ADD COLUMN waiting boolean NOT NULL DEFAULT false,
    -- Its namespace holds too many ended drivers, and this run's are among the oldest.
    ADD COLUMN crowded boolean NOT NULL DEFAULT false;
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
    -- Runs that are RUNNING.
    running         integer NOT NULL,
    CONSTRAINT virtual_cluster_slots_limit CHECK (num_nonnulls(max_concurrent, max_in_queue) > 0),
    CONSTRAINT virtual_cluster_slots_counts CHECK (taken >= 0 AND in_queue >= 0 AND running >= 0)
) WITH (fillfactor = 50);

-- Whoever changes a count holds this for its virtual cluster, shared; whoever begins to count does
-- so alone: before there is a row, there is none to lock.
CREATE FUNCTION slots_key(virtual_cluster text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('virtual_cluster_slots/' || virtual_cluster, 0)
$$;

-- The row of a virtual cluster, locked; nulls where nothing is limited. Every start comes through
-- here, and an assignment of an expression costs a tenth of a statement.
CREATE FUNCTION lock_slots(place text) RETURNS virtual_cluster_slots LANGUAGE plpgsql AS $$
DECLARE
    held boolean := pg_advisory_xact_lock_shared(slots_key(place)) IS NOT NULL;
    locked virtual_cluster_slots;
BEGIN
    SELECT * INTO locked FROM virtual_cluster_slots WHERE virtual_cluster = place
        FOR NO KEY UPDATE;
    RETURN locked;
END $$;

-- Counts anew. Who changes a count and is not done waits at the row or is seen.
CREATE FUNCTION recount_slots(place text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM virtual_cluster_slots WHERE virtual_cluster = place FOR NO KEY UPDATE;
    UPDATE virtual_cluster_slots AS slots
    SET (taken, in_queue, running) = (counted.taken, counted.in_queue, counted.running)
    FROM (
        SELECT
            count(*) FILTER (WHERE job_run.state < 'COMPLETED' AND EXISTS (
                SELECT FROM job_run_attempt AS attempt WHERE attempt.run = job_run.id)) AS taken,
            count(*) FILTER (WHERE job_run.state < 'RUNNING') AS in_queue,
            count(*) FILTER (WHERE job_run.state = 'RUNNING') AS running
        FROM virtual_cluster AS home
        JOIN work ON work.cluster = home.cluster AND work.account = home.account
            AND work.virtual_cluster = home.id
        JOIN job_run ON job_run.id = work.run
        WHERE home.id = place
    ) AS counted
    WHERE slots.virtual_cluster = place
        AND (slots.taken, slots.in_queue, slots.running)
            IS DISTINCT FROM (counted.taken, counted.in_queue, counted.running);
    RETURN FOUND;
END $$;

-- The limit that keeps a run from its first driver, or null where it may begin. Those who wait
-- and whose turn is earlier have the first of the free slots.
CREATE FUNCTION slot_refusal(asking text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    own work := (SELECT work FROM work WHERE work.run = asking);
    slots virtual_cluster_slots := lock_slots(own.virtual_cluster);
    room integer := greatest(slots.max_concurrent - slots.taken, 0);
BEGIN
    IF slots.max_concurrent IS NULL
        OR room > (SELECT count(*) FROM (
            SELECT FROM work AS earlier
            WHERE earlier.waiting AND earlier.virtual_cluster = own.virtual_cluster
                AND (earlier.turn, earlier.run) < (own.turn, own.run)
            ORDER BY earlier.turn, earlier.run
            LIMIT room) AS ahead)
    THEN
        RETURN NULL;
    END IF;
    RETURN slots.max_concurrent;
END $$;

-- As with stories, replicas of the version before change states, too; here nobody forgets to count.
CREATE FUNCTION job_run_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held boolean := pg_advisory_xact_lock_shared(slots_key(NEW.virtual_cluster)) IS NOT NULL;
BEGIN
    -- To look is cheaper than to change nothing.
    IF NOT EXISTS (SELECT FROM virtual_cluster_slots AS slots
        WHERE slots.virtual_cluster = NEW.virtual_cluster)
    THEN
        RETURN NULL;
    END IF;
    UPDATE virtual_cluster_slots AS slots
    SET in_queue = greatest(0, slots.in_queue
            + (NEW.state < 'RUNNING')::integer - coalesce((OLD.state < 'RUNNING')::integer, 0)),
        running = greatest(0, slots.running
            + (NEW.state = 'RUNNING')::integer - coalesce((OLD.state = 'RUNNING')::integer, 0)),
        taken = greatest(0, slots.taken - (NEW.state >= 'COMPLETED' AND EXISTS (
            SELECT FROM job_run_attempt AS attempt WHERE attempt.run = NEW.id))::integer)
    WHERE slots.virtual_cluster = NEW.virtual_cluster;
    RETURN NULL;
END $$;
CREATE TRIGGER job_run_is_counted
    AFTER INSERT ON job_run FOR EACH ROW EXECUTE FUNCTION job_run_is_counted();
CREATE TRIGGER job_run_state_is_counted
    AFTER UPDATE OF state ON job_run FOR EACH ROW
    WHEN (NEW.state <> OLD.state)
    EXECUTE FUNCTION job_run_is_counted();

CREATE FUNCTION job_run_takes_its_slot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place text := (SELECT virtual_cluster FROM job_run WHERE id = NEW.run AND state < 'COMPLETED');
BEGIN
    PERFORM pg_advisory_xact_lock_shared(slots_key(place));
    UPDATE virtual_cluster_slots SET taken = taken + 1 WHERE virtual_cluster = place;
    RETURN NULL;
END $$;
CREATE TRIGGER job_run_takes_its_slot
    AFTER INSERT ON job_run_attempt FOR EACH ROW
    WHEN (NEW.number = 1)
    EXECUTE FUNCTION job_run_takes_its_slot();

CREATE FUNCTION virtual_cluster_slots_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    concurrent integer := (NEW.scheduler ->> 'max_concurrent_job_runs')::integer;
    queued integer := (NEW.scheduler ->> 'max_in_queue_job_runs')::integer;
BEGIN
    PERFORM pg_advisory_xact_lock(slots_key(NEW.id));
    IF NEW.state = 'TERMINATED' OR num_nonnulls(concurrent, queued) = 0 THEN
        DELETE FROM virtual_cluster_slots WHERE virtual_cluster = NEW.id;
    ELSE
        INSERT INTO virtual_cluster_slots
            (virtual_cluster, max_concurrent, max_in_queue, taken, in_queue, running)
        VALUES (NEW.id, concurrent, queued, 0, 0, 0)
        ON CONFLICT (virtual_cluster) DO UPDATE
        SET max_concurrent = excluded.max_concurrent, max_in_queue = excluded.max_in_queue;
        PERFORM recount_slots(NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER virtual_cluster_has_slots
    AFTER INSERT ON virtual_cluster FOR EACH ROW
    WHEN (NEW.scheduler IS NOT NULL)
    EXECUTE FUNCTION virtual_cluster_slots_follow();
CREATE TRIGGER virtual_cluster_slots_follow
    AFTER UPDATE OF scheduler, state ON virtual_cluster FOR EACH ROW
    WHEN (OLD.scheduler IS DISTINCT FROM NEW.scheduler
        OR NEW.state = 'TERMINATED' AND NEW.state <> OLD.state AND NEW.scheduler IS NOT NULL)
    EXECUTE FUNCTION virtual_cluster_slots_follow();

INSERT INTO virtual_cluster_slots
    (virtual_cluster, max_concurrent, max_in_queue, taken, in_queue, running)
SELECT
    id,
    (scheduler ->> 'max_concurrent_job_runs')::integer,
    (scheduler ->> 'max_in_queue_job_runs')::integer,
    0, 0, 0
FROM virtual_cluster
WHERE state <> 'TERMINATED'
    AND num_nonnulls(scheduler ->> 'max_concurrent_job_runs',
        scheduler ->> 'max_in_queue_job_runs') > 0;
DO $$ BEGIN PERFORM recount_slots(virtual_cluster) FROM virtual_cluster_slots; END $$;

-- When the tables are tidied up next, by whoever comes first.
CREATE TABLE tidying (
    only_one boolean PRIMARY KEY DEFAULT true,
    due_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tidying_only_one CHECK (only_one)
);
INSERT INTO tidying DEFAULT VALUES;

-- A virtual cluster whose namespace is gone, or where rights are missing, is ARRESTED until they are
-- back. Whoever checks one has first put off its next check.
ALTER TABLE virtual_cluster
    ADD COLUMN state_details text,
    ADD COLUMN check_due_at  timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT virtual_cluster_state_details_length
        CHECK (char_length(state_details) <= 256) NOT VALID;
