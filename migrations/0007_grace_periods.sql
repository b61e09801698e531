-- How long a driver's pod gives its containers to end: a driver that is forced away may run on for as
-- long on its node. Replicas of the version before work on meanwhile, and do not write it.
SET LOCAL lock_timeout = '5s';

ALTER TABLE job_run_attempt
    ADD COLUMN grace_seconds bigint,
    ADD CONSTRAINT job_run_attempt_grace_seconds CHECK (grace_seconds >= 0) NOT VALID;

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
    -- Who deletes a pod may give it more time than the pod asks for.
    later.grace_seconds := greatest(known.grace_seconds, told.grace_seconds);
    later.deleting := known.deleting OR coalesce(told.deleting, false);
    IF later.deleting THEN
        later.deleting_since := coalesce(known.deleting_since, now());
    END IF;
    later.gone_at := coalesce(known.gone_at, told.gone_at);
    later.disruption := coalesce(known.disruption, told.disruption);
    later.pod_ended := known.pod_ended OR coalesce(told.pod_ended, false);
    RETURN later;
END $$;
