import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { decimal } from '@cloudtabby/server/domain/decimal'
import type { Point } from '@cloudtabby/server/domain/point'
import { type Series, toSeries } from '@cloudtabby/server/domain/series'
import { open } from '@cloudtabby/server/commands/invocation'
import { Agent, request } from 'undici'
import { runCloudtabbyd, startCloudtabbyd } from '../test/cli/run-cloudtabbyd.ts'
import { medianOf, type Measure } from './measure.ts'

const METRICS = resolve(import.meta.dirname, '../examples/quickstart/metrics.yml')
const BEGIN = Date.UTC(2026, 9, 1) / 1000
const HOUR = 3600
/** The lab's month: 20 projects x 70 resources x 720 hours, 1,008,000 points. */
export const MONTH = { projects: 20, series: 1_400, hours: 720 }
/** And ten times as many of both, half of it in the same month. */
const TWENTY_TIMES = { projects: 1_000, series: 20_000, hours: 500 }
const RUNS = 21
const WARM_UP = 100
const CLIENTS = 32
const CLIENT_SECONDS = 10
const PUSH_SECONDS = 10
const PUSH_CLIENTS = 4
const PUSH_POINTS = 1_000

const agent = new Agent({ connections: CLIENTS, pipelining: 1 })

export interface Cloud {
  readonly projects: number
  readonly series: number
  readonly hours: number
  /** Of the projects' names, `project` if absent. */
  readonly name?: string
}

/** `cloudtabbyd serve` as a process of its own, asked over HTTP, with its embedded stores. */
export async function benchApi(): Promise<Measure[]> {
  return [...(await summaries()), ...(await tenants()), ...(await pushes())]
}

async function summaries(): Promise<Measure[]> {
  await using service = await start(MONTH)
  const questions = ['', 'groupby=project_id', 'groupby=id&limit=100', 'groupby=time'].map((query) => ({
    name: `GET /v2/summary on 1 M points, ${query || 'none'}`,
    path: `/v2/summary?begin=2026-10-01&end=2026-11-01&${query}`,
  }))
  // As of a service that has been at work: a new one's first hundred answers take twice as long.
  for (let run = 0; run < WARM_UP; run++) for (const { path } of questions) await service.get(path)
  const measures: Measure[] = []
  for (const { name, path } of questions) {
    measures.push({ name, value: await medianOf(RUNS, () => service.get(path)), unit: 'ms', note: 'after 400 others' })
  }
  return [
    ...measures,
    { name: 'cloudtabbyd serve, from start to answering on 1 M points', value: service.startedMs, unit: 'ms' },
    { name: 'its memory then', value: service.megabytes(), unit: 'MB', note: 'resident' },
  ]
}

async function tenants(): Promise<Measure[]> {
  await using service = await start(TWENTY_TIMES)
  const { projects } = TWENTY_TIMES
  const ask = (project: number) =>
    service.get(`/v2/summary?begin=2026-10-01&end=2026-11-01&groupby=type&filters=project_id:project-${project}`)
  const name = `a tenant's month by type, ${CLIENTS} clients, 10 M points`
  const first = await load(ask, (asked) => asked < projects)
  const until = performance.now() + CLIENT_SECONDS * 1000
  const again = await load(
    (asked) => ask(asked % projects),
    () => performance.now() < until,
  )
  return [
    { name, value: again.perSecond, unit: 'requests/s', note: 'each had asked before' },
    { name: `${name}: p99`, value: again.p99, unit: 'ms' },
    { name, value: first.perSecond, unit: 'requests/s', note: 'the first question of each, to a new service' },
    { name: `${name}: p99`, value: first.p99, unit: 'ms', note: 'the first question of each' },
    { name: 'memory then', value: service.megabytes(), unit: 'MB', note: 'resident' },
  ]
}

/** Asks from all clients at once, as long as `goes` says so of the number of questions before. */
async function load(
  ask: (asked: number) => Promise<void>,
  goes: (asked: number) => boolean,
): Promise<{ perSecond: number; p99: number }> {
  const latencies: number[] = []
  const begin = performance.now()
  let asked = 0
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (goes(asked)) {
        const sent = performance.now()
        await ask(asked++)
        latencies.push(performance.now() - sent)
      }
    }),
  )
  const seconds = (performance.now() - begin) / 1000
  const sorted = latencies.toSorted((a, b) => a - b)
  return {
    perSecond: Math.round(latencies.length / seconds),
    p99: Math.round(sorted[Math.floor(sorted.length * 0.99)]!),
  }
}

async function pushes(): Promise<Measure[]> {
  await using service = await start({ projects: 1, series: 1, hours: 1 })
  const bodies = Array.from({ length: 24 }, (_, hour) => pushBody(hour))
  const until = performance.now() + PUSH_SECONDS * 1000
  let pushed = 0
  await Promise.all(
    Array.from({ length: PUSH_CLIENTS }, async () => {
      while (performance.now() < until) await service.push(bodies[pushed++ % bodies.length]!)
    }),
  )
  const name = `POST /v2/dataframes, ${PUSH_POINTS.toLocaleString('en')} points a request`
  const value = Math.round((pushed * PUSH_POINTS) / PUSH_SECONDS)
  return [{ name, value, unit: 'points/s', note: `${PUSH_CLIENTS} clients` }]
}

export interface Service extends AsyncDisposable {
  readonly url: string
  /** Milliseconds from the start of the process until it answers. */
  readonly startedMs: number
  get(path: string): Promise<void>
  push(body: string): Promise<void>
  /** Resident memory of the process now. */
  megabytes(): number
}

/** A service over these clouds, one after the other in the same hours; `conf` is put behind its configuration. */
export async function start(clouds: Cloud | readonly Cloud[], conf = ''): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-bench-api-'))
  const file = join(folder, 'cloudkitty.conf')
  await writeFile(
    file,
    `[DEFAULT]
auth_strategy = noauth
log_file = ${join(folder, 'log')}
[collect]
collector = samples
metrics_conf = ${METRICS}
[state]
url = pglite:${join(folder, 'state')}
[storage_duckdb]
path = ${join(folder, 'points.duckdb')}
[api]
port = 0
${conf}`,
  )
  // A process of its own makes the stores: what is measured is work on existing ones.
  const { status, text } = await runCloudtabbyd(['migrate', '--config-file', file])
  if (status !== 0) throw new Error(`cloudtabbyd migrate ended with ${status}: ${text}`)
  for (const cloud of [clouds].flat()) await fill(file, folder, cloud)

  const begin = performance.now()
  const service = startCloudtabbyd(['serve', '--role', 'api', '--config-file', file])
  const [, url] = await service.prints(/Answering on (http:\S+?),/)
  return {
    url: url!,
    startedMs: Math.round(performance.now() - begin),
    async get(path) {
      const { statusCode, body } = await request(`${url}${path}`, { dispatcher: agent })
      const text = await body.text()
      if (statusCode !== 200) throw new Error(`${path} was answered with ${statusCode}: ${text}`)
    },
    async push(body) {
      const headers = { 'content-type': 'application/json' }
      const answer = await request(`${url}/v2/dataframes`, { method: 'POST', headers, body, dispatcher: agent })
      const text = await answer.body.text()
      if (answer.statusCode !== 204) throw new Error(`a push was answered with ${answer.statusCode}: ${text}`)
    },
    megabytes() {
      const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${service.process.pid}/status`, 'utf8'))!
      return Math.round(Number(kilobytes) / 1024)
    },
    async [Symbol.asyncDispose]() {
      service.process.kill('SIGTERM')
      await service.exit()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A committed batch for every hour, as a processor leaves them. */
async function fill(file: string, cwd: string, { projects, series, hours, name = 'project' }: Cloud): Promise<void> {
  const { signal } = new AbortController()
  await using service = await open({ files: [file], dirs: [], env: {}, cwd, signal, terminal: false, print: () => {} })
  const cloud = Array.from({ length: series }, (_, i) => seriesOf(i, projects, name))
  for (let hour = 0; hour < hours; hour++) {
    const batch = await service.batches.begin('imported')
    await service.store.write(batch, pointsOf(cloud, hour))
    await service.batches.commit(batch)
  }
}

const TYPES = ['instance', 'volume.size', 'image.size', 'ip.floating', 'network.outgoing.bytes', 'storage', 'snapshot']

function seriesOf(i: number, projects: number, name: string): Series {
  const scopeId = `${name}-${i % projects}`
  return toSeries({
    scopeId,
    type: TYPES[i % TYPES.length]!,
    unit: 'unit',
    groupby: { id: `resource-${String(i).padStart(8, '0')}`, project_id: scopeId, user_id: `user-${i % 1000}` },
    metadata: { flavor_name: `flavor-${i % 5}`, name: `name-${i}` },
  })
}

function pointsOf(cloud: readonly Series[], hour: number): Point[] {
  const begin = BEGIN + hour * HOUR
  return cloud.map((series, i) => ({
    series,
    begin,
    end: begin + HOUR,
    quantity: decimal(`${(i * 31 + hour) % 1000}.5`),
    price: decimal(`0.${String((i * 17 + hour * 3) % 10_000).padStart(4, '0')}`),
    rules: ['mapping-1'],
  }))
}

function pushBody(hour: number): string {
  const usage = Array.from({ length: PUSH_POINTS }, (_, i) => ({
    vol: { unit: 'GiB', qty: i + 0.25 },
    rating: { price: 0.125 },
    groupby: { id: `disk-${i}`, project_id: `project-${i % 50}` },
    metadata: { volume_type: 'ssd', availability_zone: 'nova' },
  }))
  const period = { begin: isoOf(BEGIN + hour * HOUR), end: isoOf(BEGIN + (hour + 1) * HOUR) }
  return JSON.stringify({ dataframes: [{ period, usage: { volume: usage } }] })
}

function isoOf(instant: number): string {
  return new Date(instant * 1000).toISOString()
}
