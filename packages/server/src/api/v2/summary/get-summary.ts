import { z } from 'zod'
import { jsonStream, listText } from '../../../http/json-stream.ts'
import { writeJson } from '../../../http/json.ts'
import { defineRoute, Reply } from '../../../http/route.ts'
import { WARNING, warningHeaders } from '../../../http/warning.ts'
import { out, pagingQuery, param, rangeQuery } from '../../../http/v2-types.ts'
import { formatInstant, type Grid, type Instant } from '../../../domain/period.ts'
import type { Batches } from '../../../state/batches.ts'
import { groupingBy, groupingName } from '../../../storage/grouping.ts'
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
const total = z.int().describe('Groups before paging.')
const SummaryTable = z
  .strictObject({
    total,
    columns: z.array(z.string()).describe('What the cells of a row are; none when there are no rows.'),
    results: z.array(z.array(Cell)),
    format: z.literal('table').optional(),
  })
  .meta({ id: 'SummaryTable', description: 'Of `response_format=table`.' })
const SummaryObjects = z
  .strictObject({ total, results: z.array(z.record(z.string(), Cell)), format: z.literal('object') })
  .meta({ id: 'SummaryObjects', description: 'Of `response_format=object`.' })

export const getSummary = defineRoute<SummaryDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/summary',
  policy: 'summary:get_summary',
  operationId: 'getSummary',
  summary: 'Quantities and prices in a range of time, grouped by attributes and by time',
  description:
    'A row per group, ascending by the groups in the order of `groupby`. `time` makes a bucket of each period; `time-d`, ' +
    '`time-w`, `time-m` and `time-y` group by the day, week, month and year of the configured time zone. `filter` and `filters` are the ' +
    'same: several values of one attribute are alternatives, several attributes must all match, and `type` selects metric types. ' +
    'A header `Warning` names attributes in `groupby` that no metric has and no point of the answer carries.',
  query: {
    ...rangeQuery,
    groupby: param
      .texts()
      .default([])
      .meta({ description: 'Attributes, `type` and times that make the groups.', examples: [['project_id', 'type']] }),
    filters: param.multiDict().optional(),
    filter: param.multiDict().optional(),
    response_format: param
      .oneOf(['table', 'object'])
      .default('table')
      .describe('Whether a row is a list or an object; the answer is a SummaryTable or SummaryObjects.'),
    custom_fields: param
      .text()
      .optional()
      .meta({
        description: 'Which sums there are, and what they are called.',
        examples: ['SUM(qty) AS qty, SUM(price) AS rate'],
      }),
    ...pagingQuery,
  },
  reply: { status: 200, schema: z.xor([SummaryTable, SummaryObjects]), headers: WARNING },
  async handle(deps, { query, who, request }) {
    const { questions, batches, scopeKey, newGrid } = deps
    const asked = merged(query.filters, query.filter)
    requireFew('filters', asked.size)
    const range = rangeOf(query, deps)
    const { groupby, buckets } = parseGroupby(query.groupby, newGrid(range.begin))
    const values = query.custom_fields === undefined ? DEFAULT_FIELDS : parseCustomFields(query.custom_fields)
    const filters = restrictToOwnScope(asked, who, scopeKey)
    if (filters === undefined) return { total: 0, columns: [], results: [] }
    const { limit } = query
    const question = {
      ...toPointFilter(range, filters, deps),
      groupby,
      buckets,
      values,
      offset: query.offset,
    }
    const groups = groupby.map(groupingName)
    const names = ['begin', 'end', ...values.map((value) => value.alias), ...groups]
    const isObject = query.response_format === 'object'
    if (isObject) requireDistinct(names)
    const toObject = (row: TotalRow) => Object.fromEntries(cells(row).map((cell, i) => [names[i]!, cell]))
    const columnsOf = (count: number) => (count === 0 ? [] : names)
    const snapshot = await batches.snapshot()
    const attributes = groupby.flatMap((grouping) => (grouping.by === 'attribute' ? [grouping.name] : []))
    const warned = async (answer?: Total) => {
      const isCarried = async (name: string) => {
        const alone = { ...question, groupby: [groupingBy(name)], buckets: undefined, offset: 0, limit: 2 }
        const isWhole = answer !== undefined && query.offset === 0 && answer.rows.length === answer.total
        const { rows } = isWhole ? answer : await questions.few(alone, snapshot, request)
        const place = isWhole ? groups.indexOf(name) : 0
        return rows.some((row) => row.groups[place] !== '')
      }
      return { headers: warningHeaders(await unknownAttributes(attributes, deps, isCarried)) }
    }
    if (limit <= FEW_ROWS) {
      const answer = await questions.few({ ...question, limit }, snapshot, request)
      const { total, rows } = answer
      const body = isObject
        ? { total, results: rows.map(toObject), format: 'object' as const }
        : { total, columns: columnsOf(rows.length), results: rows.map(cells), format: 'table' as const }
      return new Reply(body, await warned(answer))
    }
    const told = await warned()
    const { total, count, rows } = await questions.total({ ...question, limit }, snapshot, request)
    const results = listText(rows, [], (row) => writeJson(isObject ? toObject(row) : cells(row)))
    const head = isObject ? { total } : { total, columns: columnsOf(count) }
    return new Reply(jsonStream({ ...head, format: query.response_format }, 'results', results, '\n'), told)
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
