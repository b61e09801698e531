-- no-transaction
-- The same for the runs of one name.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_run_by_name
    ON job_run (virtual_cluster, name, state, id) WHERE name IS NOT NULL;
