import { join } from 'node:path'
import { exists } from '../../lib/exists.ts'
import { Fault } from '../../lib/fault.ts'
import { lockFolder } from '../../lib/lock-folder.ts'
import { enabledModules } from '../enabled-modules.ts'
import { startPGlite } from './start-pglite.ts'

/**
 * The names of the rating modules that are on, of embedded state that is neither made nor migrated; none where there is no state
 * yet. Undefined while another process has it open.
 */
export async function peekModules(folder: string): Promise<readonly string[] | undefined> {
  const database = join(folder, 'pglite')
  if (!(await exists(join(database, 'PG_VERSION')))) return []
  const unlock = await lockFolder(folder).catch((error: unknown) => {
    if (error instanceof Fault) return undefined
    throw error
  })
  if (!unlock) return undefined
  try {
    const client = await startPGlite(database, 'relaxed')
    try {
      return await enabledModules(async (text) => (await client.query<Record<string, unknown>>(text)).rows)
    } finally {
      await client.close()
    }
  } finally {
    await unlock()
  }
}
