import { Fault } from '../lib/fault.ts'

/** An error, and when it is a fault, that with what was asked when scopes were to be fetched: as text, and for the detail. */
export function fetchFailed(error: unknown, asked = '', detail: Readonly<Record<string, unknown>> = {}): unknown {
  if (!(error instanceof Fault)) return error
  const message = `the scopes cannot be fetched: ${error.message}${asked && `; ${asked}`}`
  return error.passedOn('fetch.failed', message, { reason: error.code, ...detail })
}
