import { JsonDecimal, type JsonValue } from '../http/json.ts'
import { Decimal, formatDecimal } from '../domain/decimal.ts'
import type { AttributeValue } from '../domain/series.ts'
import { readNumber } from '../lib/python-text.ts'

/** Attributes as they came in JSON, with numbers as Python reads them. */
export function toAttributes(object: Readonly<Record<string, JsonValue>>): Record<string, AttributeValue> {
  if (isPlain(object)) return object
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, toAttribute(value)]))
}

/** Nearly all attributes are texts: then the object can stay as it is. */
function isPlain(object: Readonly<Record<string, JsonValue>>): object is Record<string, string> {
  for (const key in object) if (typeof object[key] !== 'string') return false
  return true
}

function toAttribute(value: JsonValue): AttributeValue {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Decimal) return readNumber(value instanceof JsonDecimal ? value.literal : formatDecimal(value))
  return Array.isArray(value) ? value.map(toAttribute) : toAttributes(value)
}
