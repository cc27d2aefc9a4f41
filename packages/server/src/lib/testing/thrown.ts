import { Fault } from '../fault.ts'

/** What a call throws; undefined when it throws nothing. */
export function thrownBy(run: () => unknown): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}

/** The fault that a promise is rejected with; throws when it is not rejected, or by anything else. */
export async function faultOf(promise: PromiseLike<unknown>): Promise<Fault> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof Fault) return error
  throw new Error(`expected a fault, got ${String(error)}`)
}
