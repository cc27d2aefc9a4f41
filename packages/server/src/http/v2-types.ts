import { z } from 'zod'
import type { Instant } from '../domain/period.ts'
import { Decimal } from '../domain/decimal.ts'
import { pythonText } from '../lib/python-text.ts'
import { parseIsoInstant } from '../domain/iso-time.ts'
import type { JsonValue } from './json.ts'
import { type Described, parsedType, refuse, Refusal } from './parsed-type.ts'

/** Told apart from a wrong value by the family's error text. */
export const REQUIRED = 'required key not provided'

const ISO = 'ISO 8601; UTC unless it says otherwise.'
const LIST = 'Repeated, or separated by commas.'
const LIST_OR_TEXT = 'A list, or a text of which commas separate the items.'
const PAIRS =
  'key:value pairs, separated by commas; may be repeated, also by key. A value with a comma or a colon stands in double ' +
  'quotes, name:"a,b", and a double quote in it is written twice.'
/** More items than a request has a use for. A statement of PostgreSQL takes 65,535 parameters. */
const ITEMS_MAX = 10_000
const TOO_MANY = `length of value must be at most ${ITEMS_MAX}`
const TRUE = ['1', 'true', 'yes', 'on', 'enable']
const FALSE = ['0', 'false', 'no', 'off', 'disable']

/**
 * The kinds of query parameters of API v2 (CloudKitty's cloudkitty/api/v2/utils.py). Each reads all values that were given
 * for its name. Mandatory unless made `.optional()` or given a default.
 */
export const param = {
  text: () => kind({ type: 'string' }, single),

  int: ({ min = -Infinity }: { min?: number } = {}) =>
    kind({ type: 'integer', ...(min === -Infinity ? {} : { minimum: min }) }, (values) => {
      const text = single(values)
      return text instanceof Refusal ? text : toInt(text, min)
    }),

  oneOf: <const T extends readonly [string, ...string[]]>(values: T, { anyCase = false } = {}) =>
    kind({ type: 'string', enum: [...values] }, (given): T[number] | Refusal => {
      const text = single(given)
      if (text instanceof Refusal) return text
      const wanted = anyCase ? text.toLowerCase() : text
      return values.find((value) => value === wanted) ?? refuse('not a valid value')
    }),

  datetime: () =>
    kind(
      { type: 'string', format: 'date-time', description: ISO, examples: ['2026-06-01T00:00:00Z'] },
      (values): Instant | Refusal => {
        const text = single(values)
        return text instanceof Refusal ? text : (parseIsoInstant(text, 'v2') ?? refuse('not a valid value'))
      },
    ),

  /** `name=a,b` and `name=a&name=b`, freely mixed; order kept. */
  texts: () => kind({ type: 'array', items: { type: 'string' }, description: LIST }, multi),

  ints: ({ min = -Infinity }: { min?: number } = {}) =>
    kind({ type: 'array', items: { type: 'integer' }, description: LIST }, (values) => {
      const numbers: number[] = []
      const texts = multi(values)
      if (texts instanceof Refusal) return texts
      for (const text of texts) {
        const number = toInt(text, min)
        if (number instanceof Refusal) return number
        numbers.push(number)
      }
      return numbers
    }),

  /** `filters=k:v,k2:v2` and repetition; values of a repeated key collect into a list. */
  multiDict: () =>
    kind({ type: 'array', items: { type: 'string' }, description: PAIRS, examples: [['type:instance']] }, (values) => {
      const dict = new Map<string, string[]>()
      let pairs = 0
      for (const text of values) {
        for (const [key, value] of pairsOf(text)) {
          if (++pairs > ITEMS_MAX) return refuse(TOO_MANY)
          if (value === undefined) return refuse(`invalid key:value association ${key}`)
          const known = dict.get(key)
          if (known) known.push(value)
          else dict.set(key, [value])
        }
      }
      return dict
    }),
}

/** Which part of a list is asked for. */
export const pagingQuery = {
  offset: param.int({ min: 0 }).default(0).describe('How many to pass over.'),
  limit: param.int({ min: 1 }).default(100).describe('How many at most.'),
}

/** A range of time, half-open; the present month where a bound is left out. */
export const rangeQuery = {
  begin: param
    .datetime()
    .optional()
    .meta({ description: 'From then on; by default the begin of this month.', examples: ['2026-06-01T00:00:00Z'] }),
  end: param
    .datetime()
    .optional()
    .meta({ description: 'Before then; by default the end of this month.', examples: ['2026-07-01T00:00:00Z'] }),
}

/**
 * The same kinds inside a JSON body: a scalar or an array of one. Numbers and booleans become text where text is wanted,
 * as in CloudKitty; null is refused.
 */
export const field = {
  text: ({ min = 0, max = Infinity }: { min?: number; max?: number } = {}) =>
    kindOfJson({ type: 'string' }, (value) => {
      const text = toText(one(value))
      if (text === undefined) return refuse('expected str')
      if (text.length < min) return refuse(`length of value must be at least ${min}`)
      return text.length > max ? refuse(`length of value must be at most ${max}`) : text
    }),

  /** `"a,b"`, `["a", "b"]` or `["a,b", "c"]`. */
  texts: () =>
    kindOfJson({ type: ['array', 'string'], items: { type: 'string' }, description: LIST_OR_TEXT }, (value) => {
      const texts: string[] = []
      for (const item of Array.isArray(value) ? value : [value]) {
        if (typeof item !== 'string' && !Array.isArray(value)) return refuse('expected a list')
        const text = toText(item)
        if (text === undefined) return refuse('expected str')
        for (const part of text.split(',', ITEMS_MAX + 1)) texts.push(part)
        if (texts.length > ITEMS_MAX) return refuse(TOO_MANY)
      }
      return texts
    }),

  /** A boolean, or one of the words that CloudKitty knows, in any letter case. */
  bool: () =>
    kindOfJson({ type: 'boolean' }, (value) => {
      const scalar = one(value)
      if (typeof scalar === 'boolean') return scalar
      const word = typeof scalar === 'string' || typeof scalar === 'number' ? String(scalar).toLowerCase() : ''
      if (TRUE.includes(word)) return true
      return FALSE.includes(word) ? false : refuse('expected boolean')
    }),

  /** A real integer, no text. True passes as 1, as in Python. */
  int: ({ min = -2_147_483_648, max = 2_147_483_647 }: { min?: number; max?: number } = {}) =>
    kindOfJson({ type: 'integer', minimum: min, maximum: max }, (value) => {
      const number = typeof value === 'boolean' ? Number(value) : value
      if (typeof number !== 'number' || !Number.isSafeInteger(number)) return refuse('expected int')
      if (number < min) return refuse(`value must be at least ${min}`)
      return number > max ? refuse(`value must be at most ${max}`) : number
    }),

  datetime: () =>
    kindOfJson(
      { type: 'string', format: 'date-time', description: ISO, examples: ['2026-06-01T00:00:00Z'] },
      (value): Instant | Refusal => {
        const scalar = one(value)
        const instant = typeof scalar === 'string' ? parseIsoInstant(scalar, 'v2') : undefined
        return instant ?? refuse('not a valid value')
      },
    ),
}

/** Members of answers that zod has no word for. */
export const out = {
  /** A number printed from the decimal, never through a double. */
  decimal: () => DECIMAL,

  instant: () => z.string().meta({ format: 'date-time', examples: ['2026-06-01T00:00:00+00:00'] }),

  /** Why something fails again and again. */
  failure: () => FAILURE,
}

const DECIMAL = z.custom<Decimal | number>(isNumeric).meta({
  id: 'Decimal',
  type: 'number',
  format: 'decimal',
  description: 'A number with all its digits, up to 18 behind the point: a double may not hold them.',
  examples: [0.123456789012],
})

const FAILURE = z
  .strictObject({
    error: z.string(),
    count: z.int().describe('How often in a row.'),
    retry_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Failure' })

function isNumeric(value: unknown): boolean {
  return value instanceof Decimal || typeof value === 'number'
}

function kind<T>(described: Described, read: (values: readonly string[]) => T | Refusal) {
  return parsedType(described, REQUIRED, (input) => (Array.isArray(input) ? read(input as string[]) : refuse(REQUIRED)))
}

function kindOfJson<T>(described: Described, read: (value: JsonValue) => T | Refusal) {
  return parsedType(described, REQUIRED, (input) => read(input as JsonValue))
}

function single(values: readonly string[]): string | Refusal {
  return values.length === 1 ? values[0]! : refuse('length of value must be 1')
}

function multi(values: readonly string[]): string[] | Refusal {
  const items = values.flatMap((value) => value.split(','))
  return items.length > ITEMS_MAX ? refuse(TOO_MANY) : items
}

/**
 * The pairs of a text; one that is none has no value. Quotes count where a value needs them, as it has a comma, a colon or a
 * quote in it: CloudKitty takes any others for a part of the value.
 */
function* pairsOf(text: string): Generator<readonly [key: string, value: string | undefined]> {
  for (let at = 0; at <= text.length;) {
    const quoted = /^([^,:"]*):"((?:[^"]|""){0,1000})"(?=,|$)/.exec(text.slice(at))
    if (quoted && /[,:"]/.test(quoted[2]!)) {
      yield [quoted[1]!, quoted[2]!.replaceAll('""', '"')]
      at += quoted[0].length + 1
      continue
    }
    const comma = text.indexOf(',', at)
    const pair = text.slice(at, comma < 0 ? text.length : comma)
    const [key = '', value, ...more] = pair.split(':')
    yield value === undefined || more.length > 0 ? [pair, undefined] : [key, value]
    at += pair.length + 1
  }
}

function toInt(text: string, min: number): number | Refusal {
  const number = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) return refuse('expected int')
  return number < min ? refuse(`value must be at least ${min}`) : number
}

function one(value: JsonValue): JsonValue {
  return Array.isArray(value) && value.length === 1 ? value[0]! : value
}

function toText(value: JsonValue): string | undefined {
  if (value instanceof Decimal) return String(value)
  return value === null || typeof value === 'object' ? undefined : pythonText(value)
}
