import { Client } from 'pg'
import { enabledModules } from '../enabled-modules.ts'

/** Long enough for a server that is well; who only looks does not wait for another one. */
const PATIENCE_MS = 3_000

/**
 * The names of the rating modules that are on, of state that is not migrated; none where there is no state yet. Undefined when the
 * server does not answer.
 */
export async function peekModules(url: string): Promise<readonly string[] | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: PATIENCE_MS, query_timeout: PATIENCE_MS })
  // A connection that breaks fails the statement that is under way; without a listener it would end the process too.
  client.on('error', () => {})
  try {
    await client.connect()
    return await enabledModules(async (text) => (await client.query<Record<string, unknown>>(text)).rows)
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => {})
  }
}
