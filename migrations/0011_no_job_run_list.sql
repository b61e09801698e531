-- no-transaction
-- No list goes by it any more.
DROP INDEX CONCURRENTLY IF EXISTS job_run_list;
