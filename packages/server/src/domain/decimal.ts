/**
 * Exact decimals: `coefficient / 10^scale`. Values are immutable; an operation is exact unless it takes a number of
 * digits, and where a value must be cut it is cut half-even. Python's `Decimal` context (28 digits, half-even after
 * every single operation), in which CloudKitty prices, is `mul(a, b, PRICE_DIGITS)` and `add(a, b, PRICE_DIGITS)`.
 */
export class Decimal {
  readonly coefficient: bigint
  /** Digits after the point, never negative. */
  readonly scale: number

  constructor(coefficient: bigint, scale: number) {
    this.coefficient = coefficient
    this.scale = scale
  }

  /** Plain text without exponent and without trailing zeros: `0.02`, `-3`, `0`. */
  toString(): string {
    return formatDecimal(this)
  }
}

export type Rounding = 'half-even' | 'half-up'

/** Significant digits of CloudKitty's price arithmetic (Python's default decimal context). */
export const PRICE_DIGITS = 28
/** Digits after the point of what the points store keeps: `DECIMAL(38,18)`. */
export const STORED_SCALE = 18
/** The largest magnitude that fits the points store, in units of `10^-STORED_SCALE`. */
const STORED_LIMIT = 10n ** 38n

const POWERS: bigint[] = [1n]

/** `10^exponent`, remembered. */
export function power10(exponent: number): bigint {
  for (let i = POWERS.length; i <= exponent; i++) POWERS.push(POWERS[i - 1]! * 10n)
  return POWERS[exponent]!
}

export const ZERO = new Decimal(0n, 0)
export const ONE = new Decimal(1n, 0)

/** No number that can be rated or stored is written longer, and reading digits by the million takes long. */
const LENGTH_MAX = 1000
const LITERAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/

/** Reads `12`, `-0.5`, `.5`, `1e-3`; undefined for anything else (`NaN`, `Inf`, blanks, an exponent beyond ±9999, more than 1000 characters). */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > LENGTH_MAX) return undefined
  const match = LITERAL.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent] = match
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt(whole + fraction)
  const scale = fraction.length - (exponent ? Number(exponent) : 0)
  const coefficient = sign === '-' ? -digits : digits
  return scale >= 0 ? new Decimal(coefficient, scale) : new Decimal(coefficient * power10(-scale), 0)
}

/** As `parseDecimal`, for text that is known to be a number. */
export function decimal(text: string): Decimal {
  const value = parseDecimal(text)
  if (!value) throw new Error(`not a decimal number: ${text}`)
  return value
}

/** The decimal that the shortest text of a finite double stands for: `0.1` is one tenth. */
export function decimalFromNumber(value: number): Decimal {
  return decimal(String(value))
}

export function formatDecimal({ coefficient, scale }: Decimal): string {
  if (scale === 0) return coefficient.toString()
  const text = toFixed({ coefficient, scale }, scale)
  let end = text.length
  while (text.charCodeAt(end - 1) === 48) end--
  if (text.charCodeAt(end - 1) === 46) end--
  const short = text.slice(0, end)
  return short === '-0' ? '0' : short
}

/** Plain text with exactly `places` digits after the point, cut half-even. */
export function toFixed(value: Pick<Decimal, 'coefficient' | 'scale'>, places: number): string {
  const scaled = rescale(value, places)
  const negative = scaled < 0n
  const digits = (negative ? -scaled : scaled).toString().padStart(places + 1, '0')
  const point = digits.length - places
  const text = places === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
  return negative ? `-${text}` : text
}

/** The coefficient of a value at another scale; digits that do not fit are cut by `rounding`. */
export function rescale(
  value: Pick<Decimal, 'coefficient' | 'scale'>,
  scale: number,
  rounding: Rounding = 'half-even',
): bigint {
  if (scale >= value.scale) return value.coefficient * power10(scale - value.scale)
  return divideRounded(value.coefficient, power10(value.scale - scale), rounding)
}

/** `numerator / denominator` as an integer, cut by `rounding`. The denominator is positive. */
export function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding = 'half-even'): bigint {
  const quotient = numerator / denominator
  const rest = numerator - quotient * denominator
  if (rest === 0n) return quotient
  const twice = (rest < 0n ? -rest : rest) * 2n
  const up = twice > denominator || (twice === denominator && (rounding === 'half-up' || (quotient & 1n) !== 0n))
  if (!up) return quotient
  return numerator < 0n ? quotient - 1n : quotient + 1n
}

/** Cuts a value to so many significant digits, as Python's decimal context does after an operation. */
export function roundDigits(value: Decimal, digits: number, rounding: Rounding = 'half-even'): Decimal {
  const magnitude = value.coefficient < 0n ? -value.coefficient : value.coefficient
  if (magnitude < power10(digits)) return value
  const excess = magnitude.toString().length - digits
  const coefficient = divideRounded(value.coefficient, power10(excess), rounding)
  const scale = value.scale - excess
  return scale >= 0 ? new Decimal(coefficient, scale) : new Decimal(coefficient * power10(-scale), 0)
}

/** Cuts a value to so many digits after the point. */
export function roundScale(value: Decimal, scale: number): Decimal {
  return value.scale <= scale ? value : new Decimal(rescale(value, scale), scale)
}

export function add(a: Decimal, b: Decimal, digits?: number): Decimal {
  const scale = Math.max(a.scale, b.scale)
  const sum = new Decimal(rescale(a, scale) + rescale(b, scale), scale)
  return digits === undefined ? sum : roundDigits(sum, digits)
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, new Decimal(-b.coefficient, b.scale))
}

export function mul(a: Decimal, b: Decimal, digits?: number): Decimal {
  const product = new Decimal(a.coefficient * b.coefficient, a.scale + b.scale)
  return digits === undefined ? product : roundDigits(product, digits)
}

/** Negative, zero or positive, as for `Array.prototype.sort`. */
export function compare(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale)
  const left = rescale(a, scale)
  const right = rescale(b, scale)
  return left < right ? -1 : left > right ? 1 : 0
}

export function isZero(value: Decimal): boolean {
  return value.coefficient === 0n
}

/** The value in units of `10^-STORED_SCALE`, or undefined when it does not fit `DECIMAL(38,18)`. */
export function toStored(value: Decimal): bigint | undefined {
  const stored = rescale(value, STORED_SCALE)
  return stored > -STORED_LIMIT && stored < STORED_LIMIT ? stored : undefined
}
