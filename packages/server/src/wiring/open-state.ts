import type { Logger } from 'pino'
import type { Options } from '../config/options.ts'
import type { State } from '../state/database.ts'

const EMBEDDED = 'pglite:'

/** In this process, which then is the only one that can have it open. */
export function isEmbedded(url: string): boolean {
  return url.startsWith(EMBEDDED)
}

/** Opens what `[state] url` names: `pglite:FOLDER` in this process, or a PostgreSQL server. */
export async function openState({ url, pool_size: poolSize }: Options['state'], log: Logger): Promise<State> {
  if (isEmbedded(url)) {
    const { openPGlite } = await import('../state/pglite/open-pglite.ts')
    return openPGlite(url.slice(EMBEDDED.length))
  }
  const { openPostgres } = await import('../state/postgres/open-postgres.ts')
  return openPostgres({
    url,
    poolSize,
    onError: (error) =>
      log.warn({ err: error }, 'a connection to the state database broke; a new one is made when needed'),
  })
}
