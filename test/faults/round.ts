import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import { Disposer } from '../../packages/server/src/lib/disposer.ts'
import { seededRandom } from '../../packages/server/src/lib/seeded-random.ts'
import { TcpProxy } from '../../packages/server/src/lib/testing/tcp-proxy.ts'
import { smallDisk } from '../../packages/server/src/storage/testing/full-disk.ts'
import { open } from '../../packages/server/src/commands/invocation.ts'
import { invocationIn } from '../../packages/server/src/commands/testing/invocation-in.ts'
import { checkEnd } from './check-end.ts'
import { fillDisk } from './fill-disk.ts'
import { Member } from './fleet.ts'
import { areTasksDone, operate } from './operate.ts'
import { type FaultEvent, LEASE_SECONDS, type RoundPlan } from './plan.ts'
import { Reader } from './reader.ts'
import type { Rig } from './rig.ts'
import { startSource } from './source.ts'
import { type Correction, PERIOD_SECONDS, SCOPES, Truth } from './truth.ts'

/** Once nothing is wrong any more, everything must be done within this. */
const SETTLE_MS = 60_000
/** On a machine that is very busy faults come before the work begins. */
const START_MS = 30_000
/** Room for the embedded stores and what they write in between; less is left when the disk is full. */
const DISK_MEGABYTES = 400

export interface RoundResult {
  /** Empty when all is well. */
  readonly findings: readonly string[]
  /** Answers of the API that were looked at. */
  readonly reads: number
  readonly seconds: number
}

/** Runs what the plan says and tells everything that was not as it must be. Leaves nothing behind. */
export async function runRound(plan: RoundPlan, rig: Rig): Promise<RoundResult> {
  const startedMs = performance.now()
  await using owned = new Disposer()
  const random = seededRandom(`running ${plan.seed}`)
  const now = Date.now() / 1000
  const begin = (Math.floor(now / PERIOD_SECONDS) - plan.hours) * PERIOD_SECONDS
  // What is due goes by state's clock: with embedded state that is the process's own.
  const ahead = plan.layout === 'embedded' ? (plan.skews.get(plan.processors[0]!) ?? 0) : 0
  const end = Math.floor((now + ahead) / PERIOD_SECONDS) * PERIOD_SECONDS

  const truth = new Truth()
  const folder = await roundFolder(plan, owned)
  const source = owned.use(await startSource(truth, () => 30 + random() * 150))
  const stores = await prepareStores(plan, rig, folder, owned)
  const links = new Map<string, TcpProxy>()
  const throughProxy = async (name: string, url: string): Promise<string> => {
    const proxy = owned.use(await TcpProxy.start(url, { random }))
    links.set(name, proxy)
    return proxy.url
  }
  const paths = {
    source: await throughProxy('source', `${source.url}/api/v1`),
    state: stores.state.startsWith('pglite:') ? stores.state : await throughProxy('postgres', stores.state),
    clickhouse: stores.clickhouse && {
      ...stores.clickhouse,
      url: await throughProxy('clickhouse', stores.clickhouse.url),
    },
  }
  const file = join(folder, 'cloudkitty.conf')
  await writeFile(file, configuration(begin, folder, paths))

  const mayDie = plan.events.some((event) => event.fault === 'disk')
  const members = new Map<string, Member>()
  for (const name of plan.layout === 'servers' ? [...plan.processors, 'api'] : plan.processors) {
    const role = plan.layout !== 'servers' ? 'all' : name === 'api' ? 'api' : 'processor'
    const member = new Member(name, {
      args: ['serve', '--role', role, '--config-file', file],
      env: { OS_DEFAULT__HOST: name, OS_PROCESSOR__PORT: '0' },
      skewSeconds: plan.skews.get(name) ?? 0,
      mayDie,
    })
    members.set(name, member)
    owned.defer(() => member.discard())
  }
  const api = members.get('api') ?? members.get('service')!
  const reader = new Reader(truth, begin, () => api.address)
  const over = new AbortController()
  const reading = reader.run(over.signal)
  owned.defer(async () => {
    over.abort()
    await reading
  })

  for (const member of members.values()) member.start()
  if (plan.clockFrom === 'rating') await until(() => [...members.values()].some((member) => member.isRating), START_MS)
  const corrections: Correction[] = []
  const findings: string[] = []
  const giveUp = AbortSignal.timeout(SETTLE_MS + 30_000)
  await Promise.all([
    ...plan.events.map((event) => inject(event, { members, links, rig, disk: folder })),
    ...plan.operations.map(async (operation) => {
      await sleep(operation.at)
      const operated = await operate(operation, { truth, reader, begin, address: () => api.address, signal: giveUp })
      if (typeof operated === 'string') findings.push(operated)
      else corrections.push(operated)
    }),
  ])

  const settled = await until(async () => reader.isComplete(end) && (await areTasksDone(api.address)), SETTLE_MS)
  if (!settled) {
    const reached = SCOPES.map((scope) => `${scope} ${formatInstant(reader.reached(scope))}`).join(', ')
    findings.push(`not everything was done within ${SETTLE_MS} ms of the last fault; seen up to: ${reached}`)
    findings.push(...[...members.values()].map((member) => `${member.name} said last:\n${member.tail(15)}`))
  }
  over.abort()
  await reading
  await Promise.all([...members.values()].map((member) => member.end()))
  findings.push(...reader.findings, ...[...members.values()].flatMap((member) => member.findings))
  if (reader.reads === 0) findings.push('the API never answered')

  const direct = join(folder, 'direct.conf')
  await writeFile(direct, configuration(begin, folder, { source: `${source.url}/api/v1`, ...stores }))
  await using opened = await open(invocationIn(folder, { file: direct }))
  findings.push(...(await checkEnd(opened, truth, { begin, end, corrections })))
  return { findings, reads: reader.reads, seconds: (performance.now() - startedMs) / 1000 }
}

async function roundFolder(plan: RoundPlan, owned: Disposer): Promise<string> {
  if (plan.events.some((event) => event.fault === 'disk')) {
    const disk = await smallDisk(DISK_MEGABYTES)
    if (disk) return owned.use(disk).folder
  }
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-round-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface StorePaths {
  /** As `[state] url` wants it. */
  readonly state: string
  /** Undefined: points are in DuckDB. */
  readonly clickhouse: { readonly url: string; readonly database: string } | undefined
}

async function prepareStores({ layout }: RoundPlan, rig: Rig, folder: string, owned: Disposer): Promise<StorePaths> {
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

function configuration(begin: number, folder: string, paths: StorePaths & { readonly source: string }): string {
  const points = paths.clickhouse
    ? `[storage]
backend = clickhouse
[storage_clickhouse]
url = ${paths.clickhouse.url}
database = ${paths.clickhouse.database}`
    : `[storage_duckdb]
path = ${join(folder, 'points.duckdb')}`
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
prometheus_url = ${paths.source}
timeout = 2
[processor]
max_points_per_batch = 1000
lease_seconds = ${LEASE_SECONDS}
look_seconds = 0.2
backoff_seconds_min = 0.1
backoff_seconds_max = 0.5
[state]
url = ${paths.state}
${points}
`
}

interface Targets {
  readonly members: ReadonlyMap<string, Member>
  readonly links: ReadonlyMap<string, TcpProxy>
  readonly rig: Rig
  readonly disk: string
}

/** Resolves when the fault is lifted. */
async function inject(event: FaultEvent, { members, links, rig, disk }: Targets): Promise<void> {
  await sleep(event.at)
  if (event.fault === 'disk') return fillDisk(disk, event.for)
  if ('link' in event) return links.get(event.link)!.hold(event.fault, event.for)
  if (event.member === 'clickhouse') return rig.clickhouse!.killAndRestart(event.for)
  const member = members.get(event.member)!
  if (event.fault === 'pause') return member.pause(event.for)
  member.kill()
}

async function until(done: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms
  while (!(await done())) {
    if (performance.now() > deadline) return false
    await sleep(50)
  }
  return true
}
