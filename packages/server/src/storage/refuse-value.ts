import type { Decimal } from '../domain/decimal.ts'
import { Fault } from '../lib/fault.ts'

/** Throws the `Fault` for a value that no store can keep. */
export function refuseValue(what: string, value: Decimal, type: string, scopeId: string): never {
  const text = value.toString()
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text
  const message = `the ${what} ${shown} of ${type} does not fit DECIMAL(38,18)`
  throw new Fault('storage.out_of_range', message, { type }, { scopeIds: [scopeId] })
}
