/**
 * Wraps a question that many ask at once: who comes while an answer is under way shares the next one with all others
 * that wait. So nobody gets an answer that was asked for before he came, and however many come, one question is under
 * way. A failure goes to those who share it, and to nobody after them.
 */
export function shareNext<T>(ask: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  return () => {
    next ??= underWay.then(() => {
      next = undefined
      const answer = ask()
      underWay = answer.catch(() => {})
      return answer
    })
    return next
  }
}
