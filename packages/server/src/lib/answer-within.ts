import { setTimeout as sleep } from 'node:timers/promises'

/** What a promise gives, if it does within so many milliseconds; throws after that, while what was begun goes on unheard. */
export async function answerWithin<T>(promise: Promise<T>, ms: number): Promise<T> {
  const answered = new AbortController()
  const silent = sleep(ms, undefined, { signal: answered.signal }).then(() => {
    throw new Error(`no answer within ${ms} ms`)
  })
  // Whichever of the two comes second is heard by nobody.
  promise.catch(() => {})
  silent.catch(() => {})
  try {
    return await Promise.race([promise, silent])
  } finally {
    answered.abort()
  }
}
