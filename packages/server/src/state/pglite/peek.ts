import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { exists } from '../../lib/exists.ts'
import { Fault } from '../../lib/fault.ts'
import { lockFolder } from '../../lib/lock-folder.ts'
import { startPGlite } from './start-pglite.ts'

/** What was found in embedded state; or that there is none yet, or that another process has it open. */
export type Peeked<T> =
  | { readonly found: T }
  | { readonly not: 'made' }
  | { readonly not: 'free'; readonly pid: number | undefined }

/**
 * Asks embedded state that is neither made nor migrated. Throws `state.unwritable` when it cannot be opened. It is locked
 * meanwhile, as by a service.
 */
export async function peek<T>(folder: string, ask: (client: PGlite) => Promise<T>): Promise<Peeked<T>> {
  const database = join(folder, 'pglite')
  if (!(await exists(join(database, 'PG_VERSION')))) return { not: 'made' }
  let unlock: () => Promise<void>
  try {
    unlock = await lockFolder(folder)
  } catch (error) {
    if (error instanceof Fault && error.code === 'state.locked') {
      return { not: 'free', pid: (error.detail as { readonly pid?: number }).pid }
    }
    throw error
  }
  try {
    const client = await startPGlite(database, 'relaxed')
    try {
      return { found: await ask(client) }
    } finally {
      await client.close()
    }
  } finally {
    await unlock()
  }
}
