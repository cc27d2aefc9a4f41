import { seededRandom } from '../../packages/server/src/lib/seeded-random.ts'
import { NET_FAULTS, type NetFault } from '../../packages/server/src/lib/testing/tcp-proxy.ts'
import { SCOPES, type ScopeId } from './truth.ts'

/** `embedded`: one process on PGlite and DuckDB. `postgres`: one on PostgreSQL and DuckDB. `servers`: several and an API. */
export const LAYOUTS = ['embedded', 'postgres', 'servers'] as const
export type Layout = (typeof LAYOUTS)[number]

/** Of these a round has one at most. */
export const GRAVE_FAULTS = ['memory', 'second', 'power', 'jump', 'points'] as const
export const FAULTS = ['kill', 'pause', ...NET_FAULTS, 'disk', 'clock', ...GRAVE_FAULTS] as const
export type GraveFault = (typeof GRAVE_FAULTS)[number]
export type FaultKind = (typeof FAULTS)[number]

/** Something goes wrong for a while; times in milliseconds since the round's clock runs. */
export type FaultEvent = { readonly at: number; readonly for: number } & (
  | { readonly fault: 'kill' | 'pause'; readonly member: string }
  | { readonly fault: 'kill'; readonly member: 'clickhouse' }
  | { readonly fault: NetFault; readonly link: string }
  | { readonly fault: 'disk' | 'memory' | 'power' }
  | SecondProcess
  | { readonly fault: 'jump'; readonly hours: number }
  | LossOfPoints
)

/** Another process is started on the same embedded stores. */
export interface SecondProcess {
  readonly fault: 'second'
  /** In a pid namespace of its own, as in another container. */
  readonly apart: boolean
  /** The first one is killed so long after that. If the second one then comes to hold the stores, it is killed at the end. */
  readonly killFirstAfterMs: number | undefined
}

/** The service is killed, and then its points file with the log, or the log, is removed, or the log is cut. */
export interface LossOfPoints {
  readonly fault: 'points'
  readonly what: 'file' | 'log' | 'end of the log'
  /** What stays of a log that is cut, as a part of it. */
  readonly keep: number
}

/** What an operator does meanwhile: the source corrects some of the past of a scope, which then is to be rated again. */
export interface Operation {
  readonly at: number
  readonly does: 'reprocess' | 'reset'
  readonly scope: ScopeId
  /** Where the corrected periods begin and end, as parts of what is rated by then. */
  readonly part: readonly [from: number, to: number]
}

export interface RoundPlan {
  readonly seed: number
  readonly layout: Layout
  readonly hours: number
  /** The round's clock runs once a process has begun to rate, or from its start: then stores may be away when it opens them. */
  readonly clockFrom: 'rating' | 'start'
  /** Processes that rate; the first of one alone answers the API too. */
  readonly processors: readonly string[]
  /** Seconds by which their clocks are wrong, by name. */
  readonly skews: ReadonlyMap<string, number>
  readonly events: readonly FaultEvent[]
  readonly operations: readonly Operation[]
  /** Whether a client pushes points all the while. */
  readonly pushes: boolean
}

export interface Means {
  readonly layouts: readonly Layout[]
  readonly faults: readonly FaultKind[]
  /** Whether processes can be put into a pid namespace. */
  readonly namespaces: boolean
}

export const LEASE_SECONDS = 2
/** Faults begin within so long. */
const SPAN_MS = 6500

/** Faults by where they can be; those that are not here can be everywhere. */
const ONLY_ON: Partial<Record<FaultKind, readonly Layout[]>> = {
  disk: ['embedded'],
  // Elsewhere the clock that counts is PostgreSQL's.
  jump: ['embedded'],
  second: ['embedded', 'postgres'],
  power: ['embedded', 'postgres'],
  points: ['embedded', 'postgres'],
}
const LINKS = {
  embedded: ['source'],
  postgres: ['source', 'postgres'],
  servers: ['source', 'postgres', 'clickhouse'],
} as const

/** All of it follows from the seed and from what can be done here. */
export function drawRound(seed: number, means: Means): RoundPlan {
  const random = seededRandom(`round ${seed}`)
  const pick = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)]!
  const between = (low: number, high: number): number => Math.round(low + random() * (high - low))
  const possibleOn = (layout: Layout) =>
    means.faults.filter((kind) => kind !== 'clock' && (ONLY_ON[kind]?.includes(layout) ?? true))
  const useful = means.layouts.filter((layout) => possibleOn(layout).length > 0)
  const layout = pick(useful.length > 0 ? useful : means.layouts)
  const processors =
    layout === 'servers' ? Array.from({ length: between(2, 3) }, (_, i) => `processor-${i + 1}`) : ['service']
  const members = layout === 'servers' ? [...processors, 'api', 'clickhouse'] : processors

  const possible = possibleOn(layout)
  const grave = GRAVE_FAULTS.filter((kind) => possible.includes(kind))
  const light = possible.filter((kind) => !isGrave(kind))
  // To have none is as likely as each of them, unless one kind alone was asked for.
  const mayBeNone = light.length > 0 && means.faults.filter(isGrave).length > 1
  const chosen = pick<GraveFault | undefined>(mayBeNone ? [...grave, undefined] : grave)
  // On a full disk nobody expects a second process to be refused for the right reason, or points to be counted.
  const others = light.filter((kind) => kind !== 'disk' || chosen === undefined || chosen === 'jump')

  const drawEvent = (): FaultEvent => {
    const fault = pick(others)
    const at = between(300, SPAN_MS)
    if (fault === 'kill') return { fault, at, for: between(0, 800), member: pick(members) }
    // Some pauses are over before the lease is, most are not.
    if (fault === 'pause')
      return { fault, at, for: between(500, LEASE_SECONDS * 1000 + 2000), member: pick(processors) }
    if (fault === 'disk') return { fault, at, for: between(500, 2500) }
    return { fault: fault as NetFault, at, for: between(300, 3000), link: pick(LINKS[layout]) }
  }
  const drawGrave = (fault: GraveFault): readonly FaultEvent[] => {
    const at = between(1500, SPAN_MS)
    switch (fault) {
      case 'memory':
        // ClickHouse is asked again for some ten seconds before anybody is refused.
        return [{ fault, at: between(300, 2000), for: between(3000, layout === 'servers' ? 14_000 : 6000) }]
      case 'second':
        return Array.from({ length: between(1, 2) }, () => ({
          fault,
          at: between(300, SPAN_MS),
          for: between(500, 2000),
          apart: random() < 0.5 && means.namespaces,
          killFirstAfterMs: random() < 0.7 ? between(0, 5000) : undefined,
        }))
      case 'power':
        return Array.from({ length: between(1, 3) }, () => ({ fault, at: between(300, SPAN_MS), for: between(0, 500) }))
      case 'jump':
        return [{ fault, at, for: between(1000, 6000), hours: between(2, 12) }]
      default:
        return [{ fault, at, for: 0, what: pick(['file', 'log', 'end of the log'] as const), keep: random() }]
    }
  }
  const number = between(3, 8)
  const events = [
    ...(others.length > 0 ? Array.from({ length: chosen ? Math.ceil(number / 2) : number }, drawEvent) : []),
    ...(chosen ? drawGrave(chosen) : []),
  ]
  const skews = new Map(
    means.faults.includes('clock') && chosen !== 'jump' && random() < 0.3
      ? processors.map((name) => [name, between(-3, 3) * 1800] as const)
      : [],
  )
  const scopes = [...SCOPES]
  const operations: Operation[] = []
  for (const does of ['reprocess', 'reset'] as const) {
    if (random() < 0.5) continue
    const [from, to] = [random() * 0.8, random()]
    operations.push({
      at: between(1500, SPAN_MS),
      does,
      scope: scopes.splice(Math.floor(random() * scopes.length), 1)[0]!,
      part: [from, from + (1 - from) * to],
    })
  }
  const fromStart = random() < 0.25
  return {
    seed,
    layout,
    hours: between(250, 450),
    // A clock that is wrong when it is seen for the first time is believed.
    clockFrom: fromStart && chosen !== 'jump' ? 'start' : 'rating',
    processors,
    skews,
    events: events.toSorted((a, b) => a.at - b.at),
    operations,
    pushes: random() < 0.3 || (chosen !== undefined && chosen !== 'jump'),
  }
}

export function isGrave(kind: FaultKind): kind is GraveFault {
  return GRAVE_FAULTS.some((grave) => grave === kind)
}

export function describePlan(plan: RoundPlan): string {
  const { layout, processors, hours, clockFrom, skews, events, operations, pushes } = plan
  const parts = [
    `${layout}${processors.length > 1 ? ` ×${processors.length}` : ''}, ${hours} h, from ${clockFrom}`,
    ...[...skews].filter(([, by]) => by !== 0).map(([name, by]) => `clock of ${name} ${by > 0 ? '+' : ''}${by} s`),
    ...events.map((event) => {
      return `${event.fault} ${details(event)}`.trim() + ` @${event.at}+${event.for}`
    }),
    ...operations.map(({ does, scope, at }) => `${does} ${scope} @${at}`),
    ...(pushes ? ['pushes'] : []),
  ]
  return parts.join('; ')
}

function details(event: FaultEvent): string {
  if ('member' in event) return event.member
  if ('link' in event) return event.link
  switch (event.fault) {
    case 'jump':
      return `${event.hours} h`
    case 'points':
      return event.what
    case 'second':
      return [event.apart ? 'apart' : '', event.killFirstAfterMs === undefined ? '' : 'and a kill'].join(' ').trim()
    default:
      return ''
  }
}
