import { Fault } from '../../../lib/fault.ts'
import { requireFew } from '../../require-few.ts'
import type { ValueField, ValueFunction } from '../../../storage/point-store.ts'

export const DEFAULT_FIELDS: readonly ValueField[] = [
  { function: 'sum', column: 'qty', alias: 'qty' },
  { function: 'sum', column: 'price', alias: 'rate' },
]

const FUNCTIONS: Readonly<Record<string, ValueFunction>> = {
  sum: 'sum',
  min: 'min',
  max: 'max',
  mean: 'mean',
  avg: 'mean',
  count: 'count',
  first: 'first',
  last: 'last',
}

const ITEM = /^\s*(\w+)\s*\(\s*(qty|price)\s*\)(?:\s+as\s+(\w{1,64}))?\s*$/i

/**
 * `SUM(qty) AS qty, MAX(price) AS peak`. CloudKitty pastes the text into its query after looking for a few words
 * (cloudkitty/storage/v2/influx.py); here it is a small language of its own, and anything else is refused.
 */
export function parseCustomFields(text: string): readonly ValueField[] {
  if (text.trim() === '') return DEFAULT_FIELDS
  const items = text.split(',')
  requireFew('custom_fields', items.length)
  const fields = items.map(parseField)
  const aliases = fields.map((field) => field.alias)
  const twice = aliases.find((alias, i) => aliases.indexOf(alias) < i)
  if (twice !== undefined) throw invalid(`'${twice}' is given twice`)
  return fields
}

function parseField(item: string): ValueField {
  const match = ITEM.exec(item)
  const name = match?.[1]?.toLowerCase() ?? ''
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (!match || known === undefined) {
    const names = Object.keys(FUNCTIONS).join(', ').toUpperCase()
    throw invalid(`'${item.trim().slice(0, 100)}' is not FUNCTION(qty or price) AS alias, with a function of ${names}`)
  }
  return { function: known, column: match[2]!.toLowerCase() as 'qty' | 'price', alias: match[3] ?? name }
}

function invalid(reason: string): Fault {
  return new Fault('request.invalid', `Invalid custom_fields: ${reason}.`)
}
