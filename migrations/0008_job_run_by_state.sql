-- no-transaction
-- Lists of runs by state, and, merged over all states, of any: a state that few runs have is found
-- without reading the others. It makes each change of a state write every index of the table.
-- Ids sort by the time of creation, so no index needs both. The account follows from the virtual cluster.
CREATE INDEX CONCURRENTLY IF NOT EXISTS job_run_by_state ON job_run (virtual_cluster, state, id);
