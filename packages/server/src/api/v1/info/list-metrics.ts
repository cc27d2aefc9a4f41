import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { type InfoDeps, MetricInfo, readMetricInfos } from './metrics-source.ts'

export const listMetrics = infoList('/v1/info/metrics', false)
/** CloudKitty's older name of the same, down to the key `metrics`. */
export const listServices = infoList('/v1/info/services', true)

function infoList(path: string, deprecated: boolean) {
  return defineRoute<InfoDeps>()({
    family: 'v1',
    method: 'GET',
    path,
    policy: 'info:list_metrics_info',
    operationId: deprecated ? 'listServices' : 'listMetrics',
    summary: 'The metrics that are rated',
    deprecated,
    reply: { status: 200, schema: z.strictObject({ metrics: z.array(MetricInfo) }) },
    errors: [405],
    handle: async ({ metricsSource }) => ({ metrics: await readMetricInfos(metricsSource) }),
  })
}
