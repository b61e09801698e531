-- Revenue by country, from orders that are made up on the spot.
CREATE TEMPORARY VIEW orders AS
SELECT id, element_at(array('de', 'fr', 'jp', 'us'), cast(id % 4 AS int) + 1) AS country,
       (id * 37) % 101 AS amount
FROM range(100000);

SELECT country, count(*) AS orders, sum(amount) AS revenue
FROM orders GROUP BY country ORDER BY revenue DESC;
