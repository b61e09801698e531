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
    CONSTRAINT security_configuration_request_hash_length CHECK (octet_length(request_hash) = 32)
);
CREATE INDEX security_configuration_list
    ON security_configuration (account, created_at DESC, id DESC) WHERE deleted_at IS NULL;

ALTER TABLE virtual_cluster
    ALTER COLUMN security_configuration_id TYPE text COLLATE "C",
    ADD CONSTRAINT virtual_cluster_security_configuration
        FOREIGN KEY (security_configuration_id, account)
        REFERENCES security_configuration (id, account);
CREATE UNIQUE INDEX virtual_cluster_one_per_security_configuration
    ON virtual_cluster (security_configuration_id) WHERE state <> 'TERMINATED';

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
