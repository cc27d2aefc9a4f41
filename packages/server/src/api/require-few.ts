import { Fault } from '../lib/fault.ts'

/** Each name is a join with the attributes of all series that are asked about; nobody has a use for more. */
const NAMES_MAX = 20

/** Throws `request.invalid` when one question names more than the engine is asked to join. */
export function requireFew(parameter: string, count: number): void {
  if (count <= NAMES_MAX) return
  throw new Fault(
    'request.invalid',
    `Invalid ${parameter}: it has ${count} names, and at most ${NAMES_MAX} are taken; leave some out, or ask several times.`,
  )
}
