import { hash } from 'node:crypto'
import { parseJson } from '../lib/json-text.ts'
import { PythonNumber, pythonText, readNumber } from '../lib/python-text.ts'

/** A value that an attribute may have: what JSON can say. Most sources give text only; clients may push anything. */
export type AttributeValue =
  | string
  | number
  | PythonNumber
  | boolean
  | null
  | AttributeValue[]
  | { [key: string]: AttributeValue }
export type Attributes = Readonly<Record<string, AttributeValue>>

/** Everything that tells one series from another. */
export interface SeriesIdentity {
  /** Who is billed: the value of the scope key among `groupby`; empty when a pushed point has none. */
  readonly scopeId: string
  readonly type: string
  readonly unit: string
  readonly groupby: Attributes
  readonly metadata: Attributes
}

/** One identity whose points differ only in period, quantity and price. */
export interface Series extends SeriesIdentity {
  /** The first 8 bytes, as a signed integer, of the SHA-256 of the canonical JSON of the identity: the same everywhere. */
  readonly id: bigint
}

export function toSeries(identity: SeriesIdentity): Series {
  const { scopeId, type, unit, groupby, metadata } = identity
  const text = JSON.stringify([scopeId, type, unit, canonical(groupby), canonical(metadata)])
  return { scopeId, type, unit, groupby, metadata, id: hash('sha256', text, 'buffer').readBigInt64BE(0) }
}

/**
 * Objects as lists of pairs, sorted by key at every depth, so that the order in which a client sent them does not matter.
 * A list begins with a mark, by which it differs from an object of the same content; so does a number that JavaScript has
 * no literal for.
 */
function canonical(value: AttributeValue | Attributes): unknown {
  if (Array.isArray(value)) return ['[', ...value.map(canonical)]
  if (value === null || typeof value !== 'object') return value
  if (value instanceof PythonNumber) return ['#', value.text]
  const entries = Object.entries(value as Attributes).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return entries.map(([key, inner]) => [key, canonical(inner)])
}

/** The text under which an attribute is filtered, grouped and shown in reports: nothing for null and for what is absent. */
export function attributeText(value: AttributeValue | undefined): string {
  return value === null || value === undefined ? '' : ruleText(value)
}

/**
 * The text by which rules match an attribute: Python's `str`, as in CloudKitty (`True`, `None`, `8.0`), but for lists and
 * objects, which read as JSON.
 */
export function ruleText(value: AttributeValue | undefined): string {
  if (value === undefined) return ''
  return isContainer(value) ? attributesJson(value) : pythonText(value)
}

/** JSON text of attributes, or of one of them, from which `parseAttributes` makes the same again. */
export function attributesJson(value: AttributeValue | Attributes): string {
  if (!hasPythonNumber(value)) return JSON.stringify(value)
  if (value instanceof PythonNumber) return value.text
  if (Array.isArray(value)) return `[${value.map(attributesJson).join(',')}]`
  const members = Object.entries(value as Attributes)
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${attributesJson(inner)}`).join(',')}}`
}

export function parseAttributes(json: string): Attributes {
  return parseJson(json, readNumber) as Attributes
}

function isContainer(value: AttributeValue): value is AttributeValue[] | { [key: string]: AttributeValue } {
  return typeof value === 'object' && value !== null && !(value instanceof PythonNumber)
}

function hasPythonNumber(value: AttributeValue | Attributes): boolean {
  if (value === null || typeof value !== 'object') return false
  if (value instanceof PythonNumber) return true
  return Object.values(value as Attributes).some(hasPythonNumber)
}
