import { z } from 'zod'
import { Content, defineRoute, Reply } from '../../http/route.ts'

export interface MetricsDeps {
  /** What this process counts and what state says, in Prometheus' text format. */
  readonly scrape: () => Promise<{ readonly type: string; readonly text: string }>
}

export const getMetrics = defineRoute<MetricsDeps>()({
  family: 'root',
  method: 'GET',
  path: '/metrics',
  access: 'probe',
  policy: null,
  operationId: 'getProcessMetrics',
  summary: 'What this process counts and how far the rating is, in the text format of Prometheus',
  reply: { status: 200, schema: z.string(), types: ['text/plain'] },
  async handle({ scrape }) {
    const { type, text } = await scrape()
    return new Reply(new Content(type, text))
  },
})
