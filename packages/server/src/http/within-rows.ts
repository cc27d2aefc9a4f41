import { Fault } from '../lib/fault.ts'

/** What lists of everything there is need from below. */
export interface ListDeps {
  /** More rows are not sent in one answer. */
  readonly rowsMax: number
}

/**
 * What `list` gives, which is asked for one row more than may be sent, at most: rather than a part that would pass for the whole
 * `request.invalid` is thrown. `limit`: a page of so many is asked for.
 */
export async function withinRows<T>(
  { rowsMax }: ListDeps,
  list: (limit: number) => Promise<T[]>,
  limit = Infinity,
): Promise<T[]> {
  const rows = await list(Math.min(limit, rowsMax + 1))
  if (rows.length > rowsMax) throw tooManyRows('rows', `more than ${rowsMax}`, rowsMax)
  return rows
}

export function tooManyRows(what: string, count: number | string, rowsMax: number): Fault {
  return new Fault(
    'request.invalid',
    `The answer would have ${count} ${what}, and at most ${rowsMax} are sent at a time: ask for less, as by a filter or a ` +
      'shorter range, or for pages by offset and limit where there are such.',
  )
}
