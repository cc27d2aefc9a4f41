import { seededRandom } from '../../packages/server/src/lib/seeded-random.ts'
import { NET_FAULTS, type NetFault } from '../../packages/server/src/lib/testing/tcp-proxy.ts'
import { SCOPES, type ScopeId } from './truth.ts'

/** `embedded`: one process on PGlite and DuckDB. `postgres`: one on PostgreSQL and DuckDB. `servers`: several and an API. */
export const LAYOUTS = ['embedded', 'postgres', 'servers'] as const
export type Layout = (typeof LAYOUTS)[number]

export const FAULTS = ['kill', 'pause', ...NET_FAULTS, 'disk', 'clock'] as const
type FaultKind = (typeof FAULTS)[number]

/** Something goes wrong for a while; times in milliseconds since the round's clock runs. */
export type FaultEvent = { readonly at: number; readonly for: number } & (
  | { readonly fault: 'kill' | 'pause'; readonly member: string }
  | { readonly fault: 'kill'; readonly member: 'clickhouse' }
  | { readonly fault: NetFault; readonly link: string }
  | { readonly fault: 'disk' }
)

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
}

export interface Means {
  readonly layouts: readonly Layout[]
  readonly faults: readonly FaultKind[]
}

export const LEASE_SECONDS = 2
/** Faults begin within so long. */
const SPAN_MS = 6500

/** All of it follows from the seed and from what can be done here. */
export function drawRound(seed: number, means: Means): RoundPlan {
  const random = seededRandom(`round ${seed}`)
  const pick = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)]!
  const between = (low: number, high: number): number => Math.round(low + random() * (high - low))
  const layout = pick(means.layouts)
  const processors =
    layout === 'servers' ? Array.from({ length: between(2, 3) }, (_, i) => `processor-${i + 1}`) : ['service']
  const links = {
    embedded: ['source'],
    postgres: ['source', 'postgres'],
    servers: ['source', 'postgres', 'clickhouse'],
  }
  const members = layout === 'servers' ? [...processors, 'api', 'clickhouse'] : processors

  const drawEvent = (): FaultEvent => {
    const fault = pick(means.faults.filter((kind) => kind !== 'clock' && (kind !== 'disk' || layout === 'embedded')))
    const at = between(300, SPAN_MS)
    if (fault === 'kill') return { fault, at, for: between(0, 800), member: pick(members) }
    // Some pauses are over before the lease is, most are not.
    if (fault === 'pause')
      return { fault, at, for: between(500, LEASE_SECONDS * 1000 + 2000), member: pick(processors) }
    if (fault === 'disk') return { fault, at, for: between(500, 2500) }
    return { fault: fault as NetFault, at, for: between(300, 3000), link: pick(links[layout]) }
  }
  const possible = means.faults.some((kind) => kind !== 'clock' && (kind !== 'disk' || layout === 'embedded'))
  const events = possible ? Array.from({ length: between(3, 8) }, drawEvent) : []
  const skews = new Map(
    means.faults.includes('clock') && random() < 0.3
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
  return {
    seed,
    layout,
    hours: between(250, 450),
    clockFrom: random() < 0.75 ? 'rating' : 'start',
    processors,
    skews,
    events: events.toSorted((a, b) => a.at - b.at),
    operations,
  }
}

export function describePlan({ layout, processors, hours, clockFrom, skews, events, operations }: RoundPlan): string {
  const parts = [
    `${layout}${processors.length > 1 ? ` ×${processors.length}` : ''}, ${hours} h, from ${clockFrom}`,
    ...[...skews].filter(([, by]) => by !== 0).map(([name, by]) => `clock of ${name} ${by > 0 ? '+' : ''}${by} s`),
    ...events.map((event) => {
      const what = 'member' in event ? event.member : 'link' in event ? event.link : ''
      return `${event.fault} ${what}`.trim() + ` @${event.at}+${event.for}`
    }),
    ...operations.map(({ does, scope, at }) => `${does} ${scope} @${at}`),
  ]
  return parts.join('; ')
}
