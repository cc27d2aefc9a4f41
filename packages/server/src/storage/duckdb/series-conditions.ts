import { isCalendar } from '../../domain/calendar.ts'
import type { PointFilter } from '../point-store.ts'
import type { Params } from './statement.ts'

/** To look a text up in a longer list, DuckDB had better make a table of the list. */
const LISTED = 50

/**
 * Conditions of a filter on rows of `series`. `of` selects the numbers of the only series whose attributes may be looked at:
 * then the work does not depend on what others have.
 */
export function seriesConditions(
  { types, attributes }: Pick<PointFilter, 'types' | 'attributes'>,
  params: Params,
  of?: string,
): string[] {
  const where: string[] = []
  if (types.length > 0) where.push(isOneOfTexts('type', types, params))
  for (const [name, values] of attributes) {
    if (isCalendar(name)) continue
    if (name === 'type' || name === 'unit') where.push(isOneOfTexts(name, values, params))
    else where.push(attributeCondition(name, values, params, of))
  }
  return where
}

/**
 * As `seriesConditions`, for a filter with `firstBy`: of the series that `within` leaves, those with that attribute first,
 * and nothing of any others.
 */
export function narrowedConditions(
  { types, attributes, firstBy }: Pick<PointFilter, 'types' | 'attributes' | 'firstBy'>,
  within: readonly string[],
  params: Params,
): string[] {
  const first = new Map([...attributes].filter(([name]) => name === firstBy))
  const others = new Map([...attributes].filter(([name]) => name !== firstBy))
  const own = [...within, ...seriesConditions({ types: [], attributes: first }, params)]
  const of = `SELECT number FROM series WHERE ${own.join(' AND ')}`
  return [...own, ...seriesConditions({ types, attributes: others }, params, of)]
}

/** An absent attribute reads as the empty text, which is not stored: whoever asks for it asks for all but the others. */
function attributeCondition(name: string, values: readonly string[], params: Params, of: string | undefined): string {
  const absentToo = values.includes('')
  const matching = isOneOfTexts('value', values, params)
  // A condition on an aggregate is not looked at before the rows that it is made of are found.
  const attributes = of
    ? `(SELECT series, any_value(value) AS value FROM attributes WHERE name = ${params.add(name)} AND series IN (${of}) GROUP BY series)`
    : 'attributes'
  const named = of ? '' : `name = ${params.add(name)} AND `
  return `number ${absentToo ? 'NOT IN' : 'IN'} (SELECT series FROM ${attributes}
    WHERE ${named}${absentToo ? `NOT ${matching}` : matching})`
}

function isOneOfTexts(column: string, texts: readonly string[], params: Params): string {
  const list = params.texts(texts)
  return texts.length <= LISTED ? `list_contains(${list}, ${column})` : `${column} IN (SELECT unnest(${list}))`
}
