import { and, desc, eq, gt, lt, ne, sql } from 'drizzle-orm'
import type { Anchor, Doubt } from '../domain/believed-time.ts'
import type { StateDatabase } from './database.ts'
import { clocks } from './schema.ts'

/** What was believed of the time on one start of a machine, and what was not. */
export interface StoredClock {
  readonly anchor: Anchor
  /** Undefined while all is well. */
  readonly doubt: Doubt | undefined
}

/** What was believed last on this start of this machine; undefined when nothing was. */
export async function readClock(db: StateDatabase, bootId: string): Promise<StoredClock | undefined> {
  const [row] = await db.select().from(clocks).where(eq(clocks.bootId, bootId))
  if (!row) return undefined
  const { time, uptime, offSeconds, since } = row
  return { anchor: { time, uptime }, doubt: since === null ? undefined : { offSeconds, since } }
}

/** Notes it for whoever starts later on the same start of the machine. Starts that are long gone are forgotten. */
export async function saveClock(db: StateDatabase, bootId: string, { anchor, doubt }: StoredClock): Promise<void> {
  const set = { ...anchor, offSeconds: doubt?.offSeconds ?? 0, since: doubt?.since ?? null }
  await db
    .insert(clocks)
    .values({ bootId, ...set })
    .onConflictDoUpdate({ target: clocks.bootId, set })
  await db.delete(clocks).where(and(ne(clocks.bootId, bootId), lt(clocks.time, anchor.time - FORGOTTEN_SECONDS)))
}

/** The clock that is furthest ahead of what is believed, in seconds; 0 when none is. Machines that are gone do not count. */
export async function readClockAhead(db: StateDatabase): Promise<number> {
  const newest = sql`(SELECT max(${clocks.time}) FROM ${clocks})`
  const [row] = await db
    .select({ off: clocks.offSeconds })
    .from(clocks)
    .where(gt(clocks.time, sql`${newest} - ${ALIVE_SECONDS}::float8`))
    .orderBy(desc(clocks.offSeconds))
    .limit(1)
  return Math.max(0, row?.off ?? 0)
}

const FORGOTTEN_SECONDS = 30 * 24 * 3600
const ALIVE_SECONDS = 3600
