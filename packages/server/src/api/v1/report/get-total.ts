import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { ZERO } from '../../../domain/decimal.ts'
import { toPointFilter } from '../../point-filter.ts'
import { totalRate } from './python-float.ts'
import { REPORT_ARGS, type ReportDeps, reportFilters, reportRange, reportTarget } from './report-scope.ts'

export const getTotal = defineRoute<ReportDeps>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/report/total',
  policy: 'report:get_total',
  operationId: 'getTotal',
  summary: 'The price of everything in a range of time, as a text',
  deprecated: true,
  args: REPORT_ARGS,
  reply: { status: 200, schema: z.string().meta({ format: 'decimal', examples: ['244.944'] }) },
  target: reportTarget,
  async handle(deps, { args, who, request }) {
    const { questions, batches, scopeKey } = deps
    const filters = reportFilters(args, who, scopeKey, 'report:get_total')
    const filter = toPointFilter(reportRange(args, deps), filters, deps)
    const values = [{ function: 'sum', column: 'price', alias: 'rate' }] as const
    const query = { ...filter, groupby: [], values, offset: 0, limit: 1 }
    const { rows } = await questions.few(query, await batches.snapshot(), request)
    return totalRate(rows[0]?.values[0] ?? ZERO)
  },
})
