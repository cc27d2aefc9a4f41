import { expect, test } from 'vitest'
import { testApp } from '../../packages/server/src/http/testing/test-app.ts'
import { getSeatLimit } from './get-seat-limit.ts'

const app = testApp([getSeatLimit], { seats: { limitOf: async (id: string) => (id === 'alpha' ? 3 : undefined) } })

test.each([
  ['?scope_id=alpha', 200, { scope_id: 'alpha', limit: 3 }],
  ['?scope_id=beta', 404, { message: 'No seats are known of beta: register it first.' }],
  ['', 400, { message: expect.stringContaining('scope_id') as string }],
])('GET /v2/scope/seat_limit%s answers %i', async (query, status, json) => {
  expect(await app.call('GET', `/v2/scope/seat_limit${query}`)).toMatchObject({ status, json })
})
