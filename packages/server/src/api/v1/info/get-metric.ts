import { defineRoute } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import { Fault } from '../../../lib/fault.ts'
import { type InfoDeps, MetricInfo, readMetricInfos } from './metrics-source.ts'

export const getMetric = infoOne('/v1/info/metrics/{metric_id}', 'metric_id')
/** CloudKitty's older name of the same. */
export const getService = infoOne('/v1/info/services/{service_id}', 'service_id')

function infoOne(path: string, name: 'metric_id' | 'service_id') {
  return defineRoute<InfoDeps>()({
    family: 'v1',
    method: 'GET',
    path,
    policy: 'info:get_metric_info',
    operationId: name === 'metric_id' ? 'getMetric' : 'getService',
    summary: 'A metric that is rated',
    deprecated: name === 'service_id',
    args: { [name]: arg.text() },
    reply: { status: 200, schema: MetricInfo },
    errors: [404, 405],
    async handle({ metricsSource }, { args }) {
      const id = args[name]!
      const metric = (await readMetricInfos(metricsSource)).find((info) => info.metric_id === id)
      if (!metric) throw new Fault('request.not_found', id)
      return metric
    },
  })
}
