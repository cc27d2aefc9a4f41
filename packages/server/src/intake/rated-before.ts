import type { Instant, Period } from '../domain/period.ts'
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
    // The grid is counted back from the next period, since it begins where the scope began.
    const gridUp = (at: Instant) => nextBegin - Math.floor((nextBegin - at) / periodSeconds) * periodSeconds
    const begin = Math.max(
      gridUp(span.first + 1) - periodSeconds,
      keptFrom === undefined ? -Infinity : gridUp(keptFrom),
    )
    const end = Math.min(gridUp(span.last + 1), nextBegin)
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
