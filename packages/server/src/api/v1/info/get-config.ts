import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { type InfoDeps, readMetrics } from './metrics-source.ts'

const MetricsFile = z.unknown().meta({
  id: 'MetricsFile',
  description: 'metrics.yml as JSON, whatever it holds: as a rule an object with the member `metrics`.',
})

export const getConfig = defineRoute<InfoDeps>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/info/config',
  policy: 'info:get_config',
  operationId: 'getMetricsConfig',
  summary: 'The metrics file as JSON',
  reply: { status: 200, schema: MetricsFile },
  handle: async ({ metricsSource }) => (await readMetrics(metricsSource)).raw,
})
