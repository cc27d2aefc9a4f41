/**
 * - `memory`: there was not enough of it; with more, or with less at work, the same may succeed.
 * - `interrupted`: it was stopped, and may be done again.
 * - `invalid`: the whole instance is unusable until it is opened anew.
 */
export type EngineErrorKind = 'memory' | 'interrupted' | 'invalid' | 'other'

/** An error of DuckDB, by what can be done about it. Its words tell paths and sizes: they are for the log, not for callers. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly kind: EngineErrorKind
  /** Also of an instance that became invalid by it. */
  readonly lacksMemory: boolean

  constructor(kind: EngineErrorKind, cause: unknown) {
    const message = cause instanceof Error ? cause.message : String(cause)
    super(message.split('\n', 1)[0], { cause })
    this.kind = kind
    this.lacksMemory = MEMORY.test(message)
  }
}

/** Calls DuckDB: whatever is thrown is its error. Everything that may fail for a reason of the engine's goes through here. */
export async function engine<T>(call: () => Promise<T> | T): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError(kindOf(error), error)
  }
}

/** For what had a connection that was taken away. */
export function connectionClosed(): EngineError {
  return new EngineError('interrupted', 'the connection was closed')
}

const MEMORY = /out of memory|failed to (?:pin|allocate|offload|append)|could not allocate|bad_?alloc/i

/** By its words: DuckDB gives no other sign. A commit that lacks memory says so in the middle of them, an appender not at all. */
function kindOf(error: unknown): EngineErrorKind {
  const message = error instanceof Error ? error.message : String(error)
  if (/^FATAL|database has been invalidated/.test(message)) return 'invalid'
  if (/^INTERRUPT|Interrupted!/.test(message)) return 'interrupted'
  return MEMORY.test(message) ? 'memory' : 'other'
}
