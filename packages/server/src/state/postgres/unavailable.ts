import { DatabaseError } from 'pg'
import { Fault } from '../../lib/fault.ts'

/** Seconds after which a caller may well try again. */
const RETRY_AFTER = 5

/** The connection is lost: SQLSTATE classes 08 and 57P, and a session that the server ended as it held locks and did nothing. */
const BROKEN = /^(08|57P|25P03)/
/**
 * The server lives but cannot do it now: no resources (53), a statement that took too long or gave way to others, a standby
 * that has not taken over yet.
 */
const BUSY = /^(53|57014|55P03|40001|40P01|25006)/
/** What `pg` says for itself, without a code. */
const OWN_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (has encountered|was closed))/

/** True when the connection on which this happened is of no use any more. */
export function isBroken(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof DatabaseError) return BROKEN.test(error.code ?? '')
  return isSystemError(error) || OWN_WORDS.test(error.message)
}

/** The fault for an error that says that the server does not answer; undefined for one that the statement deserved. */
export function unavailable(error: unknown): Fault | undefined {
  const busy = error instanceof DatabaseError && BUSY.test(error.code ?? '')
  if (!busy && !isBroken(error)) return undefined
  const { message, code } = error as Error & { code?: string }
  return new Fault(
    'state.unavailable',
    `the state database does not answer (${message || code}); it is asked again with the next request. Look whether the server of [state] url runs and has connections left`,
    code === undefined ? {} : { code },
    { cause: error, retryAfterSeconds: RETRY_AFTER },
  )
}

/** Of the socket or the resolver: `ECONNREFUSED`, `EPIPE`, `ENOTFOUND`; for several addresses of one name a list of them. */
function isSystemError(error: Error): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isBroken)
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^E[A-Z]/.test(code) && !code.startsWith('ERR_')
}
