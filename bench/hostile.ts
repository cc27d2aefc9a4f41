import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { MONTH, type Service, start } from './api.ts'
import type { Measure } from './measure.ts'

/** The hostile tenant has as many series as an answer of one row for each of them is dear by. */
const HOSTILE = { projects: 1, series: 151_000, hours: 3, name: 'hostile' }
const CONNECTIONS = 64
const SECONDS = 20
const WARM_UP = 30
/** A client that leaves does so after as many milliseconds at most. */
const LEAVES_AFTER_MS = 300

const RANGE = 'begin=2026-10-01&end=2026-11-01'
const EVERYTHING = 'limit=9007199254740991'
const names = Array.from({ length: 18 }, (_, i) => `a${i}`).join(',')
const FIELDS = Array.from({ length: 20 }, (_, i) => {
  const column = i % 2 === 0 ? 'qty' : 'price'
  return `${['SUM', 'MIN', 'MAX', 'MEAN', 'FIRST', 'LAST'][i % 6]}(${column}) AS f${i}`
}).join(',')
const filters = Array.from({ length: 19 }, (_, i) => `a${i}:,a${i}:x`).join(',')

/** The worst that is legal, all of one tenant. */
const QUESTIONS = [
  `/v2/summary?${RANGE}&groupby=id&${EVERYTHING}&filters=project_id:hostile-0`,
  `/v2/summary?${RANGE}&groupby=id,time&${EVERYTHING}&filters=project_id:hostile-0`,
  `/v2/summary?${RANGE}&groupby=id,name,${names}&${EVERYTHING}&filters=project_id:hostile-0`,
  `/v2/summary?${RANGE}&groupby=id&custom_fields=${encodeURIComponent(FIELDS)}&${EVERYTHING}&filters=project_id:hostile-0`,
  `/v2/summary?${RANGE}&groupby=id&${EVERYTHING}&filters=project_id:hostile-0,${filters}`,
  `/v2/dataframes?${RANGE}&${EVERYTHING}&filters=project_id:hostile-0`,
]

/** What one tenant's worst costs another one: `cloudtabbyd serve` with DuckDB, asked over HTTP. */
export async function benchHostile(): Promise<Measure[]> {
  // Under noauth an address is a client: a proxy says which.
  const conf = '[oslo_middleware]\nenable_proxy_headers_parsing = true\n'
  await using service = await start([MONTH, HOSTILE], conf)
  const month = `/v2/summary?${RANGE}&groupby=type&filters=project_id:project-3`
  for (let i = 0; i < WARM_UP; i++) await service.get(month)
  const quiet = await watch(service, month, 5)
  const until = performance.now() + SECONDS * 1000
  const answers = new Map<string, number>()
  let megabytes = 0
  const weighing = setInterval(() => (megabytes = Math.max(megabytes, service.megabytes())), 100)
  const attack = Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => attacker(service.url, i, until, answers)))
  const busy = await watch(service, month, SECONDS)
  await attack
  clearInterval(weighing)
  await sleep(2000)
  const got = [...answers].map(([what, count]) => `${count} x ${what}`).join(', ')
  return [
    { name: "a tenant's month by type on 1 M points, nobody else there: p99", value: quiet.month, unit: 'ms' },
    {
      name: `the same while another tenant does its worst on ${CONNECTIONS} connections: p99`,
      value: busy.month,
      unit: 'ms',
      note: got,
    },
    { name: 'GET /healthcheck meanwhile: p99', value: busy.health, unit: 'ms', note: `${quiet.health} ms before` },
    {
      name: 'memory meanwhile, at most',
      value: megabytes,
      unit: 'MB',
      note: `resident; ${service.megabytes()} MB two seconds later`,
    },
  ]
}

/** Asks one question after the other, and leaves half of them before they are answered. */
async function attacker(url: string, seed: number, until: number, answers: Map<string, number>): Promise<void> {
  const dispatcher = new Agent({ connections: 1 })
  for (let asked = seed; performance.now() < until; asked++) {
    const leaves = asked % 2 === 0
    const signal = AbortSignal.timeout(
      leaves ? ((asked * 37) % LEAVES_AFTER_MS) + 1 : Math.max(1, Math.ceil(until - performance.now())),
    )
    const headers = { 'x-forwarded-for': '192.0.2.66' }
    let what = 'left'
    try {
      const answer = await request(`${url}${QUESTIONS[asked % QUESTIONS.length]!}`, { dispatcher, headers, signal })
      what = String(answer.statusCode)
      for await (const chunk of answer.body) void chunk
    } catch {
      what = 'left'
    }
    answers.set(what, (answers.get(what) ?? 0) + 1)
  }
  await dispatcher.destroy()
}

/** The 99th percentiles of a tenant's report and of the healthcheck, each asked again and again. */
async function watch(service: Service, path: string, seconds: number): Promise<{ month: number; health: number }> {
  const until = performance.now() + seconds * 1000
  const [month, health] = await Promise.all([
    latencies(service.url, path, '192.0.2.1', until),
    latencies(service.url, '/healthcheck', '192.0.2.2', until),
  ])
  return { month: p99(month), health: p99(health) }
}

async function latencies(url: string, path: string, address: string, until: number): Promise<number[]> {
  const dispatcher = new Agent({ connections: 1 })
  const all: number[] = []
  while (performance.now() < until) {
    const begin = performance.now()
    const { statusCode, body } = await request(`${url}${path}`, { dispatcher, headers: { 'x-forwarded-for': address } })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${path} was answered with ${statusCode}: ${text}`)
    all.push(performance.now() - begin)
    await sleep(20)
  }
  await dispatcher.destroy()
  return all
}

function p99(milliseconds: readonly number[]): number {
  const sorted = milliseconds.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0)
}
