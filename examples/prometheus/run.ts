/**
 * Has CloudTabby rate this very machine: starts Debian's Prometheus and its node exporter on loopback, lets them scrape,
 * sets prices through the HTTP API, waits until some periods are rated, and prints the bill. Everything it starts, it ends.
 *
 *   npx tsx examples/prometheus/run.ts [--periods 3] [--dir data/example-prometheus]
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { freePort } from '../../packages/server/src/lib/testing/free-port.ts'
import { type Decimal, decimal, toFixed } from '../../packages/server/src/domain/decimal.ts'
import { checkBuilt, ExampleApi, ROOT, toldToEnd } from '../example.ts'

const CONFIG = join(ROOT, 'examples/prometheus/cloudkitty.conf')
const SERVICES = join(ROOT, 'scripts/services/prometheus.sh')
const PROGRAM = join(ROOT, 'packages/server/bin/cloudtabbyd.js')
/** As in cloudkitty.conf. */
const PERIOD_SECONDS = 10
const WAIT_PERIODS = 2
const SCRAPE_SECONDS = 1
const SCOPE = 'this-machine'

/** Cost of a unit: by CPU mode, and of what is the same for every device. Idle time and waiting cost nothing. */
const CPU_PRICES = { user: '0.002', system: '0.002', nice: '0.001' }
const DEVICE_PRICES = {
  'disk.read': '0.0001',
  'disk.written': '0.0002',
  'network.in': '0.0005',
  'network.out': '0.001',
}

const { values: flags } = parseArgs({
  options: {
    periods: { type: 'string', default: '3' },
    dir: { type: 'string', default: join(ROOT, 'data/example-prometheus') },
  },
})
const periods = Number(flags.periods)
if (!Number.isInteger(periods) || periods < 1) throw new Error('--periods wants a whole number of at least 1')
const dir = resolve(flags.dir)

await checkBuilt()
const TARGETS = join(dir, 'run/targets.json')
const LOG = join(dir, 'run/cloudtabbyd.log')
// A run begins anew, but never deletes a folder that is not its own.
await rm(join(dir, 'run'), { recursive: true, force: true })
await mkdir(join(dir, 'run'), { recursive: true })

const [exporterPort, prometheusPort, apiPort] = [await freePort(), await freePort(), await freePort()]
const prometheus = `http://127.0.0.1:${prometheusPort}`
const address = `http://127.0.0.1:${apiPort}`
const undo: (() => Promise<unknown>)[] = []
const stopped = toldToEnd()
const api = new ExampleApi(address, stopped)

try {
  await startSources()
  const daemon = await startCloudTabby()
  await untilAnswers(`${address}/healthcheck`, daemon)
  await setPrices()
  // Only now there is something to rate: a rule holds for the periods that begin after it was made.
  await writeFile(TARGETS, JSON.stringify([{ targets: [`127.0.0.1:${exporterPort}`], labels: { project_id: SCOPE } }]))
  const begin = periodBegin() + 2 * PERIOD_SECONDS
  console.log(`Rating ${periods} periods of ${PERIOD_SECONDS} s from ${new Date(begin * 1000).toISOString()} on …`)
  await untilRated(begin + periods * PERIOD_SECONDS, daemon)
  await printBill(begin, begin + periods * PERIOD_SECONDS)
} finally {
  for (const step of undo.toReversed()) await step()
}

async function startSources(): Promise<void> {
  const config = join(dir, 'run/prometheus.yml')
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: `${SCRAPE_SECONDS}s`, scrape_timeout: `${SCRAPE_SECONDS}s` },
      scrape_configs: [{ job_name: 'node', file_sd_configs: [{ files: [TARGETS], refresh_interval: '1s' }] }],
    }),
  )
  await service('start-node-exporter', '--port', `${exporterPort}`)
  await service('start', '--port', `${prometheusPort}`, '--config', config)
}

/** What the script starts runs on its own, and is ended by the opposite command. */
async function service(command: 'start' | 'start-node-exporter', ...args: string[]): Promise<void> {
  const folder = ['--dir', join(dir, 'run')]
  const run = promisify(execFile)
  undo.push(() => run('bash', [SERVICES, command.replace('start', 'stop'), ...folder]))
  const { stdout } = await run('bash', [SERVICES, command, ...args, ...folder], { maxBuffer: 64 * 1024 * 1024 })
  console.log(stdout.trim().split('\n').at(-1))
}

async function startCloudTabby(): Promise<ChildProcess> {
  const log = await open(LOG, 'w')
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--config-file', CONFIG], {
    cwd: ROOT,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...process.env,
      OS_API__PORT: `${apiPort}`,
      OS_STATE__URL: `pglite:${join(dir, 'run/state')}`,
      OS_STORAGE_DUCKDB__PATH: join(dir, 'run/points.duckdb'),
      OS_COLLECT__BEGIN: new Date(periodBegin() * 1000).toISOString(),
      OS_COLLECTOR_PROMETHEUS__PROMETHEUS_URL: `${prometheus}/api/v1`,
      OS_FETCHER_PROMETHEUS__PROMETHEUS_URL: `${prometheus}/api/v1`,
    },
  })
  await log.close()
  const ended = new Promise((resolve) => child.once('exit', resolve))
  undo.push(async () => {
    child.kill('SIGTERM')
    await ended
  })
  console.log(`cloudtabbyd is to answer on ${address} (pid ${child.pid}); its log is ${LOG}`)
  return child
}

/** The begin of the period that it is now. */
function periodBegin(): number {
  return Math.floor(Date.now() / 1000 / PERIOD_SECONDS) * PERIOD_SECONDS
}

async function setPrices(): Promise<void> {
  const rules = '/v1/rating/module_config/hashmap'
  const cpu = await api.ask('POST', `${rules}/services`, { name: 'cpu' })
  const mode = await api.ask('POST', `${rules}/fields`, { service_id: cpu['service_id'], name: 'mode' })
  for (const [value, cost] of Object.entries(CPU_PRICES)) {
    await api.ask('POST', `${rules}/mappings`, { field_id: mode['field_id'], value, cost, type: 'flat' })
  }
  for (const [name, cost] of Object.entries(DEVICE_PRICES)) {
    const service = await api.ask('POST', `${rules}/services`, { name })
    await api.ask('POST', `${rules}/mappings`, { service_id: service['service_id'], cost, type: 'flat' })
  }
  await api.ask('PUT', '/v2/rating/modules/hashmap', { enabled: true })
}

interface Scope {
  readonly last_processed_timestamp: string | null
}

/** Waits until all periods before `end` are rated; gives up when that takes far longer than it should. */
async function untilRated(end: number, daemon: ChildProcess): Promise<void> {
  const deadline = Date.now() + (end - Date.now() / 1000 + (WAIT_PERIODS + 6) * PERIOD_SECONDS) * 1000
  const lastBegin = end - PERIOD_SECONDS
  for (;;) {
    const { results } = await api
      .ask<{ results: Scope[] }>('GET', `/v2/scope?scope_id=${SCOPE}`)
      .catch(() => ({ results: [] }))
    const last = results[0]?.last_processed_timestamp
    if (last && Date.parse(last) / 1000 >= lastBegin) return
    if (Date.now() > deadline) throw new Error(`the periods were not rated in time; see ${LOG}`)
    await pause(daemon)
  }
}

async function printBill(begin: number, end: number): Promise<void> {
  const [from, to] = [begin, end].map((at) => new Date(at * 1000).toISOString())
  const range = `begin=${from}&end=${to}`
  const rows = await api.summary(`groupby=type,mode,device&${range}&limit=1000`)
  const widths = [14, 10, 10, 20, 16]
  const line = (cells: readonly unknown[]) =>
    cells.map((cell, i) => (i < 3 ? String(cell).padEnd(widths[i]!) : String(cell).padStart(widths[i]!))).join(' ')
  console.log(`\nThe bill of ${SCOPE}, ${from} to ${to}\n\n${line(['type', 'mode', 'device', 'quantity', 'price'])}`)
  for (const { type, mode, device, qty, rate } of rows) {
    const quantity = `${toFixed(exact(qty), 6)} ${(type === 'cpu' ? 's' : 'MiB').padEnd(3)}`
    console.log(line([type, mode, device, quantity, toFixed(exact(rate), 9)]))
  }
  const [total] = await api.summary(range)
  const report = await api.ask<unknown>('GET', `/v1/report/total?${range}`)
  console.log(line(['total', '', '', '', toFixed(exact(total?.['rate']), 9)]))
  console.log(`\nTo the last digit: /v2/summary ${String(total?.['rate'])}, /v1/report/total ${String(report)},`)
  console.log(`and SELECT sum(price) FROM rated_points in ${join(dir, 'run/points.duckdb')}`)
}

/** A number of an answer: whole ones are plain numbers, others decimals. */
function exact(value: unknown): Decimal {
  return decimal(String(value))
}

async function untilAnswers(url: string, daemon: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await fetch(url).catch(() => undefined))) {
    if (Date.now() > deadline) throw new Error(`${url} does not answer`)
    await pause(daemon)
  }
}

async function pause(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) throw new Error(`cloudtabbyd ended; see ${LOG}`)
  await sleep(500, undefined, { signal: stopped })
}
