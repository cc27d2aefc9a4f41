import { CALENDAR, type Calendar, type Grouping } from '../../../storage/point-store.ts'
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

/** What `groupby=` names, each once, in the order of the request. Throws `request.invalid`, also when it is too much. */
export function parseGroupby(given: readonly string[], periodSeconds: number): GroupColumn[] {
  const names = [...new Set(given)].filter((name) => name !== '')
  requireFew('groupby', names.length)
  return names.map((name) => toColumn(name, periodSeconds))
}

function toColumn(name: string, periodSeconds: number): GroupColumn {
  if (name === 'time') return { grouping: { by: 'time', seconds: periodSeconds }, column: undefined }
  if (name === 'type') return { grouping: { by: 'type' }, column: name }
  const calendar = CALENDAR.find((known) => known === name) ?? ownValue(SHORT, name)
  if (calendar) return { grouping: { by: 'calendar', name: calendar }, column: calendar }
  if (name.startsWith('time-')) {
    const known = Object.keys(SHORT).join(', ')
    throw new Fault('request.invalid', `Invalid groupby '${name}': time may be grouped by time, ${known}.`)
  }
  return { grouping: { by: 'attribute', name }, column: name }
}
