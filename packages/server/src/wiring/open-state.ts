import type { Logger } from 'pino'
import type { Options } from '../config/options.ts'
import { formatStateAddress, type StateAddress } from '../config/state-address.ts'
import type { LeftOpen } from '../lib/private-files.ts'
import type { Probe } from '../lib/probe.ts'
import type { ForeignTables, State } from '../state/database.ts'

/** Opens what `[state] url` names: in this process, or on a PostgreSQL server. */
export async function openState(
  { url: address, pool_size: poolSize, durability }: Options['state'],
  log: Logger,
  foreign: readonly ForeignTables[] = [],
): Promise<State> {
  if (address.kind === 'embedded') {
    const { openPGlite } = await import('../state/pglite/open-pglite.ts')
    return openPGlite(address.folder, { durability, foreign, onLeftOpen: (left) => warnOfLeftOpen(log, left) })
  }
  const { openPostgres } = await import('../state/postgres/open-postgres.ts')
  return openPostgres({
    url: address.url,
    poolSize,
    foreign,
    onError: (error) =>
      log.warn({ err: error }, 'a connection to the state database broke; a new one is made when needed'),
  })
}

/** Asks state without opening it: nothing is made or migrated, and a service that has it open keeps it. */
export function stateProbe(address: StateAddress, timeoutMs: number): Probe {
  return {
    asks: formatStateAddress(address),
    async run() {
      if (address.kind === 'postgresql') {
        return (await import('../state/postgres/probe-postgres.ts')).probePostgres(address.url, timeoutMs)
      }
      const { peek } = await import('../state/pglite/peek.ts')
      const peeked = await peek(address.folder, (client) => client.query('SELECT 1'))
      if ('found' in peeked) return undefined
      if (peeked.not === 'made') return 'is not there yet; the first start makes it'
      return `in use by the running service${peeked.pid === undefined ? '' : ` (process ${peeked.pid})`}`
    },
  }
}

const EXAMPLES = 3

/** Says once what others of the machine may still read or write of an embedded store. */
function warnOfLeftOpen(log: Logger, left: readonly LeftOpen[]): void {
  log.warn(
    { count: left.length, examples: left.slice(0, EXAMPLES) },
    'other users of this machine may read or write files of the stores, and this user may not change that: give them to the ' +
      'user whom the service runs as (chown -R), or take the rights away (chmod -R go=)',
  )
}
