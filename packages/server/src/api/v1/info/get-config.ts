import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { type InfoDeps, readMetrics } from './metrics-source.ts'

export const getConfig = defineRoute<InfoDeps>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/info/config',
  policy: 'info:get_config',
  summary: 'The metrics file as JSON',
  reply: { status: 200, schema: z.unknown() },
  handle: async ({ metricsSource }) => (await readMetrics(metricsSource)).raw,
})
