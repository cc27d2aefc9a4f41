import { CALENDAR, type Calendar } from '../../../domain/calendar.ts'
import type { Grid } from '../../../domain/period.ts'
import type { Grouping } from '../../../storage/point-store.ts'
import { Fault } from '../../../lib/fault.ts'
import { ownValue } from '../../../lib/own-value.ts'
import { requireFew } from '../../require-few.ts'

/** One column of the answer's groups, or the time buckets, which vary begin and end instead. */
export interface GroupColumn {
  readonly grouping: Grouping
  /** Undefined for time buckets. */
  readonly column: string | undefined
}

const SHORT: Readonly<Record<string, Calendar>> = {
  'time-d': 'day_of_the_year',
  'time-w': 'week_of_the_year',
  'time-m': 'month',
  'time-y': 'year',
}

/**
 * What `groupby=` names, each once, in the order of the request; time buckets are as long as the grid's periods. Throws
 * `request.invalid`, also when it is too much.
 */
export function parseGroupby(given: readonly string[], grid: Grid): GroupColumn[] {
  const names = [...new Set(given)].filter((name) => name !== '')
  requireFew('groupby', names.length)
  return names.map((name) => toColumn(name, grid))
}

function toColumn(name: string, grid: Grid): GroupColumn {
  if (name === 'time') return { grouping: { by: 'time', ...grid }, column: undefined }
  if (name === 'type') return { grouping: { by: 'type' }, column: name }
  const calendar = CALENDAR.find((known) => known === name) ?? ownValue(SHORT, name)
  if (calendar) return { grouping: { by: 'calendar', name: calendar }, column: calendar }
  if (name.startsWith('time-')) {
    const known = Object.keys(SHORT).join(', ')
    throw new Fault('request.invalid', `Invalid groupby '${name}': time may be grouped by time, ${known}.`)
  }
  return { grouping: { by: 'attribute', name }, column: name }
}
