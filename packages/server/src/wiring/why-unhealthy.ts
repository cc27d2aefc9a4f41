import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { StateDatabase } from '../state/database.ts'

/** While this file is there, `/healthcheck` tells a load balancer to send nothing more. As CloudKitty's api_paste.ini. */
const DISABLED_BY = '/etc/cloudkitty/healthcheck_disable'
/** Load balancers do not wait for long: a database that is silent for so long counts as one that is away. */
const SILENT_MS = 3_000

/** Why nothing should be sent to this process; undefined when all is well. */
export async function whyUnhealthy(db: StateDatabase, silentMs = SILENT_MS): Promise<string | undefined> {
  if (existsSync(DISABLED_BY)) return 'DISABLED BY FILE'
  const answered = new AbortController()
  const silent = sleep(silentMs, undefined, { signal: answered.signal }).then(() => {
    throw new Error('silent')
  })
  try {
    await Promise.race([db.execute(sql`SELECT 1`), silent])
    return undefined
  } catch {
    return 'the state database does not answer'
  } finally {
    answered.abort()
  }
}
