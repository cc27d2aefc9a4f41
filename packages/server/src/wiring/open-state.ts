import type { Logger } from 'pino'
import type { Options } from '../config/options.ts'
import type { State } from '../state/database.ts'

const EMBEDDED = 'pglite:'

/** In this process, which then is the only one that can have it open. */
export function isEmbedded(url: string): boolean {
  return embeddedFolder(url) !== undefined
}

/** The folder of embedded state; undefined when it is a server. */
export function embeddedFolder(url: string): string | undefined {
  return url.startsWith(EMBEDDED) ? url.slice(EMBEDDED.length) : undefined
}

/** Opens what `[state] url` names: `pglite:FOLDER` in this process, or a PostgreSQL server. */
export async function openState({ url, pool_size: poolSize }: Options['state'], log: Logger): Promise<State> {
  const folder = embeddedFolder(url)
  if (folder !== undefined) {
    const { openPGlite } = await import('../state/pglite/open-pglite.ts')
    return openPGlite(folder)
  }
  const { openPostgres } = await import('../state/postgres/open-postgres.ts')
  return openPostgres({
    url,
    poolSize,
    onError: (error) =>
      log.warn({ err: error }, 'a connection to the state database broke; a new one is made when needed'),
  })
}
