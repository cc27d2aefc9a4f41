import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { sql } from 'drizzle-orm'
import { formatInstant, toInstant } from '../domain/period.ts'
import { answerWithin } from '../lib/answer-within.ts'
import type { StateDatabase } from '../state/database.ts'
import { readClockAhead } from '../state/clocks.ts'
import { readDiscovery } from '../state/discoveries.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import { readScopesAhead } from '../state/scopes-ahead.ts'
import type { WriteHealth } from '../storage/watch-writes.ts'

/** While this file is there, `/healthcheck` tells a load balancer to send nothing more. As CloudKitty's api_paste.ini. */
const DISABLED_BY = '/etc/cloudkitty/healthcheck_disable'
/** Load balancers do not wait for long: a database that is silent for so long counts as one that is away. */
export const SILENT_MS = 3_000
/** A fetcher that names no scopes so often in a row is in trouble. */
const DEAD_LOOKS = 3
/** With less room neither store can go on for long. */
const ROOM_BYTES = 16 * 1024 * 1024

export interface HealthParts {
  readonly db: StateDatabase
  readonly writes: Pick<WriteHealth, 'failedAt'>
  /** Where the embedded stores lie; none where both are servers. */
  readonly folders: readonly string[]
}

/** Why nothing should be sent to this process, in words that anybody may read; undefined when all is well. */
export async function whyUnhealthy(
  { db, writes, folders }: HealthParts,
  silentMs = SILENT_MS,
): Promise<string | undefined> {
  if (existsSync(DISABLED_BY)) return 'DISABLED BY FILE'
  try {
    await answerWithin(db.execute(sql`SELECT 1`), silentMs)
  } catch {
    return 'the state database does not answer'
  }
  const full = await Promise.all(folders.map(isFull))
  if (full.includes(true)) return 'the disk of the stores is full'
  const { failedAt } = writes
  return failedAt && `the last write to the points store failed, at ${formatInstant(toInstant(failedAt))}`
}

async function isFull(folder: string): Promise<boolean> {
  const disk = await statfs(folder).catch(() => undefined)
  return disk !== undefined && disk.bavail * disk.bsize < ROOM_BYTES
}

/**
 * Why nothing new is rated, while reports can be answered all the same; undefined when all is well, and while state does not
 * answer. For anybody's eyes: why it is so stands in the log of the processors.
 */
export async function ratingTrouble(
  db: StateDatabase,
  names: ScopeNames,
  silentMs = SILENT_MS,
): Promise<string | undefined> {
  const discovery = await answerWithin(readDiscovery(db, names), silentMs).catch(() => undefined)
  if (!discovery || discovery.failures < DEAD_LOOKS) return undefined
  return `the fetcher ${names.fetcher} has named no scopes ${discovery.failures} times in a row; the processors' log says why`
}

/** What an operator has to look at because of a clock that was or is fast; as `ratingTrouble`. No restart mends it. */
export async function clockTrouble(db: StateDatabase, silentMs = SILENT_MS): Promise<string | undefined> {
  const read = Promise.all([readClockAhead(db), readScopesAhead(db)])
  const found = await answerWithin(read, silentMs).catch(() => undefined)
  if (!found) return undefined
  const [clockAhead, scopesAhead] = found
  if (clockAhead > 0) {
    return `a clock is ${Math.round(clockAhead)} seconds ahead and not believed; the processors' log says what to do`
  }
  if (scopesAhead.count === 0) return undefined
  return `${scopesAhead.count} scopes are rated ahead of now; the processors' log says how to take that back`
}
