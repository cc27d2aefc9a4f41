import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../lib/fault.ts'

/** Waits between the attempts, about ten seconds in all: a server that restarts is back by then, or is down. */
export const WAITS_MS: readonly number[] = [100, 300, 1000, 3000, 6000]

/** A server that lets us wait for long is not asked again: the caller has somebody who waits too. */
const TRYING_MS_MAX = 60_000

/** What may be otherwise a moment later, by ClickHouse's error numbers. */
const PASSING = new Set([
  32, // ATTEMPT_TO_READ_AFTER_EOF: the request came in half
  33, // CANNOT_READ_ALL_DATA
  159, // TIMEOUT_EXCEEDED
  173, // CANNOT_ALLOCATE_MEMORY
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY: the replica has lost its keeper
  252, // TOO_MANY_PARTS: merges are behind
  254, // NO_ACTIVE_REPLICAS
  265, // NO_AVAILABLE_REPLICA
  279, // ALL_CONNECTION_TRIES_FAILED
  285, // TOO_FEW_LIVE_REPLICAS
  286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  319, // UNKNOWN_STATUS_OF_INSERT
  425, // SYSTEM_ERROR
  439, // CANNOT_SCHEDULE_TASK
  473, // DEADLOCK_AVOIDED
  999, // KEEPER_EXCEPTION
])

/**
 * Does the work, and does it again when the connection broke or the server was only busy; not when the server refuses what
 * it was given. The work has to be of a kind that again is harmless. Ends at once when the signal fires.
 */
export async function retrying<T>(
  work: () => Promise<T>,
  waitsMs: readonly number[],
  signal?: AbortSignal,
): Promise<T> {
  const begun = performance.now()
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      const wait = waitsMs[attempt]
      const isOver = wait === undefined || performance.now() - begun > TRYING_MS_MAX
      if (isOver || !isPassing(error)) throw error
      // Several processes that lost the server at one time do not come back at one time.
      await sleep(wait * (0.5 + Math.random()), undefined, signal && { signal }).catch(() => signal?.throwIfAborted())
    }
  }
}

/** Errors that are not ClickHouse's own come from the connection, or from a proxy on the way. */
export function isPassing(error: unknown): boolean {
  const code = serverCode(error)
  if (code !== undefined) return PASSING.has(code) && !isBound(error)
  return error instanceof Error && !(error instanceof Fault) && !(error instanceof TypeError)
}

/**
 * Whether a statement took what one may, of time or memory: it would take that again. A server that is short of memory altogether
 * says so by the same number, and by other words.
 */
export function isBound(error: unknown): boolean {
  return serverCode(error) !== undefined && BOUND.test((error as Error).message)
}

const BOUND = /^(?:Timeout exceeded: elapsed|\(?(?:for )?query\)? memory limit|Memory limit \(for query\))/i

/** ClickHouse's own number of an error; undefined for all others. Not by class: there may be two copies of the client. */
export function serverCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return /^\d+$/.test(error.code) ? Number(error.code) : undefined
}
