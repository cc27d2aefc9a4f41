import { textBytes } from '../lib/byte-cache.ts'
import { PythonNumber } from '../lib/python-text.ts'
import type { Attributes, AttributeValue, SeriesIdentity } from './series.ts'

/** About what an object, and each of its members beside their texts, takes in memory. */
const OBJECT_BYTES = 200
const MEMBER_BYTES = 32

/** About how many bytes a series takes in memory: by it is weighed what is remembered. */
export function seriesBytes({ scopeId, type, unit, groupby, metadata }: SeriesIdentity): number {
  const texts = textBytes(scopeId) + textBytes(type) + textBytes(unit)
  return OBJECT_BYTES + texts + valueBytes(groupby) + valueBytes(metadata)
}

function valueBytes(value: AttributeValue | Attributes): number {
  if (typeof value === 'string') return textBytes(value)
  if (value === null || typeof value !== 'object' || value instanceof PythonNumber) return MEMBER_BYTES
  let bytes = OBJECT_BYTES
  for (const [key, member] of Object.entries(value)) bytes += textBytes(key) + valueBytes(member)
  return bytes
}
