import { z } from 'zod'
import { jsonStream, listText } from '../../../http/json-stream.ts'
import { writeJson } from '../../../http/json.ts'
import { defineRoute, Reply } from '../../../http/route.ts'
import { formatNaive, naiveText } from '../../../http/datetime.ts'
import { arg } from '../../../http/v1-types.ts'
import { toDate } from '../../../domain/period.ts'
import { ZERO } from '../../../domain/decimal.ts'
import { type Grouping, groupingBy } from '../../../storage/grouping.ts'
import type { TotalRow } from '../../../storage/point-store.ts'
import { toPointFilter } from '../../point-filter.ts'
import { summaryRate } from './python-float.ts'
import { REPORT_ARGS, type ReportDeps, reportFilters, reportRange, reportTarget } from './report-scope.ts'

const Row = z
  .strictObject({
    begin: naiveText(),
    end: naiveText(),
    tenant_id: z.string().describe('`ALL` unless they are told apart.'),
    res_type: z.string().describe('`ALL` unless they are told apart.'),
    rate: z.string().meta({ format: 'decimal', description: 'Rounded to five places.', examples: ['12.5'] }),
  })
  .meta({ id: 'SummaryRowV1' })

export const getSummary = defineRoute<ReportDeps>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/report/summary',
  policy: 'report:get_summary',
  operationId: 'getSummaryV1',
  summary: 'Prices in a range of time, by tenant and metric type when `groupby` names them',
  args: {
    ...REPORT_ARGS,
    groupby: arg
      .text()
      .optional()
      .meta({ description: '`tenant_id`, `res_type` or both.', examples: ['tenant_id,res_type'] }),
  },
  reply: { status: 200, schema: z.strictObject({ summary: z.array(Row) }) },
  target: reportTarget,
  async handle(deps, { args, who, request }) {
    const { questions, batches, scopeKey } = deps
    const range = reportRange(args, deps)
    const filters = reportFilters(args, who, scopeKey, 'report:get_summary')
    // CloudKitty looks for these two words anywhere in the text, and takes no other.
    const byTenant = args.groupby?.includes('tenant_id') ?? false
    const byType = args.groupby?.includes('res_type') ?? false
    const groupby: Grouping[] = []
    if (byTenant) groupby.push(groupingBy(scopeKey))
    if (byType) groupby.push({ by: 'type' })
    const values = [{ function: 'sum', column: 'price', alias: 'rate' }] as const
    const query = { ...toPointFilter(range, filters, deps), groupby, values, offset: 0, limit: undefined }
    const { rows } = await questions.total(query, await batches.snapshot(), request)
    const begin = formatNaive(args.begin ?? toDate(range.begin))
    const end = formatNaive(args.end ?? toDate(range.end))
    const toRow = ({ groups, values: [rate = ZERO] }: TotalRow): z.output<typeof Row> => ({
      begin,
      end,
      tenant_id: byTenant ? groups[0]! : 'ALL',
      res_type: byType ? groups.at(-1)! : 'ALL',
      rate: summaryRate(rate),
    })
    return new Reply(
      jsonStream(
        {},
        'summary',
        listText(rows, [], (row) => writeJson(toRow(row))),
      ),
    )
  },
})
