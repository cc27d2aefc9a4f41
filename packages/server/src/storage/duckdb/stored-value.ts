import { Decimal, power10, STORED_SCALE, toStored } from '../../domain/decimal.ts'

/**
 * How a `DECIMAL(38,18)` lies in the file. A 128-bit column is summed five to eight times slower than a 64-bit one, and
 * nearly every value of a bill has at most nine digits after the point. So a value is kept as billionths (`nano`, 64
 * bits) plus the billionths of a billionth that remain (`atto`, same sign, 32 bits); one too large for that is kept
 * `wide`, in units of 1e-18, and its other parts are zero. `value = wide ?? nano * 1e9 + atto`, in units of 1e-18.
 */
export interface StoredValue {
  readonly nano: bigint
  readonly atto: number
  readonly wide: bigint | null
}

/** Which columns of a row are needed to know its values: also the column `rest`, by which sums skip what is zero. */
export const REST = { none: 0, atto: 1, wide: 2 } as const
export type Rest = (typeof REST)[keyof typeof REST]

export const NANO_SCALE = 9
export const NANO = 1_000_000_000n
const NANO_LIMIT = 2n ** 63n

/** Undefined when the value does not fit `DECIMAL(38,18)`. Digits after the eighteenth are cut half-even. */
export function toStoredValue(value: Decimal): StoredValue | undefined {
  if (value.scale <= NANO_SCALE) {
    const nano = value.coefficient * power10(NANO_SCALE - value.scale)
    if (nano < NANO_LIMIT && nano > -NANO_LIMIT) return { nano, atto: 0, wide: null }
  }
  const stored = toStored(value)
  if (stored === undefined) return undefined
  const nano = stored / NANO
  if (nano < NANO_LIMIT && nano > -NANO_LIMIT) return { nano, atto: Number(stored % NANO), wide: null }
  return { nano: 0n, atto: 0, wide: stored }
}

export function restOf({ atto, wide }: StoredValue): Rest {
  return wide !== null ? REST.wide : atto !== 0 ? REST.atto : REST.none
}

export function fromStoredValue(nano: bigint, atto: number, wide: bigint | null): Decimal {
  if (wide !== null) return new Decimal(wide, STORED_SCALE)
  return atto === 0 ? new Decimal(nano, NANO_SCALE) : new Decimal(nano * NANO + BigInt(atto), STORED_SCALE)
}

/** A point's exact quantity or price in units of 1e-18, as SQL over the alias `p`. */
export function exactSql(column: 'quantity' | 'price'): string {
  return `coalesce(p.${column}_wide, p.${column}::HUGEINT * 1000000000 + p.${column}_atto)`
}
