import type { Client } from 'pg'
import { Fault } from '../../lib/fault.ts'

/** Why a server that holds state cannot be used; what drizzle throws has the server's own words inside. */
export function cannotUse({ host, port }: Pick<Client, 'host' | 'port'>, cause: unknown): Fault {
  const { message } = (cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause) as Error
  return new Fault(
    'state.unavailable',
    `the state database at ${host}:${port} cannot be used: ${message}. Look whether the server runs, and at [state] url`,
    {},
    { cause },
  )
}
