import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import type { Disposer } from '../../packages/server/src/lib/disposer.ts'
import { type PowerCutDisk, powerCutDisk } from '../../packages/server/src/lib/testing/power-cut-disk.ts'
import { temporaryFolder } from '../../packages/server/src/lib/testing/temporary-folder.ts'
import { smallDisk } from '../../packages/server/src/storage/testing/full-disk.ts'
import { LEASE_SECONDS, type RoundPlan } from './plan.ts'
import { type Rig, SCARCE_CLICKHOUSE_BYTES } from './rig.ts'
import { SCOPES } from './truth.ts'

/** Room for the embedded stores and what they write in between; less is left when the disk is full. */
const DISK_MEGABYTES = 400
const POWER_CUT_DISK_MEGABYTES = 1024
/** The least that it takes. */
const SCARCE_DUCKDB = '64MiB'

export interface RoundFolder {
  readonly path: string
  /** The disk it is on, where the round cuts its power. */
  readonly disk: PowerCutDisk | undefined
}

export async function roundFolder(plan: RoundPlan, owned: Disposer): Promise<RoundFolder> {
  const has = (fault: string): boolean => plan.events.some((event) => event.fault === fault)
  if (has('power')) {
    const disk = await powerCutDisk(POWER_CUT_DISK_MEGABYTES)
    if (!disk) throw new Error('a disk whose power can be cut cannot be mounted')
    owned.use(disk)
    return { path: disk.folder, disk }
  }
  if (has('disk')) {
    const disk = await smallDisk(DISK_MEGABYTES)
    if (disk) return { path: owned.use(disk).folder, disk: undefined }
  }
  return { path: owned.use(await temporaryFolder()).path, disk: undefined }
}

/** Puts on disk what a round was given; what its processes write is theirs to put there. */
export function syncFolder({ path, disk }: RoundFolder): void {
  if (disk) execFileSync('sync', ['--file-system', path])
}

export interface StorePaths {
  /** As `[state] url` wants it. */
  readonly state: string
  /** Undefined: points are in DuckDB. */
  readonly clickhouse: { readonly url: string; readonly database: string } | undefined
}

export async function prepareStores(
  { layout }: RoundPlan,
  rig: Rig,
  folder: string,
  owned: Disposer,
): Promise<StorePaths> {
  if (layout === 'embedded') {
    await rig.copyState(join(folder, 'state'))
    return { state: `pglite:${join(folder, 'state')}`, clickhouse: undefined }
  }
  const state = await rig.createState()
  owned.defer(state.drop)
  if (layout === 'postgres') return { state: state.url, clickhouse: undefined }
  owned.defer(() => rig.clickhouse!.dropDatabase(state.name))
  return { state: state.url, clickhouse: { url: rig.clickhouse!.url, database: state.name } }
}

/** The points of a round that has no ClickHouse. */
export function pointsFile(folder: string): string {
  return join(folder, 'points.duckdb')
}

export interface RoundConfiguration extends StorePaths {
  readonly begin: number
  readonly folder: string
  /** Where Prometheus answers. */
  readonly source: string
  readonly isMemoryScarce: boolean
}

export function configuration({
  begin,
  folder,
  source,
  state,
  clickhouse,
  isMemoryScarce,
}: RoundConfiguration): string {
  const scarce = isMemoryScarce ? `?clickhouse_setting_max_memory_usage_for_user=${SCARCE_CLICKHOUSE_BYTES}` : ''
  const points = clickhouse
    ? `[storage]
backend = clickhouse
[storage_clickhouse]
url = ${clickhouse.url}${scarce}
database = ${clickhouse.database}`
    : `[storage_duckdb]
path = ${pointsFile(folder)}
${isMemoryScarce ? `memory_limit = ${SCARCE_DUCKDB}` : ''}`
  return `[DEFAULT]
auth_strategy = noauth
[api]
port = 0
answer_timeout = 10
[fetcher]
backend = source
[fetcher_source]
sources = ${SCOPES.join(',')}
[collect]
collector = prometheus
metrics_conf = ${join(import.meta.dirname, 'metrics.yml')}
begin = ${formatInstant(begin)}
wait_periods = 1
[collector_prometheus]
prometheus_url = ${source}
timeout = 2
[processor]
max_points_per_batch = 1000
lease_seconds = ${LEASE_SECONDS}
look_seconds = 0.2
backoff_seconds_min = 0.1
backoff_seconds_max = 0.5
[state]
url = ${state}
${points}
`
}
