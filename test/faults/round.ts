import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import { Disposer } from '../../packages/server/src/lib/disposer.ts'
import { seededRandom } from '../../packages/server/src/lib/seeded-random.ts'
import { Semaphore } from '../../packages/server/src/lib/semaphore.ts'
import { TcpProxy } from '../../packages/server/src/lib/testing/tcp-proxy.ts'
import { temporaryFolder } from '../../packages/server/src/lib/testing/temporary-folder.ts'
import { open } from '../../packages/server/src/commands/invocation.ts'
import { invocationIn } from '../../packages/server/src/commands/testing/invocation-in.ts'
import { checkEnd } from './check-end.ts'
import { Member } from './fleet.ts'
import { HUNGRY_ATTRIBUTES } from './hungry.ts'
import { inject, setClocks } from './inject.ts'
import { areTasksDone, operate } from './operate.ts'
import type { FaultKind, RoundPlan } from './plan.ts'
import { Pusher } from './pusher.ts'
import { Reader } from './reader.ts'
import type { Rig } from './rig.ts'
import { startSource } from './source.ts'
import { configuration, prepareStores, roundFolder, syncFolder } from './stores.ts'
import { type Correction, PERIOD_SECONDS, SCOPES, Truth } from './truth.ts'

/** Once nothing is wrong any more, everything must be done within this. */
const SETTLE_MS = 60_000
/** On a machine that is very busy faults come before the work begins. */
const START_MS = 30_000

export interface RoundResult {
  /** Empty when all is well. */
  readonly findings: readonly string[]
  /** Answers of the API that were looked at. */
  readonly reads: number
  /** What was pushed and acknowledged, and what was refused for good; undefined where nobody pushed. */
  readonly pushes: { readonly acknowledged: number; readonly refused: number } | undefined
  readonly seconds: number
}

/** Runs what the plan says and tells everything that was not as it must be. Leaves nothing behind. */
export async function runRound(plan: RoundPlan, rig: Rig): Promise<RoundResult> {
  const startedMs = performance.now()
  await using owned = new Disposer()
  const random = seededRandom(`running ${plan.seed}`)
  const has = (fault: FaultKind): boolean => plan.events.some((event) => event.fault === fault)
  // What is due goes by state's clock: with embedded state that is the process's own.
  const ahead = plan.layout === 'embedded' ? (plan.skews.get(plan.processors[0]!) ?? 0) : 0
  const due = (): number => Math.floor((Date.now() / 1000 + ahead) / PERIOD_SECONDS) * PERIOD_SECONDS
  const end = due()
  const begin = Math.floor(Date.now() / 1000 / PERIOD_SECONDS - plan.hours) * PERIOD_SECONDS

  const truth = new Truth()
  const roundsFolder = await roundFolder(plan, owned)
  const { path: folder, disk } = roundsFolder
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
  await writeFile(file, configuration({ begin, folder, ...paths, isMemoryScarce: has('memory') }))
  const direct = join(folder, 'direct.conf')
  const toStores = { begin, folder, source: `${source.url}/api/v1`, ...stores, isMemoryScarce: false }
  await writeFile(direct, configuration(toStores))
  // Not on a disk that may be full.
  const clockFile = join(owned.use(await temporaryFolder()).path, 'clock')
  await setClocks(clockFile, 0)
  syncFolder(roundsFolder)

  const members = new Map<string, Member>()
  for (const name of plan.layout === 'servers' ? [...plan.processors, 'api'] : plan.processors) {
    const role = plan.layout !== 'servers' ? 'all' : name === 'api' ? 'api' : 'processor'
    const member = new Member(name, {
      args: ['serve', '--role', role, '--config-file', file],
      env: { OS_DEFAULT__HOST: name, OS_PROCESSOR__PORT: '0' },
      skew: has('jump') ? { file: clockFile } : (plan.skews.get(name) ?? 0),
      mayDie: has('disk'),
    })
    members.set(name, member)
    owned.defer(() => member.discard())
  }
  const api = members.get('api') ?? members.get('service')!
  const reader = new Reader(truth, begin, () => api.address, due)
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
  const pusher = plan.pushes
    ? new Pusher({
        begin,
        address: () => api.address,
        random: seededRandom(`pushing ${plan.seed}`),
        certain: !has('disk') && !plan.events.some((event) => 'link' in event && event.link === 'postgres'),
        attributes: has('memory') ? HUNGRY_ATTRIBUTES : 0,
      })
    : undefined
  const enough = new AbortController()
  const pushing = pusher?.run(enough.signal, giveUp)
  owned.defer(async () => {
    enough.abort()
    await pushing
  })
  const targets = {
    members,
    api,
    links,
    layout: plan.layout,
    rig,
    folder,
    disk,
    clockFile,
    reader,
    pusher,
    begin,
    config: ['--config-file', file],
    directConfig: ['--config-file', direct],
    turn: new Semaphore(1),
  }
  await Promise.all([
    ...plan.events.map(async (event) => findings.push(...(await inject(event, targets)))),
    ...plan.operations.map(async (operation) => {
      await sleep(operation.at)
      const operated = await operate(operation, { truth, reader, begin, address: () => api.address, signal: giveUp })
      if (typeof operated === 'string') findings.push(operated)
      else corrections.push(operated)
    }),
  ])

  enough.abort()
  await pushing
  const settled = await until(async () => reader.isComplete(end) && (await areTasksDone(api.address)), SETTLE_MS)
  if (!settled) {
    const reached = SCOPES.map((scope) => `${scope} ${formatInstant(reader.reached(scope))}`).join(', ')
    findings.push(`not everything was done within ${SETTLE_MS} ms of the last fault; seen up to: ${reached}`)
    findings.push(...[...members.values()].map((member) => `${member.name} said last:\n${member.tail(15)}`))
  }
  over.abort()
  await reading
  await pusher
    ?.check(api.address)
    .catch((error: unknown) => findings.push(`the sums of what was pushed were not answered: ${String(error)}`))
  await Promise.all([...members.values()].map((member) => member.end()))
  findings.push(
    ...reader.findings,
    ...(pusher?.findings ?? []),
    ...[...members.values()].flatMap((member) => member.findings),
  )
  if (reader.reads === 0) findings.push('the API never answered')

  await using opened = await open(invocationIn(folder, { file: direct }))
  findings.push(
    ...(await checkEnd(opened, truth, {
      begin,
      end,
      endMax: due(),
      corrections,
      pushed: pusher?.wanted() ?? [],
      diffs: !has('points'),
    })),
  )
  return { findings, reads: reader.reads, pushes: pusher?.counts, seconds: (performance.now() - startedMs) / 1000 }
}

async function until(done: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms
  while (!(await done())) {
    if (performance.now() > deadline) return false
    await sleep(50)
  }
  return true
}
