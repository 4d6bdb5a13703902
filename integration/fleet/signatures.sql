-- Lines of `vmsieve inspect --ndjson` in, the table of crashes out: what DuckDB makes of them. {lines} is a file, or a pattern.
-- Each vmcore counts once, however often its line is there.
WITH lines AS (
  SELECT DISTINCT ON (vmcore) *
  FROM read_json('{lines}', format = 'newline_delimited', union_by_name = true, maximum_object_size = 268435456, columns = {{
    vmcore: 'VARCHAR', error: 'VARCHAR', complete: 'BOOLEAN',
    kernel: 'STRUCT(release VARCHAR, host VARCHAR)',
    crash: 'STRUCT(kind VARCHAR, finding VARCHAR, "time" BIGINT, signature STRUCT(hash VARCHAR, "text" VARCHAR))'
  }})
  ORDER BY vmcore
)
SELECT
  crash.signature.hash AS signature,
  coalesce(
    crash.signature.text, CASE WHEN error IS NOT NULL THEN 'not readable' END,
    'unknown' || coalesce(': ' || crash.kind, '')
  ) AS crash,
  count(*) AS count,
  list_sort(list_distinct(list(kernel.release))) AS kernels,
  strftime(to_timestamp(min(crash."time")) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S') AS first_seen,
  strftime(to_timestamp(max(crash."time")) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S') AS last_seen,
  list_sort(list_distinct(list(kernel.host))) AS hosts,
  count(*) FILTER (complete IS FALSE) AS incomplete,
  arg_max(vmcore, coalesce(crash."time", 0)) AS example,
  arg_max(coalesce(error, crash.finding), coalesce(crash."time", 0)) AS words
FROM lines
GROUP BY ALL
ORDER BY count DESC, last_seen DESC NULLS LAST, crash
