import { Decimal, decimalFromNumber, formatDecimal, parseDecimal } from '../domain/decimal.ts'
import { jsonText, parseJson } from '../lib/json-text.ts'
import { PythonNumber, pythonText } from '../lib/python-text.ts'

/** A number of a JSON document that a double would not give back as it was written. */
export class JsonDecimal extends Decimal {
  readonly literal: string

  constructor(literal: string, { coefficient, scale }: Decimal) {
    super(coefficient, scale)
    this.literal = literal
  }
}

/** A JSON document as it came in: a number that a double would not give back as it was written is a `Decimal`. */
export type JsonValue = string | number | boolean | null | Decimal | JsonValue[] | { [key: string]: JsonValue }

/** Why a document is not taken although it is JSON. */
export class JsonRefusal extends SyntaxError {}

/** Throws `SyntaxError` on anything but JSON; `JsonRefusal` on texts and numbers that no store can hold. */
export function readJson(text: string): JsonValue {
  const value = parseJson(text, exactNumber) as JsonValue
  if (text.includes('\\u0000') && hasNul(value)) throw new JsonRefusal('a text holds a NUL character')
  return value
}

/** No number that can be stored is longer, and reading digits by the million takes long. */
const NUMBER_LENGTH_MAX = 400

function exactNumber(literal: string): Decimal {
  const value = literal.length > NUMBER_LENGTH_MAX ? undefined : parseDecimal(literal)
  if (value === undefined) throw new JsonRefusal('a number is too long')
  return new JsonDecimal(literal, value)
}

function hasNul(value: JsonValue): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (value === null || typeof value !== 'object' || value instanceof Decimal) return false
  return Object.entries(value).some(([key, member]) => key.includes('\0') || hasNul(member))
}

/** JSON text with decimals as exact number literals, whole ones with `.0` as Python prints a float. */
export function writeJson(value: unknown): string {
  return jsonText(value, (object) => {
    if (object instanceof Decimal) return decimalLiteral(object)
    return object instanceof PythonNumber ? object.text : undefined
  })
}

function decimalLiteral(value: Decimal): string {
  const text = formatDecimal(value)
  return text.includes('.') ? text : `${text}.0`
}

/** The decimal that a JSON number or numeric text stands for, exactly; undefined for anything else. */
export function toDecimal(value: unknown): Decimal | undefined {
  if (value instanceof Decimal) return value
  if (typeof value === 'number') return Number.isFinite(value) ? decimalFromNumber(value) : undefined
  if (typeof value !== 'string' || value.length > NUMBER_LENGTH_MAX) return undefined
  return parseDecimal(value.trim())
}

/** A value as Python prints it inside CloudKitty's messages: `None`, `True`, a text as it is. */
export function messageText(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'boolean') return pythonText(value ?? null)
  return shorten(typeof value === 'string' ? value : writeJson(value))
}

/** Messages repeat what was sent, but not megabytes of it. */
export function shorten(text: string, max = 1000): string {
  return text.length <= max ? text : `${text.slice(0, max)}...`
}
