-- Virtual clusters, job runs and the queue that drives them. Everything belongs to an account.
-- What the code forbids is refused here too, so that no bug and no hand can write it.

-- Both types are ordered: what is known only grows.
CREATE TYPE job_run_state AS ENUM (
    'PENDING', 'SUBMITTED', 'RUNNING', 'CANCEL_PENDING', 'COMPLETED', 'FAILED', 'CANCELLED'
);
CREATE TYPE driver_phase AS ENUM ('UNSEEN', 'WAITING', 'RUNNING', 'ENDED');

-- What every replica shares; one row.
CREATE TABLE installation (
    only_one  boolean PRIMARY KEY DEFAULT true,
    id        uuid NOT NULL,
    token_key bytea NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT installation_only_one CHECK (only_one),
    CONSTRAINT installation_token_key_length CHECK (octet_length(token_key) = 32)
);

CREATE TABLE virtual_cluster (
    id                        text COLLATE "C" PRIMARY KEY,
    account                   text COLLATE "C" NOT NULL,
    name                      text NOT NULL,
    state                     text NOT NULL,
    cluster                   text COLLATE "C" NOT NULL,
    namespace                 text COLLATE "C" NOT NULL,
    node_label                text,
    client_token              text COLLATE "C" NOT NULL,
    request_hash              bytea NOT NULL,
    tags                      jsonb NOT NULL,
    security_configuration_id text,
    session_enabled           boolean,
    scheduler                 jsonb,
    created_by                text NOT NULL,
    created_at                timestamptz NOT NULL,
    terminated_at             timestamptz,
    CONSTRAINT virtual_cluster_place UNIQUE (id, account, cluster, namespace),
    CONSTRAINT virtual_cluster_client_token UNIQUE (account, client_token),
    CONSTRAINT virtual_cluster_state
        CHECK (state IN ('RUNNING', 'TERMINATING', 'TERMINATED', 'ARRESTED')),
    CONSTRAINT virtual_cluster_terminated_at
        CHECK ((terminated_at IS NOT NULL) = (state = 'TERMINATED')),
    CONSTRAINT virtual_cluster_request_hash_length CHECK (octet_length(request_hash) = 32)
);
CREATE UNIQUE INDEX virtual_cluster_one_per_namespace
    ON virtual_cluster (cluster, namespace) WHERE state <> 'TERMINATED';
CREATE INDEX virtual_cluster_list ON virtual_cluster (account, created_at DESC, id DESC);

CREATE FUNCTION virtual_cluster_is_terminated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'virtual cluster % is terminated', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'virtual_cluster_terminated_is_final';
END $$;
CREATE TRIGGER virtual_cluster_terminated_is_final
    BEFORE UPDATE ON virtual_cluster FOR EACH ROW
    WHEN (OLD.state = 'TERMINATED' AND NEW.state <> OLD.state)
    EXECUTE FUNCTION virtual_cluster_is_terminated();

-- Written only when a state or its details change, so no index may hold either of them.
CREATE TABLE job_run (
    id                 text COLLATE "C" PRIMARY KEY,
    account            text COLLATE "C" NOT NULL,
    virtual_cluster    text COLLATE "C" NOT NULL,
    cluster            text COLLATE "C" NOT NULL,
    namespace          text COLLATE "C" NOT NULL,
    name               text,
    client_token       text COLLATE "C" NOT NULL,
    request_hash       bytea NOT NULL,
    execution_role_arn text,
    release_label      text NOT NULL,
    driver             jsonb NOT NULL,
    overrides          jsonb,
    tags               jsonb NOT NULL,
    max_attempts       integer,
    created_by         text NOT NULL,
    created_at         timestamptz NOT NULL,
    state              job_run_state NOT NULL DEFAULT 'PENDING',
    state_details      text,
    failure_reason     text,
    finished_at        timestamptz,
    CONSTRAINT job_run_virtual_cluster FOREIGN KEY (virtual_cluster, account, cluster, namespace)
        REFERENCES virtual_cluster (id, account, cluster, namespace),
    CONSTRAINT job_run_client_token UNIQUE (account, virtual_cluster, client_token),
    CONSTRAINT job_run_finished_at CHECK ((finished_at IS NOT NULL) = (state >= 'COMPLETED')),
    CONSTRAINT job_run_failure_reason CHECK ((failure_reason IS NOT NULL) = (state = 'FAILED')),
    CONSTRAINT job_run_failure_reason_known CHECK (failure_reason IN
        ('INTERNAL_ERROR', 'USER_ERROR', 'VALIDATION_ERROR', 'CLUSTER_UNAVAILABLE')),
    CONSTRAINT job_run_state_details_length CHECK (char_length(state_details) <= 256),
    CONSTRAINT job_run_request_hash_length CHECK (octet_length(request_hash) = 32)
) WITH (fillfactor = 85);
CREATE INDEX job_run_list ON job_run (account, virtual_cluster, created_at DESC, id DESC);

CREATE FUNCTION job_run_moves_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job run % is % and cannot become %', OLD.id, OLD.state, NEW.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'job_run_state_moves_forward';
END $$;
CREATE TRIGGER job_run_state_moves_forward
    BEFORE UPDATE ON job_run FOR EACH ROW
    WHEN (NEW.state < OLD.state
        OR OLD.state >= 'COMPLETED'
            AND (NEW.state, NEW.state_details, NEW.failure_reason, NEW.finished_at)
                IS DISTINCT FROM
                (OLD.state, OLD.state_details, OLD.failure_reason, OLD.finished_at))
    EXECUTE FUNCTION job_run_moves_back();

-- One driver of a run. No index on what is observed, so that an observation is a cheap write.
CREATE TABLE job_run_attempt (
    run                 text COLLATE "C" NOT NULL REFERENCES job_run,
    number              integer NOT NULL,
    driver_name         text COLLATE "C" NOT NULL,
    cluster_identity    text COLLATE "C" NOT NULL,
    begun_at            timestamptz NOT NULL DEFAULT now(),
    -- Creations sent, or about to be, whose answer nobody has recorded.
    unanswered          integer NOT NULL DEFAULT 1,
    holder_uid          text COLLATE "C",
    holder_kind         text,
    holder_created_at   timestamptz,
    -- What was last seen of the driver.
    phase               driver_phase NOT NULL DEFAULT 'UNSEEN',
    since               timestamptz,
    waiting_reason      text,
    waiting_message     text,
    exit_code           integer,
    exit_reason         text,
    exit_message        text,
    started_at          timestamptz,
    ended_at            timestamptz,
    node                text,
    deleting            boolean NOT NULL DEFAULT false,
    gone_at             timestamptz,
    -- What was seen before the creation's answer was recorded, and of which object.
    early_uid           text COLLATE "C",
    early_driver        jsonb,
    -- What Firesteel did about it.
    verdict_reason      text,
    verdict_details     text,
    delete_requested_at timestamptz,
    swept               boolean NOT NULL DEFAULT false,
    closed_at           timestamptz,
    PRIMARY KEY (run, number),
    CONSTRAINT job_run_attempt_number CHECK (number > 0),
    CONSTRAINT job_run_attempt_unanswered CHECK (unanswered >= 0),
    CONSTRAINT job_run_attempt_holder
        CHECK (num_nulls(holder_uid, holder_kind, holder_created_at) IN (0, 3)),
    CONSTRAINT job_run_attempt_holder_kind CHECK (holder_kind IN ('DRIVER', 'TOMBSTONE')),
    CONSTRAINT job_run_attempt_seen CHECK (holder_uid IS NOT NULL OR phase = 'UNSEEN'),
    CONSTRAINT job_run_attempt_since
        CHECK ((since IS NOT NULL) = (phase IN ('WAITING', 'RUNNING'))),
    CONSTRAINT job_run_attempt_waiting CHECK (
        (waiting_reason IS NULL OR phase = 'WAITING')
        AND (waiting_message IS NULL OR waiting_reason IS NOT NULL)),
    CONSTRAINT job_run_attempt_ended CHECK (
        (ended_at IS NOT NULL) = (phase = 'ENDED')
        AND (phase = 'ENDED' OR num_nonnulls(exit_code, exit_reason, exit_message, started_at) = 0)),
    CONSTRAINT job_run_attempt_early CHECK (
        (early_uid IS NULL) = (early_driver IS NULL)
        AND (early_uid IS NULL OR holder_uid IS NULL)),
    CONSTRAINT job_run_attempt_verdict CHECK (
        (verdict_reason IS NULL) = (verdict_details IS NULL)
        AND char_length(verdict_details) <= 256
        AND verdict_reason IN
            ('INTERNAL_ERROR', 'USER_ERROR', 'VALIDATION_ERROR', 'CLUSTER_UNAVAILABLE'))
) WITH (fillfactor = 70);

-- An attempt after its driver was seen as `seen` says (an object with the columns of what was last
-- seen, or an empty one): what is known never goes back. A wait goes on while its reason is the
-- same, and the reasons of a missing image, which take turns, are one.
CREATE FUNCTION driver_after(known job_run_attempt, seen jsonb, image_failures text[])
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
    RETURN later;
END $$;

CREATE FUNCTION job_run_attempt_moves_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'attempt % of job run % cannot go back', OLD.number, OLD.run
        USING ERRCODE = 'check_violation', CONSTRAINT = 'job_run_attempt_moves_forward';
END $$;
CREATE TRIGGER job_run_attempt_moves_forward
    BEFORE UPDATE ON job_run_attempt FOR EACH ROW
    WHEN (NEW.phase < OLD.phase
        OR OLD.gone_at IS NOT NULL AND NEW.gone_at IS DISTINCT FROM OLD.gone_at
        OR OLD.holder_uid IS DISTINCT FROM NEW.holder_uid AND OLD.holder_uid IS NOT NULL
            AND NOT (OLD.holder_kind = 'DRIVER' AND OLD.gone_at IS NOT NULL
                AND NEW.holder_kind IS NOT DISTINCT FROM 'TOMBSTONE'))
    EXECUTE FUNCTION job_run_attempt_moves_back();

-- One narrow row per run that is not over and tidied up: who looks after it, and when next.
-- Everybody who writes a run's rows locks this one first, so nobody waits in a circle.
CREATE TABLE work (
    run              text COLLATE "C" PRIMARY KEY REFERENCES job_run,
    cluster          text COLLATE "C" NOT NULL,
    account          text COLLATE "C" NOT NULL,
    virtual_cluster  text COLLATE "C" NOT NULL,
    -- The one host that can see the run's driver, where there is one.
    host             text COLLATE "C",
    due_at           timestamptz NOT NULL DEFAULT now(),
    wake_seq         bigint NOT NULL DEFAULT 0,
    lease_token      uuid,
    lease_expires_at timestamptz,
    CONSTRAINT work_lease CHECK ((lease_token IS NULL) = (lease_expires_at IS NULL))
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX work_due ON work (cluster, account, virtual_cluster, due_at);

-- Which replica watches a cluster. The term grows whenever the watch may have been interrupted.
CREATE TABLE cluster_watch (
    cluster    text COLLATE "C" PRIMARY KEY,
    holder     uuid NOT NULL,
    term       bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
