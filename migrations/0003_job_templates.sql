-- Job templates. What one holds is either readable here or sealed with a master key.
CREATE TABLE job_template (
    id           text COLLATE "C" PRIMARY KEY,
    account      text COLLATE "C" NOT NULL,
    name         text NOT NULL,
    client_token text COLLATE "C" NOT NULL,
    request_hash bytea NOT NULL,
    data         jsonb,
    sealed_data  bytea,
    kms_key_arn  text,
    tags         jsonb NOT NULL,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT job_template_client_token UNIQUE (account, client_token),
    CONSTRAINT job_template_one_data CHECK (num_nonnulls(data, sealed_data) = 1),
    CONSTRAINT job_template_sealed_for_a_key CHECK (sealed_data IS NULL OR kms_key_arn IS NOT NULL),
    CONSTRAINT job_template_data CHECK (jsonb_typeof(data) = 'object'),
    CONSTRAINT job_template_tags CHECK (jsonb_typeof(tags) = 'object'),
    CONSTRAINT job_template_request_hash_length CHECK (octet_length(request_hash) = 32)
);
CREATE INDEX job_template_list ON job_template (account, created_at DESC, id DESC);
