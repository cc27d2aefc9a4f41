import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Period, periodsFrom } from '../../domain/period.ts'
import type { Point } from '../../domain/point.ts'
import { seededRandom } from '../../lib/seeded-random.ts'
import { sendJson, serveHttp, type TestServer } from '../../lib/testing/serve-http.ts'
import type { Collector } from '../collector.ts'
import { plugin as prometheusPlugin } from '../prometheus/index.ts'
import { contextOf, metricOf } from '../testing/collect-context.ts'
import { startPrometheus, type TestPrometheus, whyNoPrometheus } from '../testing/start-prometheus.ts'
import { plugin } from './index.ts'

const missing = whyNoPrometheus()
const never = new AbortController().signal
const BEGIN = Date.UTC(2026, 5, 1) / 1000
const SCOPES = ['a', 'b', 'two words', 'a|b', 'quo"te']

/** Keystone's token, and what Aetos is: Prometheus, but for queries at one instant by GET only. */
async function serveAetos(prometheus: string): Promise<TestServer> {
  const server = await serveHttp((request, response) => {
    if (request.url === '/v3/auth/tokens') {
      const endpoints = [{ interface: 'public', region: 'one', url: server.url }]
      const [issued_at, expires_at] = ['2026-06-01T00:00:00Z', '2026-06-01T01:00:00Z']
      const token = { user: { id: 'me' }, issued_at, expires_at, catalog: [{ type: 'metric-storage', endpoints }] }
      response.writeHead(201, { 'x-subject-token': 'token' }).end(JSON.stringify({ token }))
    } else if (request.method !== 'GET' || !request.url.startsWith('/api/v1/query?')) {
      sendJson(response, { error_message: 'not found' }, 404)
    } else {
      void passOn(prometheus + request.url.slice('/api/v1'.length), response)
    }
  })
  return server
}

async function passOn(url: string, response: ServerResponse): Promise<void> {
  const reply = await fetch(url)
  response.writeHead(reply.status).end(await reply.text())
}

describe.skipIf(missing !== undefined)(
  `with a real Prometheus behind${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    let prometheus: TestPrometheus
    let aetos: TestServer
    let direct: Collector
    let collector: Collector

    beforeAll(async () => {
      const random = seededRandom('aetos')
      prometheus = await startPrometheus(
        SCOPES.flatMap((project_id) =>
          ['vm1', 'vm2'].map((id) => ({
            name: 'cpu',
            labels: { project_id, id },
            samples: Array.from(
              { length: 24 * 12 },
              (_, i) => [BEGIN + 150 + i * 300, Math.floor(random() * 1000)] as const,
            ).filter(() => random() > 0.3),
          })),
        ),
      )
      aetos = await serveAetos(prometheus.url)
      direct = await prometheusPlugin.create(
        prometheusPlugin.options.parse({ prometheus_url: prometheus.url }),
        contextOf(),
      )
      collector = await plugin.create(
        plugin.options.parse({ auth_url: aetos.url, user_id: 'me', password: 'sesame' }),
        contextOf(),
      )
    })
    afterAll(async () => {
      for (const thing of [collector, direct, aetos, prometheus]) await thing?.[Symbol.asyncDispose]()
    })

    test.each<[string, Period[], Record<string, string>, number]>([
      ['a day of hours', periodsFrom(BEGIN, 24, 3600), {}, 1],
      ['one hour', periodsFrom(BEGIN + 7200, 1, 3600), {}, 1],
      ['hours that do not begin on the hour', periodsFrom(BEGIN + 600, 5, 3600), {}, 5],
      [
        'rates of quarters of an hour',
        periodsFrom(BEGIN, 40, 900),
        { range_function: 'rate', aggregation_method: 'sum' },
        1,
      ],
      ['a suffix, scope by scope', periodsFrom(BEGIN, 24, 3600), { query_suffix: '> 500' }, SCOPES.length],
    ])('%s are what Prometheus itself gives', async (_what, periods, args, queries) => {
      const metric = metricOf({ name: 'cpu', groupby: ['id', 'project_id'], extraArgs: plugin.extraArgs.parse(args) })
      const before = aetos.requests.filter(({ url }) => url.startsWith('/api')).length
      const got = await collector.collect({ metric, scopes: SCOPES, periods }, never)
      const asked = aetos.requests.filter(({ url }) => url.startsWith('/api')).length - before
      const wanted = await direct.collect({ metric, scopes: SCOPES, periods }, never)
      expect(wanted.length).toBeGreaterThan(0)
      expect(rows(got)).toEqual(rows(wanted))
      expect(asked).toBe(queries)
    })
  },
)

function rows(points: readonly Point[]): string[] {
  return points
    .map(({ series, begin, end, quantity }) => JSON.stringify([series.groupby, begin, end, quantity.toString()]))
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
