import { z } from 'zod'
import { formatNaive, naiveText } from '../../../http/datetime.ts'
import { jsonStream, listText, type Nesting } from '../../../http/json-stream.ts'
import { writeJson } from '../../../http/json.ts'
import { defineRoute, Reply } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { formatDecimal } from '../../../domain/decimal.ts'
import { toDate } from '../../../domain/period.ts'
import type { Point } from '../../../domain/point.ts'
import { refusedByPolicy } from '../../../domain/refused-by-policy.ts'
import { toPointFilter } from '../../point-filter.ts'
import { ownScope } from '../../restrict-to-own-scope.ts'
import { RANGE, type ReportDeps, reportRange } from '../report/report-scope.ts'

const Resource = z
  .strictObject({
    service: z.string().meta({ description: 'The metric type.', examples: ['instance'] }),
    desc: z.record(z.string(), z.unknown()).describe('All attributes, those of groupby and metadata.'),
    volume: z.string().meta({ format: 'decimal', examples: ['1'] }),
    rating: z.string().meta({ format: 'decimal', examples: ['0.42'] }),
  })
  .meta({ id: 'ResourceV1' })
const Frame = z
  .strictObject({ begin: naiveText(), end: naiveText(), tenant_id: z.string(), resources: z.array(Resource) })
  .meta({ id: 'DataframeV1' })

export const listDataframes = defineRoute<ReportDeps>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/storage/dataframes',
  policy: 'storage:list_data_frames',
  operationId: 'listDataframesV1',
  summary: 'All rated points of a range of time',
  description: 'An admin who names no tenant gets every tenant’s. A long answer is sent as it is read.',
  args: { ...RANGE, tenant_id: arg.text().optional(), resource_type: arg.text().optional() },
  reply: { status: 200, schema: z.strictObject({ dataframes: z.array(Frame) }) },
  target: ({ args, who }) => ({ projectId: args.tenant_id || who.projectId || null }),
  async handle(deps, { args, who, request }) {
    const { questions, batches, scopeKey } = deps
    const tenant = args.tenant_id || (who.isAdmin ? undefined : ownScope(who, scopeKey))
    if (tenant === undefined && !who.isAdmin) {
      throw refusedByPolicy('storage:list_data_frames', 'the token is for no project')
    }
    const filters = new Map<string, readonly string[]>()
    if (tenant !== undefined) filters.set(scopeKey, [tenant])
    if (args.resource_type) filters.set('type', [args.resource_type])
    const query = { ...toPointFilter(reportRange(args, deps), filters, deps), offset: 0, limit: undefined }
    const { pages } = await questions.points(query, await batches.snapshot(), request)
    return new Reply(jsonStream({}, 'dataframes', listText(pages, [FRAME], resourceText)))
  },
})

/** One frame per period, metric type and tenant: CloudKitty labels a mixed period with its first point's tenant. */
const FRAME: Nesting<Point> = {
  isOne: (a, b) =>
    a.begin === b.begin && a.end === b.end && a.series.type === b.series.type && a.series.scopeId === b.series.scopeId,
  open({ begin, end, series }) {
    const head = {
      begin: formatNaive(toDate(begin)),
      end: formatNaive(toDate(end)),
      tenant_id: series.scopeId === '' ? '__UNDEF__' : series.scopeId,
    }
    return `${writeJson(head).slice(0, -1)}, "resources": [`
  },
  close: ']}',
}

function resourceText({ series, quantity, price }: Point): string {
  const resource: z.output<typeof Resource> = {
    service: series.type,
    desc: { ...series.metadata, ...series.groupby },
    volume: formatDecimal(quantity),
    rating: formatDecimal(price),
  }
  return writeJson(resource)
}
