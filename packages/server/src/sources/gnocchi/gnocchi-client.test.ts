import { expect, test } from 'vitest'
import { type AggregatesQuery, GnocchiClient, type ResourceAttributes } from './gnocchi-client.ts'
import { PythonNumber } from '../../lib/python-text.ts'
import { SourceClient } from '../http/source-client.ts'
import { type Answer, sendJson, serveHttp } from '../../lib/testing/serve-http.ts'

const never = new AbortController().signal
const QUERY: AggregatesQuery = {
  operations: ['aggregate', 'max', ['metric', 'cpu', 'mean']],
  resourceType: 'instance',
  search: { '=': { project_id: 'a&b' } },
  groupby: ['id', 'project_id'],
  start: 1_780_272_000,
  stop: 1_780_275_600,
  granularity: 3600,
  useHistory: true,
}
const SEARCH = { resourceType: 'odd type', search: undefined, history: true, attributes: ['id'], sort: ['id:asc'] }

async function ask<T>(answer: Answer, run: (client: GnocchiClient) => Promise<T>) {
  await using server = await serveHttp(answer)
  await using source = new SourceClient({
    source: 'collector_gnocchi',
    url: server.url,
    timeoutSeconds: 5,
    connections: 1,
    retries: 0,
  })
  const outcome = await run(new GnocchiClient(source)).then(
    (value) => ({ value, fault: undefined }),
    (fault: unknown) => ({ value: undefined, fault }),
  )
  return { ...outcome, requests: [...server.requests] }
}

const sendText =
  (body: string, status = 200, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

const aggregates = (answer: Answer) => ask(answer, (client) => client.aggregates(QUERY, never))

async function allResources(client: GnocchiClient): Promise<ResourceAttributes[]> {
  const rows: ResourceAttributes[] = []
  for await (const page of client.resources(SEARCH, never)) rows.push(...page)
  return rows
}

test("the aggregates question is CloudKitty's", async () => {
  const { requests } = await aggregates(sendText('[]'))
  expect(requests).toHaveLength(1)
  expect(requests[0]).toMatchObject({
    method: 'POST',
    url:
      '/v1/aggregates?details=False&granularity=3600&groupby=id&groupby=project_id' +
      '&start=2026-06-01T00%3A00%3A00%2B00%3A00&stop=2026-06-01T01%3A00%3A00%2B00%3A00&use_history=True',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
  })
  expect(JSON.parse(requests[0]!.body)).toEqual({
    operations: ['aggregate', 'max', ['metric', 'cpu', 'mean']],
    search: { '=': { project_id: 'a&b' } },
    resource_type: 'instance',
  })
})

test('groups and measures are read, and attributes as Python prints them', async () => {
  const { value } = await aggregates(
    sendText(
      `[{"group": {"id": "x", "vcpus": 8.0, "cores": 8, "none": null, "on": true, "text": "8.0"}, "measures":
        {"measures": {"aggregated": [["2026-06-01T00:00:00+00:00", 3600.0, 0.1], ["2026-06-01T00:05:00+00:00", 300.0, 1e+22],
        ["2026-06-01T00:10:00+00:00", 300.0, true]]}}}]`,
    ),
  )
  expect(value).toEqual([
    {
      group: { id: 'x', vcpus: new PythonNumber('8.0'), cores: 8, none: null, on: true, text: '8.0' },
      measures: [
        { at: 1_780_272_000, granularity: 3600, value: 0.1 },
        { at: 1_780_272_300, granularity: 300, value: 1e22 },
        { at: 1_780_272_600, granularity: 300, value: 1 },
      ],
    },
  ])
})

test.each([
  [400, { cause: 'Metrics not found', detail: ['cpu'] }],
  [404, "Metric ['cpu'] does not exist"],
])('%i %j is no data', async (status, description) => {
  const { value } = await aggregates((_request, response) => sendJson(response, { code: status, description }, status))
  expect(value).toEqual([])
})

test.each([
  [
    404,
    { cause: 'Metrics with unknown aggregation', detail: [['id', 'mean']] },
    'collect.rejected',
    'unknown aggregation',
  ],
  [404, 'Resource type instance does not exist', 'collect.rejected', 'Resource type instance does not exist'],
  [400, { cause: "Metrics can't being aggregated" }, 'collect.rejected', "can't being aggregated"],
  [401, 'who?', 'collect.rejected', 'HTTP 401: who?'],
  [500, undefined, 'collect.rejected', 'HTTP 500: {}'],
  [504, 'slow', 'collect.timeout', 'HTTP 504: slow'],
])('%i %j is a fault', async (status, description, code, words) => {
  const { fault } = await aggregates((_request, response) => sendJson(response, { description }, status))
  expect(fault).toMatchObject({ code, message: expect.stringContaining(words) as string, detail: { status } })
})

test.each([
  ['', 'is empty'],
  ['<html>', 'is not JSON: <html>'],
  ['{}', 'is not a list of groups'],
  ['[{"group": {}}]', 'does the query aggregate?'],
  ['[{"group": {}, "measures": {"measures": {"x": {"cpu": {"mean": []}}}}}]', 'does the query aggregate?'],
  ['[{"group": [], "measures": {"measures": {"aggregated": []}}}]', 'does the query aggregate?'],
  ...[
    '["never", 1.0, 1.0]',
    '["2026-06-01T00:00:00+00:00", 0, 1]',
    '["2026-06-01T00:00:00+00:00", 300, null]',
    '[]',
  ].map((measure) => [
    `[{"group": {}, "measures": {"measures": {"aggregated": [${measure}]}}}]`,
    'a measure that is not an instant, a granularity and a value',
  ]),
])('the answer %s is refused', async (body, words) => {
  const { fault } = await aggregates(sendText(body!))
  expect(fault).toMatchObject({ code: 'collect.invalid_answer', message: expect.stringContaining(words!) as string })
})

test('a redirection is named and not followed', async () => {
  const { fault } = await aggregates(sendText('', 302, { location: 'https://elsewhere/v1?token=secret' }))
  expect(fault).toMatchObject({ code: 'collect.rejected' })
  expect(String(fault)).toContain('redirects to https://elsewhere/v1: configure that URL instead')
  expect(String(fault)).not.toContain('secret')
})

test('pages of resources are followed to the last one by the marker that Gnocchi names', async () => {
  const { value, requests } = await ask((request, response) => {
    const marker = new URL(request.url, 'http://x').searchParams.get('marker')
    const page = marker === null ? 1 : Number(marker.split('@')[1])
    const link = page < 3 ? { link: `<http://elsewhere:1/v1/search?marker=x%40${page + 1}&and=%7B>; rel="next"` } : {}
    response.writeHead(200, link).end(JSON.stringify([{ id: `r${page}`, metrics: { cpu: 'y' } }]))
  }, allResources)
  expect(value).toEqual([{ id: 'r1' }, { id: 'r2' }, { id: 'r3' }])
  expect(requests.map(({ url }) => url)).toEqual(
    ['', '&marker=x%402', '&marker=x%403'].map(
      (marker) => `/v1/search/resource/odd%20type?history=true&attrs=id&sort=id%3Aasc${marker}`,
    ),
  )
  expect(requests.map(({ body }) => body)).toEqual(['{}', '{}', '{}'])
})

test.each([
  [
    'that is the same again',
    '<http://x/?marker=same>; rel="next"',
    'names a page as the next one that was read before',
  ],
  ['without a marker', '<http://x/?limit=5>; rel=next', 'names a next page without a marker'],
])('a next page %s ends the search with a fault', async (_what, link, words) => {
  const { fault } = await ask(sendText('[{"id": "x"}]', 200, { link }), allResources)
  expect(fault).toMatchObject({ code: 'collect.invalid_answer', message: expect.stringContaining(words) as string })
})

test('resources that are none are refused', async () => {
  for (const body of ['{}', '[1]']) {
    expect((await ask(sendText(body), allResources)).fault).toMatchObject({ code: 'collect.invalid_answer' })
  }
})

test.each([
  ['{"build": "4.4.2", "versions": []}', '4.4.2'],
  ['{"versions": []}', undefined],
  ['not found', undefined],
])('the version in %s is %s', async (body, version) => {
  const { value, requests } = await ask(sendText(body), (client) => client.version(never))
  expect([value, requests[0]?.url]).toEqual([version, '/'])
})
