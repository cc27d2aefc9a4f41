import type { Decimal } from '../domain/decimal.ts'
import { formatInstant } from '../domain/period.ts'
import type { Point } from '../domain/point.ts'
import type { Sample } from '../domain/sample.ts'
import { Fault } from '../lib/fault.ts'
import { ScopeFaults } from '../lib/scope-faults.ts'

/** Throws the `Fault` for points with a value that no store can keep: for all scopes that have one, though one was met first. */
export function refusePoints(points: readonly Point[], fits: (value: Decimal) => boolean): never {
  const faults = new ScopeFaults()
  for (const { series, begin, quantity, price } of points) {
    const { scopeId, type } = series
    if (faults.has(scopeId)) continue
    const where = `of ${type} of scope '${scopeId}' in the period from ${formatInstant(begin)}`
    if (!fits(quantity)) faults.add(outOfRange(`the quantity ${shown(quantity)} ${where}`, { type, begin }, scopeId))
    else if (!fits(price)) faults.add(outOfRange(`the price ${shown(price)} ${where}`, { type, begin }, scopeId))
  }
  faults.throwIfAny()
  throw new Error('points were refused that fit')
}

/** Throws the `Fault` for a sample's value that no store can keep. */
export function refuseSample({ name, at, value }: Sample): never {
  const message = `the value ${shown(value)} of the sample ${name} at ${formatInstant(at)} does not fit DECIMAL(38,18)`
  throw new Fault('storage.out_of_range', message, { name, at })
}

function outOfRange(what: string, detail: object, scopeId: string): Fault {
  const message = `${what} does not fit DECIMAL(38,18): mend the usage at its source, or the factor or rule that makes it so large`
  return new Fault('storage.out_of_range', message, detail, { scopeIds: [scopeId] })
}

function shown(value: Decimal): string {
  const text = value.toString()
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
