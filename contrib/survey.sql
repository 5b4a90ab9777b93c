-- What the records of `tcpshake survey` say, asked by DuckDB. In the folder of the records:
--
--     duckdb -f survey.sql            everything below, as text
--     duckdb -init survey.sql         the same, then questions of your own
--
-- The keys are those of doc/tcpshake.schema.json, and the test-suite holds them to it. A torn last
-- line is passed over. Where a session has several records, because one shard was run twice, one
-- counts.

CREATE OR REPLACE TABLE result AS
SELECT DISTINCT ON (session) * EXCLUDE (v, type)
FROM read_json(
    '*.ndjson',
    format = 'newline_delimited',
    ignore_errors = true,
    columns = {
        v: 'INTEGER',
        type: 'VARCHAR',
        session: 'UINTEGER',
        command: 'VARCHAR',
        target: 'VARCHAR',
        name: 'VARCHAR',
        outcome: 'VARCHAR',
        reason: 'VARCHAR',
        rtt_us: 'DOUBLE',
        rtt_slack_us: 'DOUBLE',
        peer_ttl: 'UTINYINT',
        peer_win: 'USMALLINT',
        peer_options: 'STRUCT(mss USMALLINT, wscale UTINYINT, sack_permitted BOOLEAN, ts_val UINTEGER)',
        retransmissions: 'UINTEGER',
        gaps_us: 'DOUBLE[]',
        "end": 'VARCHAR',
        waited_s: 'DOUBLE',
        lived_s: 'DOUBLE',
        model: 'STRUCT(first_s DOUBLE, factor DOUBLE, cap_s DOUBLE, fits BOOLEAN)',
        nearest: 'STRUCT(stack VARCHAR, distance DOUBLE, fits BOOLEAN, missing UINTEGER, tries UINTEGER)[]',
        alternatives: 'STRUCT(stack VARCHAR, missing UINTEGER, distance DOUBLE, needs_listen_s DOUBLE)[]',
        doubtful: 'BOOLEAN',
        incomplete: 'VARCHAR',
        syns: 'UBIGINT',
        segments_back: 'UBIGINT',
        octets_back: 'UBIGINT',
        kernel_quiet: 'BOOLEAN',
        capture_dropped: 'UBIGINT'
    })
WHERE v = 1 AND type = 'result'
ORDER BY session;

-- How the targets answered.
SELECT outcome, count(*) AS targets,
       round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS percent
FROM result
GROUP BY outcome
ORDER BY targets DESC;

-- Why some were not probed at all.
SELECT reason, count(*) AS targets, min(target) AS example
FROM result
WHERE reason IS NOT NULL
GROUP BY reason
ORDER BY targets DESC
LIMIT 10;

-- On which schedules the SYN-ACK came again.
SELECT round(model.first_s, 1) AS first_s, round(model.factor, 1) AS factor,
       round(model.cap_s) AS cap_s, retransmissions, "end", count(*) AS targets,
       count(incomplete) AS perhaps_incomplete,
       mode(nearest[1].stack) FILTER (WHERE nearest[1].missing = 0) AS timing_of,
       count(*) FILTER (WHERE len(alternatives) > 0) AS or_others
FROM result
WHERE "end" IS NOT NULL
GROUP BY ALL
ORDER BY targets DESC
LIMIT 20;

-- Each gap by its place in the series: which are sharp, which are not.
SELECT place, count(*) AS measured, round(quantile_cont(gap, 0.05) / 1e6, 3) AS p5_s,
       round(median(gap) / 1e6, 3) AS median_s, round(quantile_cont(gap, 0.95) / 1e6, 3) AS p95_s
FROM (SELECT unnest(gaps_us) AS gap, generate_subscripts(gaps_us, 1) AS place FROM result)
GROUP BY place
ORDER BY place;

-- Round trips, by what answered.
SELECT outcome, count(*) AS measured, round(min(rtt_us), 1) AS min_us,
       round(quantile_cont(rtt_us, 0.5), 1) AS p50_us, round(quantile_cont(rtt_us, 0.95), 1) AS p95_us,
       round(quantile_cont(rtt_us, 0.99), 1) AS p99_us, round(max(rtt_us), 1) AS max_us
FROM result
WHERE rtt_us IS NOT NULL
GROUP BY outcome
ORDER BY outcome;

-- What one SYN brings back: over all, and from whom the most.
SELECT sum(syns) AS syns, round(sum(segments_back) / sum(syns), 2) AS segments_a_syn,
       round(sum(octets_back) / sum(syns), 1) AS octets_a_syn
FROM result;

SELECT target, outcome, syns, segments_back, octets_back,
       round(octets_back / syns, 1) AS octets_a_syn
FROM result
WHERE syns > 0
ORDER BY octets_a_syn DESC, session
LIMIT 10;

-- Hosts whose ports differ: a join of the table with itself.
CREATE OR REPLACE VIEW host AS
SELECT *, regexp_replace(target, ':[0-9]+$', '') AS host,
       CAST(regexp_extract(target, ':([0-9]+)$', 1) AS INTEGER) AS port
FROM result;

SELECT a.host, a.port AS open_port, b.port AS other_port, b.outcome AS other,
       b.retransmissions AS other_retransmissions
FROM host AS a JOIN host AS b ON a.host = b.host AND a.port <> b.port
WHERE a.outcome = 'open' AND (b.outcome <> 'open' OR b.retransmissions > a.retransmissions)
ORDER BY a.host, a.port, b.port
LIMIT 20;

-- Results that the probing host itself may have spoiled: probe these again.
SELECT count(*) AS spoiled, count(*) FILTER (WHERE NOT kernel_quiet) AS kernel_spoke,
       count(*) FILTER (WHERE capture_dropped > 0) AS capture_dropped
FROM result
WHERE NOT kernel_quiet OR capture_dropped > 0;
