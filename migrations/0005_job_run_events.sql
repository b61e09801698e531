-- What happened to job runs, and what was chosen for them, in their order.

CREATE TABLE job_run_event (
    run     text COLLATE "C" NOT NULL REFERENCES job_run,
    -- From 1 in each run.
    number  integer NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind    text COLLATE "C" NOT NULL,
    -- The one that it is about.
    attempt integer,
    state   job_run_state,
    text    text NOT NULL,
    PRIMARY KEY (run, number),
    CONSTRAINT job_run_event_kind CHECK (kind IN ('ATTEMPT', 'NOTE', 'STATE')),
    CONSTRAINT job_run_event_attempt CHECK (attempt > 0 AND (kind <> 'ATTEMPT' OR attempt IS NOT NULL)),
    CONSTRAINT job_run_event_state CHECK ((state IS NOT NULL) = (kind = 'STATE')),
    CONSTRAINT job_run_event_text_length CHECK (char_length(text) <= 1024)
);

-- Whoever adds one has locked the run's row of work: no two count at a time. A note is told once,
-- however often a creation is tried.
CREATE FUNCTION job_run_event_comes_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'NOTE' AND EXISTS (SELECT FROM job_run_event AS told
        WHERE told.run = NEW.run AND told.kind = NEW.kind AND told.text = NEW.text)
    THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(max(number), 0) + 1 INTO NEW.number
        FROM job_run_event AS told WHERE told.run = NEW.run;
    RETURN NEW;
END $$;
CREATE TRIGGER job_run_event_comes_next
    BEFORE INSERT ON job_run_event FOR EACH ROW EXECUTE FUNCTION job_run_event_comes_next();

CREATE FUNCTION job_run_event_is_past() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'event % of job run % does not change', OLD.number, OLD.run
        USING ERRCODE = 'check_violation', CONSTRAINT = 'job_run_event_is_final';
END $$;
CREATE TRIGGER job_run_event_is_final
    BEFORE UPDATE ON job_run_event FOR EACH ROW EXECUTE FUNCTION job_run_event_is_past();

-- Replicas of the version before change states, too; here nobody can forget to tell.
LOCK TABLE job_run IN SHARE ROW EXCLUSIVE MODE;
CREATE FUNCTION job_run_state_is_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_run_event (run, kind, attempt, state, text)
    VALUES (
        NEW.id,
        'STATE',
        (SELECT max(number) FROM job_run_attempt WHERE run = NEW.id),
        NEW.state,
        coalesce(NEW.state_details, '')
    );
    RETURN NULL;
END $$;
CREATE TRIGGER job_run_state_is_told
    AFTER UPDATE OF state ON job_run FOR EACH ROW
    WHEN (NEW.state <> OLD.state)
    EXECUTE FUNCTION job_run_state_is_told();

CREATE FUNCTION job_run_attempt_is_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_run_event (run, kind, attempt, text)
    VALUES (NEW.run, 'ATTEMPT', NEW.number, 'Driver ' || left(NEW.driver_name, 512));
    RETURN NULL;
END $$;
CREATE TRIGGER job_run_attempt_is_told
    AFTER INSERT ON job_run_attempt FOR EACH ROW EXECUTE FUNCTION job_run_attempt_is_told();
