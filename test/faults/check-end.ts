import { sql } from 'drizzle-orm'
import { formatDecimal } from '../../packages/server/src/domain/decimal.ts'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import type { Point } from '../../packages/server/src/domain/point.ts'
import { sweep } from '../../packages/server/src/processor/sweep.ts'
import type { TypeDiff } from '../../packages/server/src/state/task-diff.ts'
import type { Service } from '../../packages/server/src/wiring/open-service.ts'
import { allPoints, UNHIDDEN } from '../shared/all-points.ts'
import { type BilledPoint, type Correction, PERIOD_SECONDS, type ScopeId, SCOPES, toText, type Truth } from './truth.ts'

const EXAMPLES = 3

export interface WantedEnd {
  readonly begin: number
  /** All scopes must be rated up to there, and none beyond the latter. */
  readonly end: number
  readonly endMax: number
  readonly corrections: readonly Correction[]
  /** What was pushed and acknowledged. */
  readonly pushed: Iterable<BilledPoint>
  /** Whether tasks can tell exactly what they changed: not when points were lost meanwhile. */
  readonly diffs: boolean
}

/** What must hold when all faults are lifted and all processes have ended: compares everything, and tells what is wrong. */
export async function checkEnd(
  service: Service,
  truth: Truth,
  { begin, end, endMax, corrections, pushed, diffs }: WantedEnd,
): Promise<string[]> {
  const findings: string[] = []
  const scopes = await service.scopes.list()
  const wanted = Array.from(pushed, billedText)
  for (const scope of SCOPES) {
    const nextBegin = scopes.find((row) => row.scopeId === scope)?.nextBegin ?? begin
    if (nextBegin < end) findings.push(`${scope} is rated up to ${formatInstant(nextBegin)} only`)
    if (nextBegin > endMax) findings.push(`${scope} is rated up to ${formatInstant(nextBegin)}, which is yet to come`)
    for (let at = begin; at < nextBegin; at += PERIOD_SECONDS)
      wanted.push(...Array.from(truth.points(scope, at), billedText))
  }
  wanted.sort()
  const visible = async (): Promise<string[]> =>
    (await allPoints(service.store, await service.batches.snapshot())).map(pointText).toSorted()
  findings.push(...compare('what readers see', wanted, await visible()))
  if (diffs) findings.push(...(await checkDiffs(service, truth, corrections)))

  // The sweep gives queries and paused writers their time; here it has passed.
  for (let i = 0; i < 2; i++) {
    await age(service)
    await sweep(service.batches, service.store)
  }
  findings.push(...compare('what readers see after the sweep', wanted, await visible()))
  const all = (await allPoints(service.store, UNHIDDEN)).map(pointText).toSorted()
  findings.push(...compare('what is stored after the sweep', wanted, all))
  for (const [what, query] of LEFTOVERS) {
    const { rows } = (await service.db.execute(query)) as unknown as { rows: unknown[] }
    if (rows.length > 0) findings.push(`${rows.length} ${what} after the sweep: ${JSON.stringify(rows[0])}`)
  }
  return findings
}

const LEFTOVERS = [
  ['leases', sql`SELECT * FROM scopes WHERE lease_batch IS NOT NULL`],
  ['hidden batches', sql`SELECT * FROM hidden_batches`],
  ['tombstones', sql`SELECT * FROM tombstones`],
] as const

async function age({ db }: Service): Promise<void> {
  await db.execute(sql`UPDATE hidden_batches SET lease_until = lease_until - interval '1 day'`)
  await db.execute(sql`UPDATE hidden_batches SET abandoned_at = abandoned_at - interval '30 days'`)
  await db.execute(sql`UPDATE tombstones SET created_at = created_at - interval '1 day'`)
}

function billedText({ scope, type, unit, id, flavor, begin, quantity, price }: BilledPoint): string {
  const amounts = [toText(quantity), toText(price)]
  return [scope, type, unit, id, flavor ?? '', begin, begin + PERIOD_SECONDS, ...amounts].join(' ')
}

function pointText({ series, begin, end, quantity, price }: Point): string {
  const { scopeId, type, unit, groupby, metadata } = series
  const labels = [groupby['id'], metadata['flavor'] ?? ''].map(String)
  return [scopeId, type, unit, ...labels, begin, end, formatDecimal(quantity), formatDecimal(price)].join(' ')
}

/** Both sorted; equal texts count. */
function compare(what: string, wanted: readonly string[], found: readonly string[]): string[] {
  const [missing, extra]: [string[], string[]] = [[], []]
  for (let w = 0, f = 0; w < wanted.length || f < found.length;) {
    if (wanted[w] === found[f]) {
      w++
      f++
    } else if (f >= found.length || (w < wanted.length && wanted[w]! < found[f]!)) missing.push(wanted[w++]!)
    else extra.push(found[f++]!)
  }
  const tell = (kind: string, some: readonly string[]): string[] =>
    some.length === 0
      ? []
      : [`${what}: ${some.length} points ${kind}, such as\n  ${some.slice(0, EXAMPLES).join('\n  ')}`]
  return [...tell('are missing', missing), ...tell('are too many or wrong', extra)]
}

/** A finished task tells what it changed: from the sums before to those after the correction. */
async function checkDiffs(service: Service, truth: Truth, corrections: readonly Correction[]): Promise<string[]> {
  const findings: string[] = []
  const tasks = await service.reprocesses.list({ order: 'asc' })
  for (const { scope, begin, end } of corrections) {
    const mine = tasks.filter(
      (task) => task.scopeId === scope && task.period.begin === begin && task.period.end === end,
    )
    for (const [i, { state, diff }] of mine.entries()) {
      if (state !== 'done' || diff === undefined) {
        findings.push(`a task of ${scope} is ${state} in the end`)
        continue
      }
      for (const one of diff) {
        // A task that was sent twice, because its answer was lost, changes nothing the second time.
        const wanted = diffText(truth, scope, begin, end, one.type, i > 0)
        if (toDiffText(one) !== wanted)
          findings.push(`a task of ${scope} tells ${toDiffText(one)} instead of ${wanted}`)
      }
      if (diff.length !== 2) findings.push(`a task of ${scope} tells of ${diff.length} types`)
    }
  }
  return findings
}

function diffText(truth: Truth, scope: ScopeId, begin: number, end: number, type: string, again: boolean): string {
  const sums = [again, true].map((corrected) => {
    const sum = { quantity: 0n, price: 0n }
    for (let at = begin; at < end; at += PERIOD_SECONDS) {
      const { quantity, price } = truth.total(scope, type as 'cpu' | 'volume', at, corrected)
      sum.quantity += quantity
      sum.price += price
    }
    return `${toText(sum.quantity)} ${toText(sum.price)}`
  })
  return `${type} ${sums.join(' → ')}`
}

function toDiffText({ type, before, after }: TypeDiff): string {
  const text = (sums: TypeDiff['before']): string => `${formatDecimal(sums.quantity)} ${formatDecimal(sums.price)}`
  return `${type} ${text(before)} → ${text(after)}`
}
