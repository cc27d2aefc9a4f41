import { openPGlite } from '../pglite/open-pglite.ts'
import type { State } from '../database.ts'

/** Fresh, migrated state in memory. */
export function openTestState(): Promise<State> {
  return openPGlite(undefined)
}
