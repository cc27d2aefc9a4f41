import { Decimal, formatDecimal, rescale } from '../domain/decimal.ts'
import { toUuid } from '../lib/to-uuid.ts'
import { parseLenientDatetime } from './datetime.ts'
import { type JsonValue, messageText, toDecimal } from './json.ts'
import { type Described, parsedOptional, parsedType, refuse, type Refusal } from './parsed-type.ts'

/** What a path or a query says: text, in contrast to a JSON string. The types below read the two differently. */
export class ArgumentText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const TIME = 'ISO 8601; UTC unless it says otherwise.'

/** Told apart from a wrong value, because API v1 words it differently. */
export const MISSING = 'Mandatory field missing.'

/**
 * The types of API v1 (WSME's, as CloudKitty's cloudkitty/api/v1/types.py and datamodels use them). Each is mandatory and
 * refuses null unless it is made `.optional()`, `.nullable()` or given a default.
 */
export const arg = {
  text: ({ max, min = 0 }: { max?: number; min?: number } = {}) =>
    type({ type: 'string', ...(max ? { maxLength: max } : {}), ...(min ? { minLength: min } : {}) }, (value) => {
      const text = value instanceof ArgumentText ? value.text : value
      if (typeof text !== 'string') return refuse(`Wrong type. Expected 'text', got '${kindOf(text)}'`)
      if (text.length < min) return refuse('Value should not be empty')
      if (max !== undefined && text.length > max) return refuse(`Value should be at most ${max} characters long`)
      return text
    }),

  /** Kept as given. Only JSON bodies are checked: an id in a path or query that is no UUID just finds nothing. */
  uuid: () =>
    type({ type: 'string', format: 'uuid' }, (value) => {
      if (value instanceof ArgumentText) return value.text
      return typeof value === 'string' && toUuid(value) !== undefined
        ? value
        : refuse(`Invalid UUID, got '${messageText(value)}'`)
    }),

  /** In a query the words count as well (CloudKitty takes `false` for true there); the empty text is false there. */
  bool: () =>
    type({ type: 'boolean' }, (value) => {
      if (typeof value === 'boolean') return value
      const word = wordOf(value instanceof ArgumentText ? value.text : value)
      if (TRUE.includes(word)) return true
      if (FALSE.includes(word) || (value instanceof ArgumentText && word === '')) return false
      return refuse(`Value should be one of: ${[...TRUE, ...FALSE].join(', ')}`)
    }),

  int: ({ min = -2_147_483_648, max = 2_147_483_647 }: { min?: number; max?: number } = {}) =>
    type({ type: 'integer', minimum: min, maximum: max }, (value) => {
      const decimal = toDecimal(value instanceof ArgumentText ? value.text : value)
      const int = decimal && Number(formatDecimal(decimal))
      if (int === undefined || !Number.isSafeInteger(int)) return refuse('a number is required')
      return int < min || int > max ? refuse(`Value should be from ${min} to ${max}`) : int
    }),

  /** Exact: the number's literal counts, not its double. At most so many places and digits before the point. */
  decimal: ({ places = 28, whole = 12 }: { places?: number; whole?: number } = {}) =>
    type({ type: ['string', 'number'], format: 'decimal', examples: ['0.1'] }, (value) => {
      const decimal = toDecimal(value instanceof ArgumentText ? value.text : value)
      if (!decimal) return refuse('a decimal number is required')
      const cut = new Decimal(rescale(decimal, places), places)
      const magnitude = cut.coefficient < 0n ? -cut.coefficient : cut.coefficient
      if (magnitude >= 10n ** BigInt(whole + places)) return refuse(`a number below 1e${whole} is required`)
      return cut
    }),

  /** Undefined when it is absent, empty or null. Without an offset it is UTC. */
  datetime: () => datetimeType(),

  oneOf: <const T extends readonly [string, ...string[]]>(values: T) =>
    type({ type: 'string', enum: [...values] }, (value): T[number] | Refusal => {
      const text = value instanceof ArgumentText ? value.text : value
      return values.find((known) => known === text) ?? refuse(`Value should be one of: ${values.join(', ')}`)
    }),

  /** What an attribute of a quoted resource may be: anything but a list. */
  attribute: () =>
    type(
      { type: ['string', 'number', 'boolean', 'object', 'null'], additionalProperties: true },
      (value): JsonValue | Refusal => {
        if (value instanceof ArgumentText) return value.text
        return Array.isArray(value) ? refuse('a list has no place here') : value
      },
    ),
}

const TRUE = ['true', 't', 'yes', 'y', 'on', '1']
const FALSE = ['false', 'f', 'no', 'n', 'off', '0']

function type<T>(described: Described, read: (value: ArgumentText | JsonValue) => T | Refusal) {
  return parsedType(described, MISSING, (input) => read(input as ArgumentText | JsonValue))
}

function datetimeType() {
  return parsedOptional(
    { type: 'string', format: 'date-time', description: TIME, examples: ['2026-06-01T00:00:00Z'] },
    (input) => {
      const text = input instanceof ArgumentText ? input.text : input
      if (text === undefined || text === null || text === '') return undefined
      const date = typeof text === 'string' ? parseLenientDatetime(text) : undefined
      return date ?? refuse('unable to convert to datetime. Expected e.g. 2026-06-01T00:00:00')
    },
  )
}

function wordOf(value: JsonValue): string {
  return typeof value === 'number' || typeof value === 'string' || value instanceof Decimal
    ? String(value).trim().toLowerCase()
    : ''
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null'
  if (value instanceof Decimal) return 'number'
  return Array.isArray(value) ? 'array' : typeof value
}
