import type { Calendar } from '../../../domain/calendar.ts'
import type { Grid } from '../../../domain/period.ts'
import { type Grouping, groupingBy } from '../../../storage/grouping.ts'
import type { TotalQuery } from '../../../storage/point-store.ts'
import { Fault } from '../../../lib/fault.ts'
import { ownValue } from '../../../lib/own-value.ts'
import { requireFew } from '../../require-few.ts'

const SHORT: Readonly<Record<string, Calendar>> = {
  'time-d': 'day_of_the_year',
  'time-w': 'week_of_the_year',
  'time-m': 'month',
  'time-y': 'year',
}

/**
 * What `groupby=` names, each once, in the order of the request: what makes columns, and by `time` buckets, which are as long as
 * the grid's periods. Throws `request.invalid`, also when it is too much.
 */
export function parseGroupby(given: readonly string[], grid: Grid): Pick<TotalQuery, 'groupby' | 'buckets'> {
  const names = [...new Set(given)].filter((name) => name !== '')
  requireFew('groupby', names.length)
  return {
    groupby: names.filter((name) => name !== 'time').map(toGrouping),
    ...(names.includes('time') && { buckets: grid }),
  }
}

function toGrouping(name: string): Grouping {
  const calendar = ownValue(SHORT, name)
  if (calendar) return { by: 'calendar', name: calendar }
  if (name.startsWith('time-')) {
    const known = Object.keys(SHORT).join(', ')
    throw new Fault('request.invalid', `Invalid groupby '${name}': time may be grouped by time, ${known}.`)
  }
  return groupingBy(name)
}
