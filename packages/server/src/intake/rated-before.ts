import { type Instant, nextPeriodBegin, type Period, periodBegin } from '../domain/period.ts'
import { gridOf } from '../state/grid-of.ts'
import type { Scope } from '../state/scopes.ts'
import type { SampleSpan } from './csv.ts'

/** Periods of some scopes that were rated before their samples came: what a reprocessing has to be asked for. */
export interface RatedBefore extends Period {
  readonly scopeIds: readonly string[]
}

/**
 * What is to be rated again so that new samples count: for each scope the whole periods of its grid from its first sample
 * to its last one, as far as they are rated and kept. Scopes with equal periods come together; the earliest first.
 */
export function ratedBefore(
  scopes: readonly Pick<Scope, 'scopeId' | 'nextBegin'>[],
  spans: ReadonlyMap<string, SampleSpan>,
  { periodSeconds, keptFrom }: { readonly periodSeconds: number; readonly keptFrom: Instant | undefined },
): RatedBefore[] {
  const found = new Map<string, Period & { readonly scopeIds: Set<string> }>()
  for (const { scopeId, nextBegin } of scopes) {
    const span = spans.get(scopeId)
    if (!span) continue
    const grid = gridOf({ nextBegin }, periodSeconds)
    const begin = Math.max(
      periodBegin(grid, span.first),
      keptFrom === undefined ? -Infinity : nextPeriodBegin(grid, keptFrom),
    )
    const end = Math.min(periodBegin(grid, span.last) + periodSeconds, nextBegin)
    if (begin >= end) continue
    const key = `${begin} ${end}`
    const together = found.get(key) ?? { begin, end, scopeIds: new Set() }
    together.scopeIds.add(scopeId)
    found.set(key, together)
  }
  return [...found.values()]
    .toSorted((a, b) => a.begin - b.begin || a.end - b.end)
    .map(({ begin, end, scopeIds }) => ({ begin, end, scopeIds: [...scopeIds] }))
}
