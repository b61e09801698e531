-- Who lists live runs passes by those that were in their states and have ended, until the indexes are
-- vacuumed: how many that are must not grow with the table, and few of its pages are reason enough.
ALTER TABLE job_run SET (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    vacuum_index_cleanup = on
);
