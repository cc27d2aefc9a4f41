import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { type Instant, toDate, toInstant } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { type DueRequest, duePeriods, isDue } from './due.ts'
import { isOneOf } from './one-of.ts'
import { scopeInactivity, scopes } from './schema.ts'

/** Scopes with the same next period, whose rows are locked. */
export interface ChosenScopes {
  readonly rows: readonly (typeof scopes.$inferSelect)[]
  readonly begin: Instant
  readonly periods: number
}

/**
 * Locks the scopes whose turn it is: the one that has waited longest for its turn, and others with the same next period, at
 * most one processor's share of all that are due. So nobody takes everything while others wait, and who is months behind
 * does not keep the rest waiting. Undefined when nothing free is due; `again` when scopes were off for a while and go on
 * later than it seemed.
 */
export async function chooseScopes(
  tx: StateDatabase,
  request: DueRequest & { readonly maxScopes: number; readonly maxPeriods: number },
  processors: number,
): Promise<ChosenScopes | 'again' | undefined> {
  const due = isDue(request)
  const free = and(due, isNull(scopes.leaseBatch))
  const turn = [sql`${scopes.claimedAt} ASC NULLS FIRST`, asc(scopes.nextBegin), asc(scopes.id)]
  const [first] = await tx
    .select({ begin: scopes.nextBegin })
    .from(scopes)
    .where(free)
    .orderBy(...turn)
    .limit(1)
    .for('update', { skipLocked: true })
  if (!first) return undefined
  const share = processors > 1 ? Math.ceil((await tx.$count(scopes, due)) / processors) : request.maxScopes
  const rows = await tx
    .select()
    .from(scopes)
    .where(and(free, eq(scopes.nextBegin, first.begin)))
    .orderBy(...turn)
    .limit(Math.min(share, request.maxScopes))
    .for('update', { skipLocked: true })
  const begin = toInstant(first.begin)
  const periods = await withoutPauses(tx, rows, begin, request)
  return periods === 'again' ? 'again' : { rows, begin, periods }
}

/** How many periods may be rated until one of the scopes was off; `again` when one was off at the begin, and goes on later. */
async function withoutPauses(
  tx: StateDatabase,
  rows: ChosenScopes['rows'],
  begin: Instant,
  request: DueRequest & { readonly maxPeriods: number },
): Promise<number | 'again'> {
  const { periodSeconds } = request
  const ofRows = rows.map((row) => duePeriods({ next: begin, seenAt: toInstant(row.seenAt) }, request))
  let periods = Math.min(...ofRows, request.maxPeriods)
  const ids = rows.map((row) => row.id)
  const pauses = await tx.select().from(scopeInactivity).where(isOneOf(scopeInactivity.scope, ids))
  let skipped = false
  for (const pause of pauses) {
    const off = { begin: toInstant(pause.begin), end: pause.end ? toInstant(pause.end) : Infinity }
    if (off.end <= begin) continue
    if (off.begin <= begin) {
      // Periods that began while the scope was off are not billed: it goes on with the first one after.
      const next = begin + Math.ceil((off.end - begin) / periodSeconds) * periodSeconds
      await tx
        .update(scopes)
        .set({ nextBegin: toDate(next) })
        .where(eq(scopes.id, pause.scope))
      skipped = true
    } else {
      periods = Math.min(periods, Math.ceil((off.begin - begin) / periodSeconds))
    }
  }
  return skipped ? 'again' : periods
}
