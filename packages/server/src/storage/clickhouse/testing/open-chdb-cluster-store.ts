import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PointStore } from '../../point-store.ts'
import { type ChdbConnection, loadChdb } from '../../testing/chdb.ts'
import { openClickHouseStore } from '../open-clickhouse-store.ts'
import { connectChdb } from './connect-chdb.ts'
import { type Recycled, recycling } from './recycling.ts'

/** A cluster of one shard, which is this process: nothing listens at the port. */
const CONFIG = `<clickhouse>
  <tcp_port>9000</tcp_port>
  <remote_servers><main><shard>
    <internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>9000</port></replica>
  </shard></main></remote_servers>
</clickhouse>`

/** What needs a keeper, which is no part of chdb, goes from statements and settings; distributed tables stay. */
function withoutKeeper(sql: string): string {
  return sql
    .replace(' ON CLUSTER `main`', '')
    .replace(/Replicated(\w*MergeTree)\('[^']*', '\{replica\}'\)/, '$1')
    .replace(' replicated_deduplication_window', ' non_replicated_deduplication_window')
}

function here<T extends { query: string; clickhouse_settings?: object }>(params: T): T {
  const settings: Record<string, unknown> = { ...params.clickhouse_settings, prefer_localhost_replica: 1 }
  delete settings['insert_quorum']
  return { ...params, query: withoutKeeper(params.query), clickhouse_settings: settings }
}

function onCluster(connection: ChdbConnection): ChdbConnection {
  return {
    query: (params) => connection.query(here(params)),
    command: (params) => connection.command(here(params)),
    insert: (params) => connection.insert(here(params)),
    exec: (params) => connection.exec(here(params)),
    ping: (params) => connection.ping(params),
    close: () => connection.close(),
  }
}

function start(): Recycled {
  const chdb = loadChdb()
  const folder = mkdtempSync(join(tmpdir(), 'cloudtabby-chdb-cluster-'))
  const config = join(folder, 'config.xml')
  writeFileSync(config, CONFIG)
  // The configuration counts for the folder as long as this is open.
  const root = new chdb.Session(join(folder, 'data'), { connectionArgs: [`--config-file=${config}`] })
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return recycling(
    (database) =>
      openClickHouseStore({
        url: 'http://chdb',
        database,
        username: 'default',
        password: '',
        cluster: 'main',
        connection: onCluster(connectChdb(chdb, root.path)),
      }),
    (table) => root.queryAsync(`TRUNCATE TABLE ${table}_local`),
  )
}

let stores: Recycled | undefined

/** An empty store in the form that it has on a cluster, as far as one process can be one. */
export function openChdbClusterStore(): Promise<PointStore> {
  stores ??= start()
  return stores.open()
}
