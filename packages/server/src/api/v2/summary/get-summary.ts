import { z } from 'zod'
import { jsonStream, listText } from '../../../http/json-stream.ts'
import { writeJson } from '../../../http/json.ts'
import { defineRoute, Reply } from '../../../http/route.ts'
import { warningHeaders } from '../../../http/warning.ts'
import { out, param } from '../../../http/v2-types.ts'
import { formatInstant, type Grid, type Instant } from '../../../domain/period.ts'
import type { Batches } from '../../../state/batches.ts'
import type { Total, TotalRow } from '../../../storage/point-store.ts'
import { Fault } from '../../../lib/fault.ts'
import { type RangeDeps, rangeOf, toPointFilter } from '../../point-filter.ts'
import { FEW_ROWS, type Questions } from '../../questions.ts'
import { requireFew } from '../../require-few.ts'
import { restrictToOwnScope } from '../../restrict-to-own-scope.ts'
import { DEFAULT_FIELDS, parseCustomFields } from './parse-custom-fields.ts'
import type { InfoDeps } from '../../v1/info/metrics-source.ts'
import { parseGroupby } from './parse-groupby.ts'
import { unknownAttributes } from './unknown-attributes.ts'

export interface SummaryDeps extends RangeDeps, InfoDeps {
  readonly questions: Pick<Questions, 'few' | 'total'>
  readonly batches: Pick<Batches, 'snapshot'>
  readonly scopeKey: string
  /** The periods of a scope that is new at an instant: what is in none of them has time buckets like theirs. */
  readonly newGrid: (at: Instant) => Grid
}

const Cell = z.union([z.string(), out.decimal()])
const Summary = z.strictObject({
  total: z.int(),
  columns: z.array(z.string()).optional(),
  results: z.array(z.union([z.array(Cell), z.record(z.string(), Cell)])),
  format: z.enum(['table', 'object']).optional(),
})

export const getSummary = defineRoute<SummaryDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/summary',
  policy: 'summary:get_summary',
  summary: 'Quantities and prices in a range of time, grouped by attributes and by time',
  description:
    'A row per group, ascending by the groups in the order of `groupby`. `time` makes a bucket of each period; `time-d`, ' +
    '`time-w`, `time-m` and `time-y` group by the day, week, month and year of the configured time zone. `filter` and `filters` are the ' +
    'same: several values of one attribute are alternatives, several attributes must all match, and `type` selects metric types. A header `Warning` names attributes in `groupby` that ' +
    'no metric has and no point of the answer carries.',
  query: {
    begin: param.datetime().optional(),
    end: param.datetime().optional(),
    groupby: param.texts().default([]),
    filters: param.multiDict().optional(),
    filter: param.multiDict().optional(),
    response_format: param.oneOf(['table', 'object']).default('table'),
    custom_fields: param.text().optional(),
    offset: param.int({ min: 0 }).default(0),
    limit: param.int({ min: 1 }).default(100),
  },
  reply: { status: 200, schema: Summary },
  async handle(deps, { query, who, request }) {
    const { questions, batches, scopeKey, newGrid } = deps
    const asked = merged(query.filters, query.filter)
    requireFew('filters', asked.size)
    const range = rangeOf(query, deps)
    const columns = parseGroupby(query.groupby, newGrid(range.begin))
    const values = query.custom_fields === undefined ? DEFAULT_FIELDS : parseCustomFields(query.custom_fields)
    const filters = restrictToOwnScope(asked, who, scopeKey)
    if (filters === undefined) return { total: 0, columns: [], results: [] }
    const { limit } = query
    const question = {
      ...toPointFilter(range, filters, deps),
      groupby: columns.map((column) => column.grouping),
      values,
      offset: query.offset,
    }
    const groups = columns.flatMap(({ column }) => (column === undefined ? [] : [column]))
    const names = ['begin', 'end', ...values.map((value) => value.alias), ...groups]
    const isObject = query.response_format === 'object'
    if (isObject) requireDistinct(names)
    const toResult = (row: TotalRow) =>
      isObject ? Object.fromEntries(cells(row).map((cell, i) => [names[i]!, cell])) : cells(row)
    const head = (total: number, count: number) => (isObject ? { total } : { total, columns: count === 0 ? [] : names })
    const snapshot = await batches.snapshot()
    const attributes = columns.flatMap(({ grouping }) => (grouping.by === 'attribute' ? [grouping.name] : []))
    const warned = async (answer?: Total) => {
      const isCarried = async (name: string) => {
        const groupby = [{ by: 'attribute', name } as const]
        const isWhole = answer !== undefined && query.offset === 0 && answer.rows.length === answer.total
        const { rows } = isWhole
          ? answer
          : await questions.few({ ...question, groupby, offset: 0, limit: 2 }, snapshot, request)
        const place = isWhole ? groups.indexOf(name) : 0
        return rows.some((row) => row.groups[place] !== '')
      }
      return { headers: warningHeaders(await unknownAttributes(attributes, deps, isCarried)) }
    }
    if (limit <= FEW_ROWS) {
      const answer = await questions.few({ ...question, limit }, snapshot, request)
      const { total, rows } = answer
      const body = { ...head(total, rows.length), results: rows.map(toResult), format: query.response_format }
      return new Reply(body, await warned(answer))
    }
    const told = await warned()
    const { total, count, rows } = await questions.total({ ...question, limit }, snapshot, request)
    const results = listText(rows, [], (row) => writeJson(toResult(row)))
    return new Reply(
      jsonStream({ ...head(total, count), format: query.response_format }, 'results', results, '\n'),
      told,
    )
  },
})

type Cell = z.output<typeof Cell>

function cells({ begin, end, values, groups }: TotalRow): Cell[] {
  return [formatInstant(begin), formatInstant(end), ...values, ...groups]
}

/** Of two columns of one name an object can have only one: the other would be missing without a word. */
function requireDistinct(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return
  throw new Fault(
    'request.invalid',
    `Two columns of the answer would be called '${twice}': give the value another name by custom_fields, or ask for response_format=table.`,
  )
}

function merged(...dicts: (ReadonlyMap<string, readonly string[]> | undefined)[]): Map<string, readonly string[]> {
  const all = new Map<string, readonly string[]>()
  for (const dict of dicts) for (const [key, values] of dict ?? []) all.set(key, [...(all.get(key) ?? []), ...values])
  return all
}
