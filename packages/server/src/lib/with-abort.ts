import { setMaxListeners } from 'node:events'

/**
 * Runs something under a controller of its own that also follows `signal`, and aborts it when `run` fails, so that what
 * was started beside the failed part stops too. Unlike `AbortSignal.any`, it leaves nothing hanging on a long-lived signal.
 */
export async function withAbort<T>(signal: AbortSignal, run: (inner: AbortController) => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const inner = new AbortController()
  // Many may follow one signal at a time; each leaves it, so that is no leak for Node to warn of.
  setMaxListeners(0, signal, inner.signal)
  const follow = (): void => inner.abort(signal.reason)
  signal.addEventListener('abort', follow, { once: true })
  try {
    return await run(inner)
  } catch (error) {
    inner.abort(error)
    throw error
  } finally {
    signal.removeEventListener('abort', follow)
  }
}
