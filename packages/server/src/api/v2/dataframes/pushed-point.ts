import { type JsonValue, toDecimal } from '../../../http/json.ts'
import { Decimal, toStored, ZERO } from '../../../domain/decimal.ts'
import { type LongText, longText } from '../../../domain/long-text.ts'
import type { Period } from '../../../domain/period.ts'
import { NO_RULES, type Point } from '../../../domain/point.ts'
import { type SeriesRegistry } from '../../../domain/series-registry.ts'
import { attributesJson, attributeText } from '../../../domain/series.ts'
import { toAttributes } from '../../to-attributes.ts'

/** What is wrong with a point, and where in it. */
export class PointRefusal extends Error {
  readonly path: readonly (string | number)[]

  constructor(reason: string, ...path: (string | number)[]) {
    super(reason)
    this.path = path
  }
}

const POINT = ['vol', 'groupby', 'metadata']
const RATING = ['rating']
const VOL = ['unit', 'qty']
const PRICE = ['price']
const NONE: readonly string[] = []

type JsonObject = Readonly<Record<string, JsonValue>>

/** Turns points that clients push into points to store, exactly as they were given: no rule is applied to them. */
export class PushedPoints {
  readonly #scopeKey: string
  readonly #series: SeriesRegistry

  constructor(scopeKey: string, series: SeriesRegistry) {
    this.#scopeKey = scopeKey
    this.#series = series
  }

  /** Throws `PointRefusal`. */
  read(value: JsonValue, type: string, { begin, end }: Period): Point {
    const point = members(value, POINT, RATING)
    const vol = members(point['vol']!, VOL, NONE, 'vol')
    if (typeof vol['unit'] !== 'string') throw new PointRefusal('expected str', 'vol', 'unit')
    const unit = vol['unit'] === '' ? 'undefined' : vol['unit']
    const quantity = numeric(vol['qty'], 'vol', 'qty')
    const rating = point['rating'] === undefined ? {} : members(point['rating'], NONE, PRICE, 'rating')
    const price = rating['price'] === undefined ? ZERO : numeric(rating['price'], 'rating', 'price')
    const groupby = toAttributes(dictionary(point['groupby']!, 'groupby'))
    const metadata = toAttributes(dictionary(point['metadata']!, 'metadata'))
    const series = this.#series.intern(attributesJson([type, unit, groupby, metadata]), () => {
      const identity = { scopeId: attributeText(groupby[this.#scopeKey]), type, unit, groupby, metadata }
      const long = longText(identity, this.#series.textBytesMax)
      if (long) throw new PointRefusal(`it has ${long.reason}`, ...pathOf(long))
      return identity
    })
    return { series, begin, end, quantity, price, rules: NO_RULES }
  }
}

function pathOf({ part, name }: LongText): string[] {
  if (part === 'type') return []
  return part === 'unit' ? ['vol', 'unit'] : [part, name!]
}

function numeric(value: JsonValue | undefined, ...path: string[]): Decimal {
  const decimal = toDecimal(value)
  if (decimal === undefined) throw new PointRefusal('expected a number', ...path)
  if (toStored(decimal) === undefined) throw new PointRefusal('the number is too large to be stored', ...path)
  return decimal
}

/** Exactly these members: mandatory and optional ones. */
function members(
  value: JsonValue,
  mandatory: readonly string[],
  optional: readonly string[],
  ...path: string[]
): JsonObject {
  if (!isDictionary(value)) throw new PointRefusal('expected a dictionary', ...path)
  let known = 0
  for (const key in value) {
    if (mandatory.includes(key)) known++
    else if (!optional.includes(key)) throw new PointRefusal('extra keys not allowed', ...path, key)
  }
  if (known < mandatory.length) {
    const missing = mandatory.find((key) => !Object.hasOwn(value, key))!
    throw new PointRefusal('required key not provided', ...path, missing)
  }
  return value
}

/** CloudKitty takes what Python's `dict` takes: a list of pairs as well. */
function dictionary(value: JsonValue, ...path: string[]): JsonObject {
  if (isDictionary(value)) return value
  if (!Array.isArray(value)) throw new PointRefusal('expected a dictionary', ...path)
  return Object.fromEntries(
    value.map((pair, i) => {
      if (Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string') return [pair[0], pair[1]!]
      throw new PointRefusal('expected a pair of a name and a value', ...path, i)
    }),
  )
}

function isDictionary(value: JsonValue): value is Record<string, JsonValue> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Decimal)
}
