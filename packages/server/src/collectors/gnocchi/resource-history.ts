import { formatInstant, type Instant, type Period } from '../../domain/period.ts'
import { attributeText, type AttributeValue } from '../../domain/series.ts'
import { type ResourceAttributes, readTimestamp } from '../../sources/gnocchi/gnocchi-client.ts'

/** Attributes of a revision that say of when it is. */
export const REVISION_ATTRIBUTES = ['id', 'revision_start', 'revision_end', 'started_at', 'ended_at'] as const

/** What a resource was from one instant to another. */
interface Revision {
  readonly attributes: ResourceAttributes
  readonly from: Instant
  /** Infinity for what it is now. */
  readonly until: Instant
  /** Of the resource itself, as far as was known then. */
  readonly startedAt: Instant
  readonly endedAt: Instant
}

/** Which attributes the resources of some scopes had, period by period. */
export class ResourceHistory {
  readonly #revisions: readonly Revision[]
  readonly #scopeKey: string
  /** By resource key, then by scope and value of that key; made when first asked for. */
  readonly #indexes = new Map<string, Map<string, Revision[]>>()

  constructor(rows: readonly ResourceAttributes[], scopeKey: string) {
    this.#revisions = rows.map(toRevision)
    this.#scopeKey = scopeKey
  }

  /**
   * The attributes that a scope's resource had at the end of the period; of one that Gnocchi got to know only later, those
   * that it had first. Undefined for a resource that had ended, or had not started, more than `marginSeconds` away from the
   * period, which are those that CloudKitty does not find either.
   */
  find(
    resourceKey: string,
    { scopeId, key }: { scopeId: string; key: string },
    { begin, end }: Period,
    marginSeconds: number,
  ): ResourceAttributes | undefined {
    const revisions = this.#index(resourceKey).get(JSON.stringify([scopeId, key])) ?? []
    const known = revisions.filter(
      ({ until, startedAt, endedAt }) =>
        until > begin && endedAt >= begin - marginSeconds && startedAt <= end + marginSeconds,
    )
    return (known.findLast(({ from }) => from < end) ?? known[0])?.attributes
  }

  #index(resourceKey: string): Map<string, Revision[]> {
    let index = this.#indexes.get(resourceKey)
    if (index) return index
    index = new Map()
    for (const revision of this.#revisions) {
      const key = JSON.stringify([this.#scopeKey, resourceKey].map((name) => attributeText(revision.attributes[name])))
      const known = index.get(key)
      if (known) known.push(revision)
      else index.set(key, [revision])
    }
    // Resources that share a key other than the id have an order too, whatever the order in which they came.
    for (const revisions of index.values()) revisions.sort((a, b) => a.from - b.from || byId(a, b))
    this.#indexes.set(resourceKey, index)
    return index
  }
}

/**
 * The search for what a `ResourceHistory` of these scopes and this range of time needs: CloudKitty's, which looks for
 * resources a period before and after too, but for all revisions that were in force since the begin of the range.
 */
export function toHistorySearch(
  { begin, end }: Period,
  { scopeKey, scopes, marginSeconds }: { scopeKey: string; scopes: readonly string[]; marginSeconds: number },
): unknown {
  return {
    and: [
      { or: [{ '=': { ended_at: null } }, { '>=': { ended_at: formatInstant(begin - marginSeconds) } }] },
      { '<=': { started_at: formatInstant(end + marginSeconds) } },
      { or: [{ '=': { revision_end: null } }, { '>': { revision_end: formatInstant(begin) } }] },
      scopes.length === 1 ? { '=': { [scopeKey]: scopes[0] } } : { in: { [scopeKey]: scopes } },
    ],
  }
}

function toRevision(attributes: ResourceAttributes): Revision {
  return {
    attributes,
    from: instantOf(attributes['revision_start'], -Infinity),
    until: instantOf(attributes['revision_end'], Infinity),
    startedAt: instantOf(attributes['started_at'], -Infinity),
    endedAt: instantOf(attributes['ended_at'], Infinity),
  }
}

function instantOf(value: AttributeValue | undefined, otherwise: number): Instant {
  const instant = readTimestamp(attributeText(value))
  return Number.isNaN(instant) ? otherwise : instant
}

function byId(a: Revision, b: Revision): number {
  const [left, right] = [attributeText(a.attributes['id']), attributeText(b.attributes['id'])]
  return left < right ? -1 : left > right ? 1 : 0
}
