import { expect, test } from 'vitest'
import { contextOf } from '../../collectors/testing/collect-context.ts'
import { deadUrl, sendJson, serveHttp } from '../../lib/testing/serve-http.ts'
import { plugin } from './index.ts'
import { buildScopesQuery } from './prometheus-fetcher.ts'

const never = new AbortController().signal

test.each([
  ['without filters', {}, 'max(up) by (project_id)'],
  ['with filters in the order of the file', { b: '1', a: '2' }, 'max(up{b="1",a="2"}) by (project_id)'],
  [
    'with a filter that cannot end its literal',
    { a: '"} or up{b="' },
    String.raw`max(up{a="\"} or up{b=\""}) by (project_id)`,
  ],
])('asks as CloudKitty does %s', (_what, filters, query) => {
  expect(buildScopesQuery({ metric: 'up', scope_attribute: 'project_id', filters })).toBe(query)
})

test('ids are distinct and not empty', async () => {
  await using server = await serveHttp((_request, response) =>
    sendJson(response, {
      status: 'success',
      data: {
        resultType: 'vector',
        result: ['a', 'b', '', 'a']
          .map((id) => ({ metric: { project_id: id }, value: [1, '1'] }))
          .concat({ metric: {} as never, value: [1, '1'] }),
      },
    }),
  )
  const options = plugin.options.parse({ metric: 'up', prometheus_url: `${server.url}/api/v1` })
  await using fetcher = await plugin.create(options, contextOf())
  expect(await fetcher.scopes(never)).toEqual(['a', 'b'])
  expect(server.requests[0]).toMatchObject({ method: 'POST', url: '/api/v1/query' })
})

test.each([
  ['that is not there', deadUrl, 'collect.unreachable'],
  ['that answers nonsense', undefined, 'collect.invalid_answer'],
])('a source %s is a fault that says what was asked', async (_what, lost, reason) => {
  await using server = await serveHttp((_request, response) => sendJson(response, { status: 'success' }))
  const url = lost ? await lost() : server.url
  const options = plugin.options.parse({ metric: 'up', prometheus_url: `${url}/api/v1` })
  await using fetcher = await plugin.create(options, contextOf())
  await expect(fetcher.scopes(never)).rejects.toMatchObject({
    code: 'fetch.failed',
    message: expect.stringContaining('query: max(up) by (project_id)') as string,
    detail: { reason, query: 'max(up) by (project_id)' },
  })
})
