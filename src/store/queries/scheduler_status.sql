-- Through the rows of work: runs that are over and tidied up, however many, are not looked at.
SELECT
    place.id AS "id!",
    count(*) FILTER (WHERE job_run.state < 'RUNNING') AS "in_queue!",
    count(*) FILTER (WHERE job_run.state = 'RUNNING') AS "concurrent!"
FROM virtual_cluster AS place
JOIN work ON work.cluster = place.cluster AND work.account = place.account
    AND work.virtual_cluster = place.id
JOIN job_run ON job_run.id = work.run
WHERE place.id = ANY($1::text[])
GROUP BY place.id
