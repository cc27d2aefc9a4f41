import type { JsonValue } from '../http/json.ts'
import { Decimal, formatDecimal } from '../domain/decimal.ts'
import type { AttributeValue } from '../domain/series.ts'

/** Attributes as they came in JSON. A number that a double would not hold is kept as the text of its literal. */
export function toAttributes(object: Readonly<Record<string, JsonValue>>): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, toAttribute(value)]))
}

function toAttribute(value: JsonValue): AttributeValue {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Decimal) return formatDecimal(value)
  return Array.isArray(value) ? value.map(toAttribute) : toAttributes(value)
}
