import { expect, test } from 'vitest'
import type { Snapshot } from '../../domain/snapshot.ts'
import type { Statement } from './statement.ts'
import { DAY, HOUR, JUNE, query } from '../testing/points.ts'
import {
  deleteSql,
  dropPartitionSql,
  ofBatches,
  ofTombstones,
  partitionRangesSql,
  partitionsSql,
} from './delete-sql.ts'
import { pageWindowSql, pointsSql } from './retrieve-sql.ts'
import { samplesSql } from './sample-sql.ts'
import { foundationSql, type Layout, UPGRADES } from './schema.ts'
import { Params } from './statement.ts'
import { tablesOf } from './tables.ts'
import { totalSql } from './total-sql.ts'

/** What is sent, case by case: with a text here that is a parameter there, a change of it is seen in review. */

const tables = tablesOf('db')
const ALL: Snapshot = { highest: 9, hidden: [], tombstones: [] }
const alone: Layout = { database: 'db', cluster: undefined }
const cluster: Layout = { database: "it's", cluster: 'ma`in' }
const show = ({ sql, params }: Statement) =>
  `${sql}\n-- ${Object.entries(params)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ')}`

test('the tables of a single server', () => {
  expect([...foundationSql(alone), ...UPGRADES.flatMap((upgrade) => upgrade(alone))].join(';\n'))
    .toMatchInlineSnapshot(`
      "CREATE DATABASE IF NOT EXISTS \`db\`;
      CREATE TABLE IF NOT EXISTS \`db\`.schema_version (version Int64)
      ENGINE = ReplacingMergeTree ORDER BY version SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`db\`.series (id Int64, scope_id LowCardinality(String), type LowCardinality(String), unit LowCardinality(String),
        groupby String CODEC(ZSTD(3)), metadata String CODEC(ZSTD(3)))
      ENGINE = ReplacingMergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`db\`.attributes (name LowCardinality(String), scope_id LowCardinality(String), series Int64, value String CODEC(ZSTD(1)))
      ENGINE = ReplacingMergeTree ORDER BY (name, scope_id, series) SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`db\`.points (scope_id LowCardinality(String), type LowCardinality(String), unit LowCardinality(String), series Int64,
        begin_at Int64 CODEC(DoubleDelta, ZSTD(1)), end_at Int64 CODEC(DoubleDelta, ZSTD(1)),
        batch Int64 CODEC(DoubleDelta, ZSTD(1)), quantity Decimal(38, 18) CODEC(ZSTD(1)), price Decimal(38, 18) CODEC(ZSTD(1)),
        rules LowCardinality(String), INDEX batches batch TYPE minmax GRANULARITY 4)
      ENGINE = MergeTree PARTITION BY toYYYYMM(toDateTime64(begin_at, 0, 'UTC')) ORDER BY (scope_id, type, series, begin_at) SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`db\`.sample_series (id Int64, name LowCardinality(String), labels Map(String, String) CODEC(ZSTD(3)))
      ENGINE = ReplacingMergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`db\`.samples (name LowCardinality(String), series Int64, instant Int64 CODEC(DoubleDelta, ZSTD(1)),
        batch Int64 CODEC(DoubleDelta, ZSTD(1)), value Decimal(38, 18) CODEC(ZSTD(1)),
        INDEX batches batch TYPE minmax GRANULARITY 4)
      ENGINE = MergeTree PARTITION BY toYYYYMM(toDateTime64(instant, 0, 'UTC')) ORDER BY (name, series, instant) SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`db\`.store_identity (identity String)
      ENGINE = MergeTree ORDER BY identity SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`db\`.written (batch Int64 CODEC(DoubleDelta, ZSTD(1)), points Int64 CODEC(ZSTD(1)), samples Int64 CODEC(ZSTD(1)))
      ENGINE = MergeTree ORDER BY batch SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1"
    `)
})

test('the tables of a cluster', () => {
  expect([...foundationSql(cluster), ...UPGRADES.flatMap((upgrade) => upgrade(cluster))].join(';\n'))
    .toMatchInlineSnapshot(`
      "CREATE DATABASE IF NOT EXISTS \`it's\` ON CLUSTER \`ma\\\`in\`;
      CREATE TABLE IF NOT EXISTS \`it's\`.schema_version_local ON CLUSTER \`ma\\\`in\` (version Int64)
      ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      ORDER BY version SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`it's\`.schema_version ON CLUSTER \`ma\\\`in\` AS \`it's\`.schema_version_local
      ENGINE = Distributed('ma\`in', 'it\\'s', 'schema_version_local', version);
      CREATE TABLE IF NOT EXISTS \`it's\`.series_local ON CLUSTER \`ma\\\`in\` (id Int64, scope_id LowCardinality(String), type LowCardinality(String), unit LowCardinality(String),
        groupby String CODEC(ZSTD(3)), metadata String CODEC(ZSTD(3)))
      ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      ORDER BY id SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`it's\`.series ON CLUSTER \`ma\\\`in\` AS \`it's\`.series_local
      ENGINE = Distributed('ma\`in', 'it\\'s', 'series_local', sipHash64(scope_id));
      CREATE TABLE IF NOT EXISTS \`it's\`.attributes_local ON CLUSTER \`ma\\\`in\` (name LowCardinality(String), scope_id LowCardinality(String), series Int64, value String CODEC(ZSTD(1)))
      ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      ORDER BY (name, scope_id, series) SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`it's\`.attributes ON CLUSTER \`ma\\\`in\` AS \`it's\`.attributes_local
      ENGINE = Distributed('ma\`in', 'it\\'s', 'attributes_local', sipHash64(scope_id));
      CREATE TABLE IF NOT EXISTS \`it's\`.points_local ON CLUSTER \`ma\\\`in\` (scope_id LowCardinality(String), type LowCardinality(String), unit LowCardinality(String), series Int64,
        begin_at Int64 CODEC(DoubleDelta, ZSTD(1)), end_at Int64 CODEC(DoubleDelta, ZSTD(1)),
        batch Int64 CODEC(DoubleDelta, ZSTD(1)), quantity Decimal(38, 18) CODEC(ZSTD(1)), price Decimal(38, 18) CODEC(ZSTD(1)),
        rules LowCardinality(String), INDEX batches batch TYPE minmax GRANULARITY 4)
      ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      PARTITION BY toYYYYMM(toDateTime64(begin_at, 0, 'UTC')) ORDER BY (scope_id, type, series, begin_at) SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`it's\`.points ON CLUSTER \`ma\\\`in\` AS \`it's\`.points_local
      ENGINE = Distributed('ma\`in', 'it\\'s', 'points_local', sipHash64(scope_id));
      CREATE TABLE IF NOT EXISTS \`it's\`.sample_series_local ON CLUSTER \`ma\\\`in\` (id Int64, name LowCardinality(String), labels Map(String, String) CODEC(ZSTD(3)))
      ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      ORDER BY id SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`it's\`.sample_series ON CLUSTER \`ma\\\`in\` AS \`it's\`.sample_series_local
      ENGINE = Distributed('ma\`in', 'it\\'s', 'sample_series_local', sipHash64(id));
      CREATE TABLE IF NOT EXISTS \`it's\`.samples_local ON CLUSTER \`ma\\\`in\` (name LowCardinality(String), series Int64, instant Int64 CODEC(DoubleDelta, ZSTD(1)),
        batch Int64 CODEC(DoubleDelta, ZSTD(1)), value Decimal(38, 18) CODEC(ZSTD(1)),
        INDEX batches batch TYPE minmax GRANULARITY 4)
      ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      PARTITION BY toYYYYMM(toDateTime64(instant, 0, 'UTC')) ORDER BY (name, series, instant) SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`it's\`.samples ON CLUSTER \`ma\\\`in\` AS \`it's\`.samples_local
      ENGINE = Distributed('ma\`in', 'it\\'s', 'samples_local', sipHash64(series));
      CREATE TABLE IF NOT EXISTS \`it's\`.store_identity_local ON CLUSTER \`ma\\\`in\` (identity String)
      ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      ORDER BY identity SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`it's\`.store_identity ON CLUSTER \`ma\\\`in\` AS \`it's\`.store_identity_local
      ENGINE = Distributed('ma\`in', 'it\\'s', 'store_identity_local', 1);
      CREATE TABLE IF NOT EXISTS \`it's\`.written_local ON CLUSTER \`ma\\\`in\` (batch Int64 CODEC(DoubleDelta, ZSTD(1)), points Int64 CODEC(ZSTD(1)), samples Int64 CODEC(ZSTD(1)))
      ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
      ORDER BY batch SETTINGS replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
      CREATE TABLE IF NOT EXISTS \`it's\`.written ON CLUSTER \`ma\\\`in\` AS \`it's\`.written_local
      ENGINE = Distributed('ma\`in', 'it\\'s', 'written_local', batch)"
    `)
})

test('deletions on a cluster', () => {
  const [batches] = ofBatches([3, 5])
  const [tombstones] = ofTombstones([
    { scopeId: 'a', begin: JUNE, end: undefined, upTo: 4 },
    { scopeId: 'b', begin: JUNE, end: undefined, upTo: 4 },
    { scopeId: 'b', begin: JUNE, end: JUNE + DAY, upTo: 6 },
  ])
  expect(
    [
      partitionsSql(tables.points, batches!),
      deleteSql(cluster, 'points', '202606', batches!),
      deleteSql(cluster, 'samples', '202606', batches!),
      deleteSql(alone, 'points', '202606', tombstones!),
      partitionRangesSql(tables.samples, 'samples', JUNE),
      dropPartitionSql(cluster, 'points', '202605'),
    ]
      .map(show)
      .join('\n\n'),
  ).toMatchInlineSnapshot(`
    "SELECT DISTINCT _partition_id FROM \`db\`.points WHERE batch IN {p0:Array(Int64)}
    -- p0=[3,5]

    DELETE FROM \`it's\`.points_local ON CLUSTER \`ma\\\`in\` IN PARTITION ID '202606'
    WHERE batch IN {p0:Array(Int64)}
    -- p0=[3,5]

    DELETE FROM \`it's\`.samples_local ON CLUSTER \`ma\\\`in\` IN PARTITION ID '202606'
    WHERE batch IN {p0:Array(Int64)}
    -- p0=[3,5]

    DELETE FROM \`db\`.points IN PARTITION ID '202606'
    WHERE (scope_id IN {p0:Array(String)} AND begin_at >= {p1:Int64} AND batch <= {p2:Int64}) OR (scope_id IN {p4:Array(String)} AND begin_at >= {p5:Int64} AND begin_at < {p3:Int64} AND batch <= {p6:Int64})
    -- p0=["a","b"] p1=1780272000 p2=4 p3=1780358400 p4=["b"] p5=1780272000 p6=6

    SELECT _partition_id, max(instant), countIf(instant < {p0:Int64}) AS old FROM \`db\`.samples
    GROUP BY _partition_id HAVING min(instant) < {p1:Int64} ORDER BY _partition_id
    -- p0=1780272000 p1=1780272000

    ALTER TABLE \`it's\`.points_local ON CLUSTER \`ma\\\`in\` DROP PARTITION ID '202605'
    -- "
  `)
})

test('a total of everything', () => {
  expect(show(totalSql(query(), ALL, tables))).toMatchInlineSnapshot(`
    "SELECT count() OVER (), toString(v0), toString(v1), toString(v2) FROM (
    SELECT sum(s.i0) AS v0, sum(s.i1) AS v1, sum(s.i2) AS v2 FROM (
    SELECT count() AS i0, sum(toDecimal256(p.quantity, 18)) AS i1, sum(toDecimal256(p.price, 18)) AS i2
    FROM \`db\`.points AS p WHERE p.begin_at >= {p0:Int64} AND p.begin_at < {p1:Int64} AND p.batch <= {p2:Int64}
    ) AS s HAVING sum(s.i0) > 0
    ) OFFSET {p3:Int64}
    -- p0=1780272000 p1=1782864000 p2=9 p3=0"
  `)
})

test('a total by attributes, with what a snapshot hides', () => {
  const asked = query({
    types: ['instance'],
    attributes: new Map([
      ['project_id', ['alpha']],
      ['flavor', ['', 'small']],
      ['month', ['6']],
    ]),
    groupby: [{ by: 'type' }, { by: 'attribute', name: 'id' }],
    limit: 10,
    offset: 20,
  })
  const tombstones = [
    { scopeId: 'alpha', begin: JUNE, end: undefined, upTo: 4 },
    { scopeId: 'long ago', begin: 0, end: DAY, upTo: 4 },
  ]
  expect(show(totalSql(asked, { highest: 9, hidden: [3, 12], tombstones }, tables))).toMatchInlineSnapshot(`
    "SELECT count() OVER (), g0, g1, toString(v0), toString(v1), toString(v2) FROM (
    SELECT s.type AS g0, a1.value AS g1, sum(s.i0) AS v0, sum(s.i1) AS v1, sum(s.i2) AS v2 FROM (
    SELECT p.type AS type, p.series AS series, count() AS i0, sum(toDecimal256(p.quantity, 18)) AS i1, sum(toDecimal256(p.price, 18)) AS i2
    FROM \`db\`.points AS p ANY LEFT JOIN (SELECT tupleElement(w, 1) AS scope_id, groupArray(tupleElement(w, 2)) AS begins,
        groupArray(tupleElement(w, 3)) AS ends, groupArray(tupleElement(w, 4)) AS up_to
      FROM (SELECT arrayJoin(arrayZip({p11:Array(String)}, {p12:Array(Int64)}, {p13:Array(Int64)}, {p14:Array(Int64)})) AS w) GROUP BY scope_id) AS v ON v.scope_id = p.scope_id WHERE p.begin_at >= {p0:Int64} AND p.begin_at < {p1:Int64} AND p.batch <= {p2:Int64} AND p.batch NOT IN {p3:Array(Int64)} AND p.type IN {p4:Array(String)} AND intDiv(p.begin_at + {p9:Int64}, 86400) IN (SELECT day FROM (SELECT DISTINCT intDiv(p.begin_at + {p9:Int64}, 86400) AS day FROM \`db\`.points AS p WHERE p.begin_at >= {p0:Int64} AND p.begin_at < {p1:Int64})
        WHERE toString(toMonth(toDateTime64((day - 720000) * 86400, 0, 'UTC'))) IN {p10:Array(String)}) AND (p.scope_id, p.series) IN (SELECT scope_id, series FROM \`db\`.attributes WHERE name = {p5:String} AND value IN {p6:Array(String)}) AND p.series NOT IN (SELECT series FROM \`db\`.attributes WHERE name = {p7:String} AND value NOT IN {p8:Array(String)}) AND NOT arrayExists((b, e, u) -> p.begin_at >= b AND p.begin_at < e AND p.batch <= u,
      v.begins, v.ends, v.up_to) GROUP BY 1, 2
    ) AS s ANY LEFT JOIN (SELECT p.series AS series, p.value AS value FROM \`db\`.attributes AS p
      WHERE p.name = {p15:String} AND (p.scope_id, p.series) IN (SELECT scope_id, series FROM \`db\`.attributes WHERE name = {p5:String} AND value IN {p6:Array(String)}) AND p.series NOT IN (SELECT series FROM \`db\`.attributes WHERE name = {p7:String} AND value NOT IN {p8:Array(String)})) AS a1 ON a1.series = s.series GROUP BY 1, 2
    ) ORDER BY g0, g1 LIMIT {p16:Int64} OFFSET {p17:Int64}
    -- p0=1780272000 p1=1782864000 p2=9 p3=[3] p4=["instance"] p5="project_id" p6=["alpha"] p7="flavor" p8=["","small"] p9=62208000000 p10=["6"] p11=["alpha"] p12=[1780272000] p13=[9007199254740991] p14=[4] p15="id" p16=10 p17=20"
  `)
})

test('a total by time and an attribute, with all functions', () => {
  const values = (['first', 'mean', 'max', 'count'] as const).map((name) => ({
    function: name,
    column: 'price' as const,
    alias: name,
  }))
  const asked = query({
    groupby: [{ by: 'attribute', name: 'id' }],
    buckets: { seconds: HOUR, origin: 0 },
    values,
  })
  expect(show(totalSql(asked, ALL, tables))).toMatchInlineSnapshot(`
    "SELECT count() OVER (), bucket, g0, toString(v0), toString(tupleElement(v1, 2)), toString(v2), toString(v3) FROM (
    SELECT s.bucket AS bucket, s.t0 AS g0, sum(s.i0) AS v0, min(s.i1) AS v1, sum(s.i2) AS v2, max(s.i3) AS v3 FROM (
    SELECT if(p.end_at - p.begin_at = {p3:Int64}, p.begin_at,
        p.begin_at - positiveModulo(p.begin_at - {p4:Int64}, {p3:Int64})) AS bucket, a0.value AS t0, count() AS i0, min((p.begin_at, p.price)) AS i1, sum(toDecimal256(p.price, 18)) AS i2, max(p.price) AS i3
    FROM \`db\`.points AS p ANY LEFT JOIN (SELECT p.series AS series, p.value AS value FROM \`db\`.attributes AS p
      WHERE p.name = {p5:String}) AS a0 ON a0.series = p.series WHERE p.begin_at >= {p0:Int64} AND p.begin_at < {p1:Int64} AND p.batch <= {p2:Int64} GROUP BY 1, 2
    ) AS s GROUP BY 1, 2
    ) ORDER BY g0, bucket OFFSET {p6:Int64}
    -- p0=1780272000 p1=1782864000 p2=9 p3=3600 p4=0 p5="id" p6=0"
  `)
})

test('a page of points', () => {
  const asked = query({ offset: 40, limit: 20 })
  expect(
    [pageWindowSql(asked, ALL, tables), pointsSql(asked, ALL, tables, { offset: 2, limit: 20 })].map(show).join('\n\n'),
  ).toMatchInlineSnapshot(`
    "SELECT sum(points), countIf(up_to > {p3:Int64} AND up_to - points < {p4:Int64} + {p5:Int64}) > 0, minIf(begin_at, up_to > {p3:Int64} AND up_to - points < {p4:Int64} + {p5:Int64}), maxIf(begin_at, up_to > {p3:Int64} AND up_to - points < {p4:Int64} + {p5:Int64}),
      minIf(up_to - points, up_to > {p3:Int64} AND up_to - points < {p4:Int64} + {p5:Int64})
    FROM (SELECT begin_at, points, toInt64(sum(points) OVER (ORDER BY begin_at)) AS up_to
      FROM (SELECT p.begin_at AS begin_at, toInt64(count()) AS points FROM \`db\`.points AS p WHERE p.begin_at >= {p0:Int64} AND p.begin_at < {p1:Int64} AND p.batch <= {p2:Int64} GROUP BY p.begin_at))
    -- p0=1780272000 p1=1782864000 p2=9 p3=40 p4=40 p5=20

    SELECT p.begin_at, p.end_at, p.type, p.scope_id, p.series, p.quantity, p.price, p.rules, p.unit
    FROM \`db\`.points AS p WHERE p.begin_at >= {p0:Int64} AND p.begin_at < {p1:Int64} AND p.batch <= {p2:Int64}
    ORDER BY p.begin_at, p.end_at, p.type, p.scope_id, p.series, p.quantity, p.price, p.rules LIMIT {p3:Int64} OFFSET {p4:Int64}
    -- p0=1780272000 p1=1782864000 p2=9 p3=20 p4=2"
  `)
})

test('samples of periods', () => {
  const periods = [{ begin: JUNE, end: JUNE + HOUR }]
  const asked = { name: 'cpu', labels: ['id'], scopeKey: 'project_id', scopes: ['alpha'], periods } as const
  expect(
    (['last', 'time_weighted_mean'] as const)
      .map((method) => show(samplesSql({ ...asked, method }, ALL, tables)!))
      .join('\n\n'),
  ).toMatchInlineSnapshot(`
    "SELECT toString(tupleElement(max((x.instant, x.batch, x.value)), 3)), count(), intDiv(x.instant - {p0:Int64}, {p2:Int64}) AS period, w.label0 AS label0
    FROM \`db\`.samples AS x INNER JOIN (SELECT id AS series, labels[{p3:String}] AS label0 FROM \`db\`.sample_series
      WHERE name = {p5:String} AND labels[{p4:String}] <> '' AND labels[{p4:String}] IN {p6:Array(String)} LIMIT 1 BY id) AS w ON w.series = x.series WHERE x.name = {p8:String} AND x.series IN (SELECT series FROM (SELECT id AS series, labels[{p3:String}] AS label0 FROM \`db\`.sample_series
      WHERE name = {p5:String} AND labels[{p4:String}] <> '' AND labels[{p4:String}] IN {p6:Array(String)} LIMIT 1 BY id)) AND x.instant >= {p0:Int64} AND x.instant < {p1:Int64} AND x.batch <= {p7:Int64}
    GROUP BY period, label0 ORDER BY period, label0
    -- p0=1780272000 p1=1780275600 p2=3600 p3="id" p4="project_id" p5="cpu" p6=["alpha"] p7=9 p8="cpu"

    SELECT toString(sum(x.area)), count(), x.period AS period, w.label0 AS label0
    FROM (SELECT series, period, toDecimal256(value, 18) * (least(ifNull(instant_after, {p1:Int64}), period_begin + {p2:Int64}) - instant)
        + if(ifNull(instant_before < period_begin, 0), toDecimal256(ifNull(value_before, 0), 18) * (instant - period_begin), 0) AS area
      FROM (SELECT series, instant, value, intDiv(instant - {p0:Int64}, {p2:Int64}) AS period,
        {p0:Int64} + period * {p2:Int64} AS period_begin,
        lagInFrame(toNullable(instant)) OVER (PARTITION BY series ORDER BY instant ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS instant_before, lagInFrame(toNullable(value)) OVER (PARTITION BY series ORDER BY instant ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS value_before,
        leadInFrame(toNullable(instant)) OVER (PARTITION BY series ORDER BY instant ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS instant_after
      FROM (SELECT x.series AS series, x.instant AS instant, tupleElement(max((x.batch, x.value)), 2) AS value
      FROM \`db\`.samples AS x WHERE x.name = {p8:String} AND x.series IN (SELECT series FROM (SELECT id AS series, labels[{p3:String}] AS label0 FROM \`db\`.sample_series
      WHERE name = {p5:String} AND labels[{p4:String}] <> '' AND labels[{p4:String}] IN {p6:Array(String)} LIMIT 1 BY id)) AND x.instant >= {p0:Int64} AND x.instant < {p1:Int64} AND x.batch <= {p7:Int64} GROUP BY x.series, x.instant UNION ALL SELECT series, at AS instant, value FROM (SELECT x.series AS series, max(x.instant) AS at, tupleElement(max((x.instant, x.batch, x.value)), 3) AS value
      FROM \`db\`.samples AS x WHERE x.name = {p8:String} AND x.series IN (SELECT series FROM (SELECT id AS series, labels[{p3:String}] AS label0 FROM \`db\`.sample_series
      WHERE name = {p5:String} AND labels[{p4:String}] <> '' AND labels[{p4:String}] IN {p6:Array(String)} LIMIT 1 BY id)) AND x.instant < {p0:Int64} AND x.batch <= {p7:Int64} GROUP BY x.series))) WHERE instant >= {p0:Int64}) AS x INNER JOIN (SELECT id AS series, labels[{p3:String}] AS label0 FROM \`db\`.sample_series
      WHERE name = {p5:String} AND labels[{p4:String}] <> '' AND labels[{p4:String}] IN {p6:Array(String)} LIMIT 1 BY id) AS w ON w.series = x.series
    GROUP BY period, label0 ORDER BY period, label0
    -- p0=1780272000 p1=1780275600 p2=3600 p3="id" p4="project_id" p5="cpu" p6=["alpha"] p7=9 p8="cpu""
  `)
})

test('a list that is too long for one field goes in parts, and stays in order', () => {
  const params = new Params()
  const numbers = Array.from({ length: 7000 }, (_, i) => i)
  expect(params.integers(numbers)).toBe('arrayConcat({p0:Array(Int64)}, {p1:Array(Int64)}, {p2:Array(Int64)})')
  expect(Object.values(params.list).flat()).toEqual(numbers)
  expect(params.texts([])).toBe('{p3:Array(String)}')
  expect(params.texts(['x'.repeat(100_000), 'y'])).toBe('arrayConcat({p4:Array(String)}, {p5:Array(String)})')
})
