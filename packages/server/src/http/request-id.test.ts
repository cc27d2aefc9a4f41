import { expect, test } from 'vitest'
import { defineRoute } from './route.ts'
import { testApp } from './testing/test-app.ts'

const GLOBAL = 'req-3f1c2d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f'
const logged: object[] = []
const app = testApp(
  [
    defineRoute<unknown>()({
      family: 'v2',
      method: 'GET',
      path: '/v2/broken',
      policy: null,
      operationId: 'op24',
      summary: 'Break',
      reply: { status: 204 },
      handle() {
        throw new Error('broken')
      },
    }),
  ],
  {},
  { log: { error: (entry: object) => void logged.push(entry), debug: () => {} } },
)

const callWith = async (given: string) => {
  const { headers } = await app.call('GET', '/v2/broken', { headers: { 'x-openstack-request-id': given } })
  return { answered: headers.get('x-openstack-request-id'), logged: logged.pop() }
}

test('the id by which other services know an operation stands in the log beside the request’s own, which is answered', async () => {
  const { answered, logged: entry } = await callWith(GLOBAL)
  expect(answered).not.toBe(GLOBAL)
  expect(entry).toMatchObject({ requestId: answered, globalRequestId: GLOBAL })
})

test.each([['nonsense'], ['req-1'], [`${GLOBAL}\tx`], [`x ${GLOBAL}`]])(
  '%j is no such id and is not logged',
  async (given) => {
    expect((await callWith(given)).logged).not.toHaveProperty('globalRequestId')
  },
)
