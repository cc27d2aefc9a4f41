import { Fault } from '../lib/fault.ts'
import { CALENDAR, calendarText } from './calendar.ts'
import { decimal, decimalFromNumber } from './decimal.ts'
import type { Instant } from './period.ts'
import type { Point } from './point.ts'
import type { Attributes, AttributeValue } from './series.ts'
import { type Expression } from './skip-operations.ts'
import { Parser } from './skip-parser.ts'
import { SyntaxFault } from './skip-tokens.ts'
import { PythonNumber } from '../lib/python-text.ts'
import type { TimeZone } from './time-zone.ts'
import { type Dict, EvaluationError, NO_DICT, type Value, truth } from './skip-value.ts'

/** A `skip_datapoints_expression`, read once and asked for every rated point. */
export interface SkipExpression {
  readonly text: string
  /** Set when the answer is the same for every point, as it is for the default `False`. */
  readonly constant: boolean | undefined
  /**
   * Whether the point is to be dropped; `groupby` has the calendar of the zone. Throws the fault `rating.failed` where Python
   * would have raised an error.
   */
  skips(point: Point, zone: TimeZone): boolean
}

export type SkipExpressionResult =
  | { readonly ok: true; readonly expression: SkipExpression }
  /** `position` counts characters from 0. */
  | { readonly ok: false; readonly position: number; readonly reason: string }

/**
 * Reads the part of Python that CloudKitty's documentation uses for skip expressions (CloudKitty hands them to Python's
 * `eval` in cloudkitty/orchestrator.py; here nothing is evaluated as code): literals, `datapoint` with `.get(key, default)` and
 * `[key]`, comparisons (chained ones too), `in`, `is`, `and`, `or`, `not`, `+ - * / // %`, and `float() int() str() len() bool()
 * abs() min() max() Decimal()`, and the text methods `startswith endswith lower upper strip`. `datapoint` is the point
 * as a dict: `vol` (`unit`, `qty`), `rating` (`price`), `groupby`, `metadata`. All numbers are exact decimals; a quotient
 * has 28 digits.
 */
export function parseSkipExpression(text: string): SkipExpressionResult {
  try {
    const parsed = new Parser(text).parse()
    const constant = parsed.constant ? constantOf(parsed) : undefined
    return {
      ok: true,
      expression: {
        text,
        constant,
        skips(point, zone) {
          if (constant !== undefined) return constant
          try {
            return truth(parsed.evaluate(toDict(point, zone)))
          } catch (error) {
            if (!(error instanceof EvaluationError)) throw error
            const { type, scopeId } = point.series
            throw new Fault(
              'rating.failed',
              `skip_datapoints_expression '${text}' cannot be decided for a point of type ${type}: ${error.message}`,
              { type, begin: point.begin, end: point.end },
              { cause: error, scopeIds: [scopeId] },
            )
          }
        },
      },
    }
  } catch (error) {
    if (error instanceof SyntaxFault) return { ok: false, position: error.position, reason: error.message }
    throw error
  }
}

/** Undefined when evaluating it fails: then it fails for each point, not when it is read. */
function constantOf(expression: Expression): boolean | undefined {
  try {
    return truth(expression.evaluate(NO_DICT))
  } catch (error) {
    if (error instanceof EvaluationError) return undefined
    throw error
  }
}

function toDict(point: Point, zone: TimeZone): Dict {
  return dict({
    vol: () => dict({ unit: () => point.series.unit, qty: () => point.quantity }),
    rating: () => dict({ price: () => point.price }),
    groupby: () => attributesDict(point.series.groupby, calendar(point.begin, zone)),
    metadata: () => attributesDict(point.series.metadata, {}),
  })
}

function dict(entries: Readonly<Record<string, () => Value>>): Dict {
  return {
    kind: 'dict',
    get: (key) => (Object.hasOwn(entries, key) ? entries[key]!() : undefined),
    keys: () => Object.keys(entries),
  }
}

function attributesDict(attributes: Attributes, more: Readonly<Record<string, () => string>>): Dict {
  return {
    kind: 'dict',
    get: (key) => {
      if (Object.hasOwn(attributes, key)) return fromAttribute(attributes[key]!)
      return Object.hasOwn(more, key) ? more[key]!() : undefined
    },
    keys: () => [...new Set([...Object.keys(attributes), ...Object.keys(more)])],
  }
}

function fromAttribute(value: AttributeValue): Value {
  if (typeof value === 'number') return decimalFromNumber(value)
  if (value instanceof PythonNumber) return decimal(value.text)
  if (Array.isArray(value)) return value.map(fromAttribute)
  return value !== null && typeof value === 'object' ? attributesDict(value, {}) : value
}

/** What CloudKitty's collectors add to `groupby` (cloudkitty/collector/__init__.py). */
function calendar(begin: Instant, zone: TimeZone): Readonly<Record<string, () => string>> {
  const day = zone.dayOf(begin)
  return Object.fromEntries(CALENDAR.map((name) => [name, () => calendarText(name, day)]))
}
