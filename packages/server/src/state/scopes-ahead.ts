import { and, isNotNull, sql } from 'drizzle-orm'
import type { Instant } from '../domain/period.ts'
import type { StateDatabase } from './database.ts'
import { scopes } from './schema.ts'

/** Scopes of which periods count as rated that are not over. */
export interface ScopesAhead {
  readonly count: number
  /** How far they are rated. */
  readonly until: Instant | undefined
  /** Some of them. */
  readonly examples: readonly string[]
}

/** As `now` is believed; by the database's clock where nobody says. */
export async function readScopesAhead(db: StateDatabase, now?: Instant): Promise<ScopesAhead> {
  const present = now === undefined ? sql`now()` : sql`to_timestamp(${now}::float8)`
  const [row] = await db
    .select({
      count: sql<number>`count(*)::int`,
      until: sql<number | null>`extract(epoch FROM max(${scopes.nextBegin}))::float8`,
      examples: sql<string[] | null>`(array_agg(${scopes.identifier} ORDER BY ${scopes.id}))[1:10]`,
    })
    .from(scopes)
    .where(and(isNotNull(scopes.ratedFrom), isNotNull(scopes.lastProcessed), sql`${scopes.nextBegin} > ${present}`))
  return { count: row!.count, until: row!.until ?? undefined, examples: row!.examples ?? [] }
}
