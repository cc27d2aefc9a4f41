import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClickHouseStore } from '@cloudtabby/server/storage/clickhouse/open-clickhouse-store'
import { openDuckDBStore } from '@cloudtabby/server/storage/duckdb/open-duckdb-store'
import type { PointStore } from '@cloudtabby/server/storage/point-store'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { openTestClickHouse } from '../packages/server/src/storage/testing/test-clickhouse.ts'

/** A kind of points store to be measured; what it keeps goes with it. */
export interface Engine extends AsyncDisposable {
  /** Said with the figures. */
  readonly note: string
  /** Again opens what is there. */
  open(): Promise<PointStore>
  /** What the points take on disk, by now. */
  bytes(): Promise<number>
}

export async function duckdbEngine(): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-storage-'))
  const path = join(folder, 'points.duckdb')
  return {
    note: 'DuckDB',
    open: () => openDuckDBStore({ path }),
    bytes: async () => (await stat(path)).size,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

/** At `CLICKHOUSE_URL`; without it, ClickHouse's engine in a process of its own, over HTTP all the same. */
export async function clickhouseEngine(): Promise<Engine> {
  const { url, database, ...server } = await openTestClickHouse()
  const client = createClient({ url, request_timeout: 600_000, log: { level: ClickHouseLogLevel.OFF } })
  const select = async (query: string): Promise<number> => {
    const rows = await (await client.query({ query, format: 'JSONCompactEachRow' })).json<[string]>()
    return Number(rows[0]![0])
  }
  return {
    note: process.env['CLICKHOUSE_URL'] ? `ClickHouse at ${url}` : 'ClickHouse by chdb in a process beside, over HTTP',
    open: () => openClickHouseStore({ url, database, username: 'default', password: '' }),
    async bytes() {
      // As after a quiet hour: in the long run merges leave a month in few parts.
      await client.command({ query: `OPTIMIZE TABLE ${database}.points FINAL` })
      return select(`SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = '${database}'`)
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await server[Symbol.asyncDispose]()
    },
  }
}
