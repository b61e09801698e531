-- How callers prove who they are. Nothing here lets a reader act for one: secrets are sealed with
-- the master key, which is not in the database, and of tokens there are hashes.

CREATE TABLE access_key (
    id            text COLLATE "C" PRIMARY KEY,
    account       text COLLATE "C" NOT NULL,
    name          text COLLATE "C" NOT NULL,
    kind          text COLLATE "C" NOT NULL,
    -- Of keys that sign.
    sealed_secret bytea,
    -- Of a session's token, or of the bearer token that is all of the key.
    token_hash    bytea,
    -- In IAM's JSON; without one, everything in the account.
    policy        jsonb,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz,
    revoked_at    timestamptz,
    CONSTRAINT access_key_kind CHECK (kind IN ('PERMANENT', 'TEMPORARY', 'BEARER')),
    CONSTRAINT access_key_id_form CHECK (id ~ (CASE kind
        WHEN 'PERMANENT' THEN '^AKIA' WHEN 'TEMPORARY' THEN '^ASIA' WHEN 'BEARER' THEN '^ABIA'
    END || '[A-Z2-7]{16}$')),
    CONSTRAINT access_key_account CHECK (account ~ '^[0-9]{12}$'),
    CONSTRAINT access_key_name CHECK (name ~ '^[A-Za-z0-9_+=,.@-]{1,64}$'),
    CONSTRAINT access_key_secret CHECK ((sealed_secret IS NOT NULL) = (kind <> 'BEARER')),
    CONSTRAINT access_key_token CHECK ((token_hash IS NOT NULL) = (kind <> 'PERMANENT')),
    CONSTRAINT access_key_token_hash_length CHECK (octet_length(token_hash) = 32),
    CONSTRAINT access_key_policy CHECK (jsonb_typeof(policy) = 'object'),
    CONSTRAINT access_key_expires_at CHECK (CASE kind
        WHEN 'PERMANENT' THEN expires_at IS NULL
        WHEN 'TEMPORARY' THEN expires_at IS NOT NULL
        ELSE true
    END),
    CONSTRAINT access_key_lives CHECK (expires_at > created_at)
);
CREATE INDEX access_key_list ON access_key (created_at, id);

-- A key is sealed anew or revoked. What else it is, and that it was revoked, is for good: another
-- account or policy is another key.
CREATE FUNCTION access_key_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'access key % cannot become another', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'access_key_is_final';
END $$;
CREATE TRIGGER access_key_is_final
    BEFORE UPDATE ON access_key FOR EACH ROW
    WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
        OR (NEW.id, NEW.account, NEW.name, NEW.kind, NEW.token_hash, NEW.policy, NEW.created_at,
            NEW.expires_at)
        IS DISTINCT FROM
           (OLD.id, OLD.account, OLD.name, OLD.kind, OLD.token_hash, OLD.policy, OLD.created_at,
            OLD.expires_at))
    EXECUTE FUNCTION access_key_changes();
