/**
 * Shows that a bill is exact whatever happens to a processor: starts PostgreSQL, ClickHouse and Prometheus (or uses those
 * at POSTGRES_URL and CLICKHOUSE_URL), puts some days of a made-up cloud into Prometheus, starts an API and two
 * processors that share the work, kills one of them in the middle of it, and holds the finished bill against the one that
 * is worked out here from the same figures. Everything it starts, it ends.
 *
 *   npx tsx examples/several-processors/run.ts [--projects 40] [--hours 240]
 */
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { type SeriesData, startPrometheus } from '../../packages/server/src/collectors/testing/start-prometheus.ts'
import { type Decimal, decimal, formatDecimal } from '../../packages/server/src/domain/decimal.ts'
import { Disposer } from '../../packages/server/src/lib/disposer.ts'
import { freePort } from '../../packages/server/src/lib/testing/free-port.ts'
import { billTable } from '../../packages/server/src/quickstart/bill-table.ts'
import { createTestDatabase } from '../../packages/server/src/state/testing/open-test-postgres.ts'
import { startClickHouse } from '../../packages/server/src/storage/testing/test-clickhouse.ts'
import { checkBuilt, ExampleApi, ROOT, toldToEnd } from '../example.ts'
import { runCloudtabbyd, type Started, startCloudtabbyd } from '../../test/cli/run-cloudtabbyd.ts'

const CONFIG = join(ROOT, 'examples/several-processors/cloudkitty.conf')
const POSTGRES = join(ROOT, 'scripts/services/postgres.sh')
const PROMETHEUS = join(ROOT, 'scripts/services/prometheus.sh')
/** What apt prints, at most. */
const LOG_BYTES = 64 * 1024 * 1024
const run = promisify(execFile)
const HOUR = 3600
const SAMPLE_SECONDS = 900
const INSTANCES = 4
const VOLUMES = 2
/** In millionths, so that the bill can be worked out in whole numbers: an hour of a flavor, and of a GiB. */
const FLAVORS = [
  { name: 'small', price: 21_000n },
  { name: 'large', price: 333_333n },
]
const GIB_PRICE = 137n
/** A processor is killed when so much of all is rated. */
const KILL_AT = 0.4
const DEADLINE_MS = 300_000

const { values: flags } = parseArgs({
  options: { projects: { type: 'string', default: '40' }, hours: { type: 'string', default: '240' } },
})
const projects = Array.from(
  { length: wholeNumber('projects', 1000) },
  (_, i) => `project-${String(i).padStart(3, '0')}`,
)
const hours = wholeNumber('hours', 744)
const end = Math.floor(Date.now() / 1000 / HOUR) * HOUR
const begin = end - hours * HOUR

await checkBuilt()
const stopped = toldToEnd()
const deadline = AbortSignal.any([stopped, AbortSignal.timeout(DEADLINE_MS)])

await using owned = new Disposer()
const env = await startServers()
const { status, text } = await runCloudtabbyd(['migrate', '--config-file', CONFIG], env)
if (status !== 0) throw new Error(`cloudtabbyd migrate ended with ${status}: ${text}`)

const apiProcess = start('api', 'api')
const [, address] = await apiProcess.prints(/Answering on (http:\S+?),/)
const api = new ExampleApi(address!, deadline)
await setPrices()
const first = start('processor', 'processor 1')
const second = start('processor', 'processor 2')
const total = projects.length * hours
await untilRated(total * KILL_AT)
first.process.kill('SIGKILL')
await first.exit()
console.log(`processor 1 (pid ${first.process.pid}) was killed in the middle of its work; processor 2 goes on`)
await untilRated(total)
await showBill()

/** Servers that are there are used; others are started, and ended and forgotten with this program. */
async function startServers(): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-several-'))
  // PostgreSQL runs as a user of its own.
  await chmod(folder, 0o755)
  owned.defer(() => rm(folder, { recursive: true, force: true }))

  const server = process.env['POSTGRES_URL'] ?? (await startPostgres(join(folder, 'postgres')))
  const state = await createTestDatabase({ server })
  owned.defer(state.drop)

  const clickhouse = process.env['CLICKHOUSE_URL'] ?? owned.use(await startClickHouse(join(folder, 'clickhouse'))).url
  console.log(`state is in PostgreSQL at ${new URL(state.url).host}, points are in ClickHouse at ${clickhouse}`)

  await run('bash', [PROMETHEUS, 'install'], { maxBuffer: LOG_BYTES })
  const { url } = owned.use(await startPrometheus([...cloud()]))
  console.log(`Prometheus at ${url} has ${hours} hours of ${projects.length} projects`)
  return {
    OS_STATE__URL: state.url,
    OS_STORAGE_CLICKHOUSE__URL: clickhouse,
    OS_STORAGE_CLICKHOUSE__DATABASE: state.name,
    OS_COLLECTOR_PROMETHEUS__PROMETHEUS_URL: url,
    OS_FETCHER_SOURCE__SOURCES: projects.join(','),
    OS_COLLECT__BEGIN: new Date(begin * 1000).toISOString(),
  }
}

async function startPostgres(dir: string): Promise<string> {
  const port = await freePort()
  owned.defer(async () => void (await run('bash', [POSTGRES, 'stop', '--dir', dir])))
  await run('bash', [POSTGRES, 'start', '--dir', dir, '--port', String(port)], { maxBuffer: LOG_BYTES })
  return `postgresql://postgres@127.0.0.1:${port}/postgres`
}

/** Every instance and volume has one value in each hour, sampled some times. */
function* cloud(): Generator<SeriesData> {
  for (const [p, project_id] of projects.entries()) {
    for (let i = 0; i < INSTANCES; i++) {
      const labels = { project_id, id: `${project_id}-vm-${i}`, flavor: FLAVORS[i % FLAVORS.length]!.name }
      yield { name: 'cloud_instance', labels, samples: samples(() => 1) }
    }
    for (let i = 0; i < VOLUMES; i++) {
      const labels = { project_id, id: `${project_id}-disk-${i}` }
      yield { name: 'cloud_volume_gib', labels, samples: samples((hour) => gibibytes(p, i, hour)) }
    }
  }
}

function samples(value: (hour: number) => number): [number, number][] {
  const all: [number, number][] = []
  // Off the hour, so that no sample lies on the border of two periods.
  for (let at = begin + SAMPLE_SECONDS / 2; at < end; at += SAMPLE_SECONDS) {
    all.push([at, value(Math.floor((at - begin) / HOUR))])
  }
  return all
}

function gibibytes(project: number, volume: number, hour: number): number {
  return 10 + ((project * 31 + volume * 17 + Math.floor(hour / 24) * 7) % 90)
}

/** In millionths, with nothing of CloudTabby. */
function expectedBill(): bigint {
  const instances = Array.from({ length: INSTANCES }, (_, i) => FLAVORS[i % FLAVORS.length]!.price)
  let millionths = instances.reduce((sum, price) => sum + price, 0n) * BigInt(projects.length * hours)
  for (const p of projects.keys()) {
    for (let i = 0; i < VOLUMES; i++) {
      for (let hour = 0; hour < hours; hour++) millionths += BigInt(gibibytes(p, i, hour)) * GIB_PRICE
    }
  }
  return millionths
}

function start(role: 'api' | 'processor', name: string): Started {
  const started = startCloudtabbyd(['serve', '--role', role, '--config-file', CONFIG], env)
  owned.defer(async () => {
    started.process.kill('SIGTERM')
    await started.exit()
  })
  console.log(`${name} is pid ${started.process.pid}`)
  return started
}

async function setPrices(): Promise<void> {
  const rules = '/v1/rating/module_config/hashmap'
  const instance = await api.ask('POST', `${rules}/services`, { name: 'instance' })
  const flavor = await api.ask('POST', `${rules}/fields`, { service_id: instance['service_id'], name: 'flavor' })
  for (const { name, price } of FLAVORS) {
    const mapping = {
      field_id: flavor['field_id'],
      value: name,
      cost: inUnits(price),
      type: 'flat',
      start: startOfAll(),
    }
    await api.ask('POST', `${rules}/mappings?force=true`, mapping)
  }
  const volume = await api.ask('POST', `${rules}/services`, { name: 'volume.size' })
  const mapping = { service_id: volume['service_id'], cost: inUnits(GIB_PRICE), type: 'flat', start: startOfAll() }
  await api.ask('POST', `${rules}/mappings?force=true`, mapping)
  await api.ask('PUT', '/v2/rating/modules/hashmap', { enabled: true })
}

/** Rules hold from now on unless they say otherwise. */
function startOfAll(): string {
  return new Date(begin * 1000).toISOString()
}

function inUnits(millionths: bigint): string {
  return `${millionths / 1_000_000n}.${String(millionths % 1_000_000n).padStart(6, '0')}`
}

/** Watches the scopes until so many scope-periods are rated, and shows how far they are. */
async function untilRated(scopePeriods: number): Promise<void> {
  let shown = -1
  for (;;) {
    const { results } = await api.ask<{ results: Scope[] }>('GET', '/v2/scope?limit=1000').catch(orNothing)
    const rated = results.reduce((sum, { last_processed_timestamp: last }) => {
      return sum + (last === null ? 0 : Math.max(0, Math.floor((Date.parse(last) / 1000 - begin) / HOUR) + 1))
    }, 0)
    const percent = Math.floor((rated / total) * 100)
    if (percent > shown)
      console.log(`${String(percent).padStart(3)} %: ${rated} of ${total} hours of projects are rated`)
    shown = percent
    if (rated >= scopePeriods) return
    if (second.process.exitCode !== null) throw new Error(`processor 2 has ended:\n${second.text()}`)
    await sleep(500, undefined, { signal: deadline }).catch(() => {
      if (stopped.aborted) throw stopped.reason as Error
      throw new Error(`it takes too long; processor 2 said last:\n${second.text().slice(-2000)}`)
    })
  }
}

interface Scope {
  readonly last_processed_timestamp: string | null
}

/** There are no scopes before the first processor has found some. */
function orNothing(error: unknown): { results: [] } {
  if (error instanceof Error && error.message.includes('HTTP 404')) return { results: [] }
  throw error
}

async function showBill(): Promise<void> {
  const range = `begin=${startOfAll()}&end=${new Date(end * 1000).toISOString()}`
  const rows = await api.summary(`${range}&groupby=project_id,type&limit=5000`)
  const shown = new Set(projects.slice(0, 5))
  const bill = rows.map(({ project_id: project, type, rate }) => ({
    scopeId: shown.has(String(project)) ? String(project) : 'the others',
    type: String(type),
    price: decimal(String(rate)),
  }))
  const [all] = await api.summary(
    `${range}&custom_fields=${encodeURIComponent('SUM(price) AS rate, COUNT(qty) AS points')}`,
  )
  const expected: Decimal = decimal(inUnits(expectedBill()))
  const points = projects.length * hours * (INSTANCES + VOLUMES)
  console.log(`\n${billTable(bill)}\n`)
  console.log(`points: ${String(all?.['points'])}, and there must be ${points}`)
  console.log(`price:  ${String(all?.['rate'])}, and it must be ${formatDecimal(expected)}`)
  if (String(all?.['points']) !== String(points) || String(all?.['rate']) !== formatDecimal(expected)) {
    throw new Error('the bill is wrong')
  }
  console.log('Nothing is lost, nothing is there twice.')
}

function wholeNumber(name: 'projects' | 'hours', most: number): number {
  const number = Number(flags[name])
  if (Number.isInteger(number) && number >= 1 && number <= most) return number
  throw new Error(`--${name} wants a whole number from 1 to ${most}`)
}
