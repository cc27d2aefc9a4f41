import { quoteIdentifier, quoteText } from './tables.ts'

/** Where the tables are. With a cluster each is a replicated table on every shard and a distributed one above it. */
export interface Layout {
  readonly database: string
  readonly cluster: string | undefined
}

interface Table {
  readonly name: string
  readonly columns: string
  /** With what follows the engine's name: partitions and order. */
  readonly engine: 'MergeTree' | 'ReplacingMergeTree'
  readonly keys: string
  /** What says on which shard a row lies. */
  readonly shard: string
}

/**
 * So many insertions are remembered by the id we give them (`insert_deduplication_token`): one that is sent again, because
 * its answer was lost, is not done twice. Sent again is within seconds; a thousand insertions take longer.
 */
const REMEMBERED_INSERTIONS = 1000
/** What is committed in state must not go with a power cut. */
const LASTING = 'fsync_after_insert = 1, fsync_part_directory = 1'

/**
 * Sorted by scope, type and series, so that a series' points lie side by side: instants and batches then go up evenly, and
 * most quantities are those of the point before. See docs/decisions/ for what was measured.
 */
const TABLES: readonly Table[] = [
  {
    // groupby and metadata are JSON as it was given; id is domain/series.ts's. Rows of one id say the same.
    name: 'series',
    columns: `id Int64, scope_id LowCardinality(String), type LowCardinality(String), unit LowCardinality(String),
  groupby String CODEC(ZSTD(3)), metadata String CODEC(ZSTD(3))`,
    engine: 'ReplacingMergeTree',
    keys: 'ORDER BY id',
    shard: 'sipHash64(scope_id)',
  },
  {
    // A series' attributes as the texts they are filtered and grouped by; groupby has won over metadata; empty texts are
    // left out. A table, not a Map: a query reads one name of all series, not all names.
    name: 'attributes',
    columns: `name LowCardinality(String), scope_id LowCardinality(String), series Int64, value String CODEC(ZSTD(1))`,
    engine: 'ReplacingMergeTree',
    keys: 'ORDER BY (name, scope_id, series)',
    shard: 'sipHash64(scope_id)',
  },
  {
    // Instants are Unix seconds. Batches go up with the months: who looks for one skips the other months by the index.
    // rules: JSON list of rule ids in the order they were applied; there are few such lists.
    name: 'points',
    columns: `scope_id LowCardinality(String), type LowCardinality(String), unit LowCardinality(String), series Int64,
  begin_at Int64 CODEC(DoubleDelta, ZSTD(1)), end_at Int64 CODEC(DoubleDelta, ZSTD(1)),
  batch Int64 CODEC(DoubleDelta, ZSTD(1)), quantity Decimal(38, 18) CODEC(ZSTD(1)), price Decimal(38, 18) CODEC(ZSTD(1)),
  rules LowCardinality(String), INDEX batches batch TYPE minmax GRANULARITY 4`,
    engine: 'MergeTree',
    keys: `PARTITION BY toYYYYMM(toDateTime64(begin_at, 0, 'UTC')) ORDER BY (scope_id, type, series, begin_at)`,
    shard: 'sipHash64(scope_id)',
  },
  {
    // id: the first 8 bytes, signed, of the SHA-256 of the name and the labels sorted by name.
    name: 'sample_series',
    columns: 'id Int64, name LowCardinality(String), labels Map(String, String) CODEC(ZSTD(3))',
    engine: 'ReplacingMergeTree',
    keys: 'ORDER BY id',
    shard: 'sipHash64(id)',
  },
  {
    name: 'samples',
    columns: `name LowCardinality(String), series Int64, instant Int64 CODEC(DoubleDelta, ZSTD(1)),
  batch Int64 CODEC(DoubleDelta, ZSTD(1)), value Decimal(38, 18) CODEC(ZSTD(1)),
  INDEX batches batch TYPE minmax GRANULARITY 4`,
    engine: 'MergeTree',
    keys: `PARTITION BY toYYYYMM(toDateTime64(instant, 0, 'UTC')) ORDER BY (name, series, instant)`,
    shard: 'sipHash64(series)',
  },
]

/** Since version 2. */
const NOTES: readonly Table[] = [
  {
    // One row: which store this is; its copies say the same.
    name: 'store_identity',
    columns: 'identity String',
    engine: 'MergeTree',
    keys: 'ORDER BY identity',
    // On one shard, which then knows that it was written before.
    shard: '1',
  },
  {
    // Rows that each write has written, kept when they are deleted.
    name: 'written',
    columns: `batch Int64 CODEC(DoubleDelta, ZSTD(1)), points Int64 CODEC(ZSTD(1)), samples Int64 CODEC(ZSTD(1))`,
    engine: 'MergeTree',
    keys: 'ORDER BY batch',
    shard: 'batch',
  },
]

const SCHEMA_VERSION: Table = {
  name: 'schema_version',
  columns: 'version Int64',
  engine: 'ReplacingMergeTree',
  keys: 'ORDER BY version',
  shard: 'version',
}

/**
 * Upgrades: entry N brings the tables from version N to N + 1. Entries that were released are never changed. ClickHouse has
 * no transactions and several processes may open the store at once: every statement must be one that again is harmless.
 */
export const UPGRADES: readonly ((layout: Layout) => readonly string[])[] = [
  (layout) => TABLES.flatMap((table) => createTable(table, layout)),
  (layout) => NOTES.flatMap((table) => createTable(table, layout)),
]

/** What must be there before the version can be asked for. */
export function foundationSql(layout: Layout): string[] {
  return [
    `CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(layout.database)}${onCluster(layout)}`,
    ...createTable(SCHEMA_VERSION, layout),
  ]
}

export function onCluster({ cluster }: Layout): string {
  return cluster === undefined ? '' : ` ON CLUSTER ${quoteIdentifier(cluster)}`
}

/** The table that holds the rows, for what a distributed table cannot do. */
export function localTable(name: 'points' | 'samples' | 'written', { database, cluster }: Layout): string {
  return `${quoteIdentifier(database)}.${name}${cluster === undefined ? '' : '_local'}`
}

function createTable({ name, columns, engine, keys, shard }: Table, layout: Layout): string[] {
  const database = quoteIdentifier(layout.database)
  if (layout.cluster === undefined) {
    return [
      `CREATE TABLE IF NOT EXISTS ${database}.${name} (${columns})
ENGINE = ${engine} ${keys} SETTINGS non_replicated_deduplication_window = ${REMEMBERED_INSERTIONS}, ${LASTING}`,
    ]
  }
  // {shard}, {replica}, {database} and {table} are macros that the servers put in, the first two from their configuration.
  return [
    `CREATE TABLE IF NOT EXISTS ${database}.${name}_local${onCluster(layout)} (${columns})
ENGINE = Replicated${engine}('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
${keys} SETTINGS replicated_deduplication_window = ${REMEMBERED_INSERTIONS}, ${LASTING}`,
    `CREATE TABLE IF NOT EXISTS ${database}.${name}${onCluster(layout)} AS ${database}.${name}_local
ENGINE = Distributed(${quoteText(layout.cluster)}, ${quoteText(layout.database)}, ${quoteText(`${name}_local`)}, ${shard})`,
  ]
}
