import type { Instant, Period } from '../domain/period.ts'
import type { LedgerEntry } from './points-ledger.ts'

/** What is to be rated again of a scope whose points are lost in part. */
export interface LostPeriods {
  /** Where it goes on: all that it had from there on is lost. Undefined when its newest period is there. */
  readonly from: Instant | undefined
  /** Lost periods before that, each whole and by themselves. */
  readonly again: readonly Period[]
}

/**
 * By scope, what batches have rated that is gone, and that no later batch which is there has rated again. `entries` are in the
 * order of their commits; what lies after a scope's `nextBegin` a reset has taken back, and is due anyway.
 */
export function lostPeriods(
  entries: readonly LedgerEntry[],
  isLost: (entry: LedgerEntry) => boolean,
  nextBegin: ReadonlyMap<number, Instant>,
): Map<number, LostPeriods> {
  const lost = new Map<number, Period[]>()
  for (const entry of entries) {
    const { rated } = entry
    if (!rated) continue
    const gone = isLost(entry)
    for (const scope of rated.scopes) {
      const rest = without(lost.get(scope) ?? [], rated)
      if (gone) rest.push({ begin: rated.begin, end: rated.end })
      lost.set(scope, rest)
    }
  }
  const result = new Map<number, LostPeriods>()
  for (const [scope, periods] of lost) {
    const next = nextBegin.get(scope)
    if (next === undefined) continue
    const joined = join(periods.map(({ begin, end }) => ({ begin, end: Math.min(end, next) })))
    if (joined.length === 0) continue
    const last = joined.at(-1)!
    const isOpen = last.end === next
    result.set(scope, { from: isOpen ? last.begin : undefined, again: isOpen ? joined.slice(0, -1) : joined })
  }
  return result
}

function without(periods: readonly Period[], { begin, end }: Period): Period[] {
  return periods.flatMap((period) =>
    period.end <= begin || end <= period.begin
      ? [period]
      : [
          { begin: period.begin, end: begin },
          { begin: end, end: period.end },
        ].filter((rest) => rest.begin < rest.end),
  )
}

/** In order, those that touch as one, empty ones left out. */
function join(periods: readonly Period[]): Period[] {
  const joined: Period[] = []
  for (const { begin, end } of periods.toSorted((a, b) => a.begin - b.begin)) {
    if (begin >= end) continue
    const last = joined.at(-1)
    if (last && begin <= last.end) joined[joined.length - 1] = { begin: last.begin, end: Math.max(last.end, end) }
    else joined.push({ begin, end })
  }
  return joined
}
