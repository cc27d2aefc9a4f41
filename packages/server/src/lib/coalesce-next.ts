/**
 * Wraps a question that many ask at once: who comes while an answer is under way shares the next one with all others
 * that wait. So nobody gets an answer that was asked for before they came, and however many come, one question is under
 * way; after `patienceMs` without an answer the next one is asked beside it, so that one lost connection does not hold
 * everybody. A failure goes to those who share it, and to nobody after them.
 */
export function coalesceNext<T>(ask: () => Promise<T>, patienceMs: number): () => Promise<T> {
  let underWay: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  return () => {
    next ??= endOf(underWay, patienceMs).then(() => {
      next = undefined
      const answer = ask()
      underWay = answer.catch(() => {})
      return answer
    })
    return next
  }
}

/** Resolves when the promise does, or when it has taken so long. */
async function endOf(promise: Promise<unknown>, patienceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const impatient = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs)
  })
  await Promise.race([promise, impatient])
  clearTimeout(timer)
}
