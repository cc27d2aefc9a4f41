import { isCalendar } from '../../domain/calendar.ts'
import type { PointFilter } from '../point-store.ts'
import type { Params } from './statement.ts'

/** Conditions of a filter on rows of `series`. */
export function seriesConditions(
  { types, attributes }: Pick<PointFilter, 'types' | 'attributes'>,
  params: Params,
): string[] {
  const where: string[] = []
  if (types.length > 0) where.push(`list_contains(${params.texts(types)}, type)`)
  for (const [name, values] of attributes) {
    if (isCalendar(name)) continue
    if (name === 'type' || name === 'unit') where.push(`list_contains(${params.texts(values)}, ${name})`)
    else where.push(attributeCondition(name, values, params))
  }
  return where
}

/** An absent attribute reads as the empty text, which is not stored: whoever asks for it asks for all but the others. */
function attributeCondition(name: string, values: readonly string[], params: Params): string {
  const absentToo = values.includes('')
  const matching = `list_contains(${params.texts(values)}, value)`
  return `number ${absentToo ? 'NOT IN' : 'IN'} (SELECT series FROM attributes
    WHERE name = ${params.add(name)} AND ${absentToo ? `NOT ${matching}` : matching})`
}
