import { Decimal, power10, STORED_SCALE, toStored } from '../../domain/decimal.ts'

/**
 * How a `DECIMAL(38,18)` lies in the file. A 128-bit column is summed five to eight times slower than a 64-bit one, and
 * nearly every value of a bill has at most nine digits after the point and ten before. So a value is kept in three
 * columns of the same sign: billionths (`nano`), the billionths of a billionth that remain (`atto`), and what is too
 * large for 64 bits (`high`): `value = (high * 2^62 + nano) * 1e9 + atto`, in units of 1e-18. Sums of the columns stay
 * within 128 bits whatever is summed, and are put together outside of the engine: no sum of prices overflows.
 */
export interface StoredValue {
  readonly nano: bigint
  readonly atto: number
  readonly high: bigint
}

/** Which columns of a row are needed to know its values; also its column `rest`, by which sums skip what is zero. */
export const REST = { none: 0, atto: 1, high: 2 } as const
export type Rest = (typeof REST)[keyof typeof REST]

const NANO_SCALE = 9
const NANO = 1_000_000_000n
const HIGH = 2n ** 62n

/** Undefined when the value does not fit `DECIMAL(38,18)`. Digits after the eighteenth are cut half-even. */
export function toStoredValue(value: Decimal): StoredValue | undefined {
  if (value.scale <= NANO_SCALE) {
    const nano = value.coefficient * power10(NANO_SCALE - value.scale)
    if (nano < HIGH && nano > -HIGH) return { nano, atto: 0, high: 0n }
  }
  const stored = toStored(value)
  if (stored === undefined) return undefined
  const nano = stored / NANO
  const atto = Number(stored % NANO)
  return nano < HIGH && nano > -HIGH ? { nano, atto, high: 0n } : { nano: nano % HIGH, atto, high: nano / HIGH }
}

export function restOf({ atto, high }: StoredValue): Rest {
  return high !== 0n ? REST.high : atto !== 0 ? REST.atto : REST.none
}

/** In units of 1e-18; of sums too. */
export function toUnits(nano: bigint, atto: bigint, high: bigint): bigint {
  return (high * HIGH + nano) * NANO + atto
}

export function fromStoredValue(nano: bigint, atto: number, high: bigint): Decimal {
  if (atto === 0 && high === 0n) return new Decimal(nano, NANO_SCALE)
  return new Decimal(toUnits(nano, BigInt(atto), high), STORED_SCALE)
}

/** A point's exact quantity or price in units of 1e-18, as SQL over the alias `p`. */
export function exactSql(column: 'quantity' | 'price'): string {
  return `((p.${column}_high::HUGEINT * ${HIGH} + p.${column}) * ${NANO} + p.${column}_atto)`
}
