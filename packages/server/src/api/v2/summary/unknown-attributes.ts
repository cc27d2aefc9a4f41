import { nearest } from '../../../lib/nearest.ts'
import type { MetricsSource } from '../../v1/info/metrics-source.ts'

/** So many names are looked for among the points, and told. */
const NAMES_MAX = 3

/**
 * What to say of attributes that are grouped by and that nobody has: no metric names them, and no point that is asked for
 * carries them. The answer is right all the same, but a mistyped name would look like one. `isCarried` looks among the
 * points.
 */
export async function unknownAttributes(
  names: readonly string[],
  { metricsSource, scopeKey }: { readonly metricsSource: MetricsSource; readonly scopeKey: string },
  isCarried: (name: string) => Promise<boolean>,
): Promise<string[]> {
  if (names.every((name) => name === scopeKey)) return []
  const known = await knownNames(metricsSource, scopeKey)
  if (!known) return []
  const warnings: string[] = []
  for (const name of names.filter((each) => !known.has(each)).slice(0, NAMES_MAX)) {
    if (await isCarried(name)) continue
    const meant = nearest(name, known)
    const advice = meant === undefined ? '' : `; did you mean ${meant}?`
    warnings.push(`groupby ${name}: no metric has such an attribute, and no point of this answer carries it${advice}`)
  }
  return warnings
}

/** Undefined when metrics.yml cannot be read now, or is wrong: that is told elsewhere, and no reason to keep back a report. */
async function knownNames(source: MetricsSource, scopeKey: string): Promise<Set<string> | undefined> {
  try {
    const { metrics, faults } = await source.read()
    if (faults.length > 0) return undefined
    return new Set([scopeKey, ...metrics.flatMap(({ groupby, metadata }) => [...groupby, ...metadata])])
  } catch {
    return undefined
  }
}
