import { z } from 'zod'
import { defineRoute } from '../../packages/server/src/http/route.ts'
import { param } from '../../packages/server/src/http/v2-types.ts'
import { Fault } from '../../packages/server/src/lib/fault.ts'

/** What the handler needs from below, and nothing else: `ApiDeps` in `api/routes.ts` has all of them. */
export interface SeatDeps {
  readonly seats: { limitOf(scopeId: string): Promise<number | undefined> }
}

export const getSeatLimit = defineRoute<SeatDeps>()({
  family: 'v2',
  method: 'GET',
  path: '/v2/scope/seat_limit',
  policy: 'scope:get_state',
  operationId: 'getSeatLimit',
  summary: 'How many seats a scope may have',
  query: { scope_id: param.text() },
  reply: { status: 200, schema: z.strictObject({ scope_id: z.string(), limit: z.int() }) },
  errors: [404],
  async handle({ seats }, { query: { scope_id } }) {
    const limit = await seats.limitOf(scope_id)
    if (limit === undefined)
      throw new Fault('request.not_found', `No seats are known of ${scope_id}: register it first.`)
    return { scope_id, limit }
  },
})
