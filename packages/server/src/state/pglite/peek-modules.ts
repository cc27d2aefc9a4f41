import { Fault } from '../../lib/fault.ts'
import { enabledModules } from '../enabled-modules.ts'
import { peek } from './peek.ts'

/**
 * The names of the rating modules that are on, of embedded state that is neither made nor migrated; none where there is no state
 * yet. Undefined while another process has it open.
 */
export async function peekModules(folder: string): Promise<readonly string[] | undefined> {
  const peeked = await peek(folder, (client) =>
    enabledModules(async (text) => (await client.query<Record<string, unknown>>(text)).rows),
  ).catch((error: unknown) => {
    if (error instanceof Fault) return undefined
    throw error
  })
  if (!peeked) return undefined
  if ('found' in peeked) return peeked.found
  return peeked.not === 'made' ? [] : undefined
}
