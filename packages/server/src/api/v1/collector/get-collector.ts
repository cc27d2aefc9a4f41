import { defineRoute } from '../../../http/route.ts'

/** CloudKitty answers here with nothing, and so do we. */
export const getCollector = defineRoute<unknown>()({
  family: 'v1',
  method: 'GET',
  path: '/v1/collector',
  policy: null,
  operationId: 'getCollector',
  summary: 'Nothing',
  deprecated: true,
  reply: { status: 204 },
  handle: () => undefined,
})
