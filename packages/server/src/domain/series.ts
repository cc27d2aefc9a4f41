import { hash } from 'node:crypto'

/** A value that an attribute may have: what JSON can say. Collectors give text only; clients may push anything. */
export type AttributeValue = string | number | boolean | null | AttributeValue[] | { [key: string]: AttributeValue }
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
 * A list begins with a mark, by which it differs from an object of the same content.
 */
function canonical(value: AttributeValue | Attributes): unknown {
  if (Array.isArray(value)) return ['[', ...value.map(canonical)]
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value as Attributes).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return entries.map(([key, inner]) => [key, canonical(inner)])
}

/**
 * The text under which an attribute is filtered and grouped, and by which hashmap matches it: Python's `str`, as in
 * CloudKitty (`True`, `None`), but for lists and objects, which read as JSON.
 */
export function attributeText(value: AttributeValue | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}
