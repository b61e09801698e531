-- Security configurations, and the client tokens of updates of virtual clusters.

-- A deleted one stays: its client token is still answered, and ended virtual clusters name it.
CREATE TABLE security_configuration (
    id                 text COLLATE "C" PRIMARY KEY,
    account            text COLLATE "C" NOT NULL,
    name               text NOT NULL,
    container_provider jsonb,
    data               jsonb NOT NULL,
    client_token       text COLLATE "C" NOT NULL,
    request_hash       bytea NOT NULL,
    tags               jsonb NOT NULL,
    created_by         text NOT NULL,
    created_at         timestamptz NOT NULL,
    deleted_at         timestamptz,
    CONSTRAINT security_configuration_owner UNIQUE (id, account),
    CONSTRAINT security_configuration_client_token UNIQUE (account, client_token),
    CONSTRAINT security_configuration_container_provider
        CHECK (jsonb_typeof(container_provider) = 'object'),
    CONSTRAINT security_configuration_data CHECK (jsonb_typeof(data) = 'object'),
    CONSTRAINT security_configuration_tags CHECK (jsonb_typeof(tags) = 'object'),
    CONSTRAINT security_configuration_request_hash_length CHECK (octet_length(request_hash) = 32)
);
CREATE INDEX security_configuration_list
    ON security_configuration (account, created_at DESC, id DESC) WHERE deleted_at IS NULL;

-- Replicas of the version before work on meanwhile. Nothing here keeps a reader waiting, the wait
-- for writers is over before anything is changed, and no column changes its type or its collation:
-- the statements that they have prepared would fail from then on.
LOCK TABLE virtual_cluster IN SHARE ROW EXCLUSIVE MODE;
-- No version has written one yet: what stands here came by hand and names nothing.
UPDATE virtual_cluster SET security_configuration_id = NULL
    WHERE security_configuration_id IS NOT NULL;
ALTER TABLE virtual_cluster
    ADD CONSTRAINT virtual_cluster_security_configuration
        FOREIGN KEY (security_configuration_id, account)
        REFERENCES security_configuration (id, account);
CREATE UNIQUE INDEX virtual_cluster_one_per_security_configuration
    ON virtual_cluster (security_configuration_id) WHERE state <> 'TERMINATED';

-- One that is deleted stays deleted, and none is while a virtual cluster that lives has it.
CREATE FUNCTION security_configuration_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.deleted_at IS NOT NULL THEN
        RAISE EXCEPTION 'security configuration % is deleted', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'security_configuration_deleted_is_final';
    END IF;
    IF EXISTS (SELECT FROM virtual_cluster
        WHERE security_configuration_id = NEW.id AND state <> 'TERMINATED')
    THEN
        RAISE EXCEPTION 'a virtual cluster has security configuration %', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'security_configuration_is_unused';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER security_configuration_deletion
    BEFORE UPDATE ON security_configuration FOR EACH ROW
    WHEN (NEW.deleted_at IS DISTINCT FROM OLD.deleted_at)
    EXECUTE FUNCTION security_configuration_changes();

CREATE FUNCTION virtual_cluster_gets_security_configuration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM security_configuration
        WHERE id = NEW.security_configuration_id AND deleted_at IS NOT NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'security configuration % is deleted', NEW.security_configuration_id
            USING ERRCODE = 'check_violation',
                CONSTRAINT = 'virtual_cluster_security_configuration_is_there';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER virtual_cluster_security_configuration_is_there
    BEFORE INSERT OR UPDATE OF security_configuration_id ON virtual_cluster FOR EACH ROW
    WHEN (NEW.security_configuration_id IS NOT NULL)
    EXECUTE FUNCTION virtual_cluster_gets_security_configuration();

-- An update whose client token stands here was made.
CREATE TABLE virtual_cluster_update (
    virtual_cluster text COLLATE "C" NOT NULL REFERENCES virtual_cluster,
    client_token    text COLLATE "C" NOT NULL,
    request_hash    bytea NOT NULL,
    made_by         text NOT NULL,
    made_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (virtual_cluster, client_token),
    CONSTRAINT virtual_cluster_update_request_hash_length CHECK (octet_length(request_hash) = 32)
);
