import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningKeystone, sharedKeystone, whyNoKeystone } from '../../auth/testing/start-keystone.ts'
import { periodsFrom } from '../../domain/period.ts'
import { plugin as fetcherPlugin } from '../../fetchers/gnocchi/index.ts'
import { contextOf, metricOf } from '../testing/collect-context.ts'
import { CLOUD_BEGIN, CLOUD_TYPES, gnocchiCloud } from '../testing/gnocchi-cloud.ts'
import { startGnocchi, type TestGnocchi, whyNoGnocchi } from '../testing/start-gnocchi.ts'
import { plugin } from './index.ts'

const missing = whyNoKeystone() ?? whyNoGnocchi()
const never = new AbortController().signal

describe.skipIf(missing !== undefined)(
  `with a real Keystone and Gnocchi${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    /** Of the endpoint in the catalog, so that other tests have theirs. */
    const region = `gnocchi-${randomUUID()}`
    let keystone: RunningKeystone
    let gnocchi: TestGnocchi

    beforeAll(async () => {
      keystone = await sharedKeystone()
      gnocchi = await startGnocchi({
        keystone: { url: keystone.url, token: await keystone.token('cloudkitty', { project: 'service' }) },
      })
      const { A, B } = keystone.cloud.projects
      await gnocchi.fill(CLOUD_TYPES, gnocchiCloud({ scopes: [A, B], perKind: 1 }))
      const { services } = (await keystone.asAdmin('GET', '/services?type=metric')) as { services: { id: string }[] }
      const endpoint = { service_id: services[0]!.id, interface: 'internal', url: `${gnocchi.url}/` }
      await keystone.asAdmin('POST', '/regions', { region: { id: region } })
      await keystone.asAdmin('POST', '/endpoints', { endpoint: { ...endpoint, region_id: region } })
    }, 800_000)
    afterAll(async () => {
      await gnocchi?.[Symbol.asyncDispose]()
    })

    function options(user: string) {
      return {
        auth_url: keystone.url,
        username: user,
        password: `secret-${user}`,
        user_domain_id: 'default',
        project_domain_id: 'default',
        region_name: region,
      }
    }

    test('usage and scopes are read from the endpoint of the catalog, with the token of the section', async () => {
      const read = { ...options('cloudkitty'), project_name: 'service' }
      await using collector = await plugin.create(plugin.options.parse(read), contextOf())
      await using fetcher = await fetcherPlugin.create(fetcherPlugin.options.parse(read), contextOf())
      const scopes = await fetcher.scopes(never)
      const { A, B } = keystone.cloud.projects
      expect(new Set(scopes)).toEqual(new Set([A, B]))
      const extraArgs = plugin.extraArgs.parse({ resource_type: 'network', re_aggregation_method: 'count' })
      const metric = metricOf({ name: 'ip.floating', groupby: ['id', 'project_id'], metadata: ['state'], extraArgs })
      const points = await collector.collect({ metric, scopes, periods: periodsFrom(CLOUD_BEGIN, 24, 3600) }, never)
      expect(points).toHaveLength(48)
      expect(
        points.every(({ quantity, series }) => quantity.toString() === '1' && series.metadata['state'] === 'ACTIVE'),
      ).toBe(true)
    })

    test('who may see only a part of Gnocchi gets only that', async () => {
      const read = { ...options('member'), project_name: 'A' }
      await using fetcher = await fetcherPlugin.create(fetcherPlugin.options.parse(read), contextOf())
      expect(await fetcher.scopes(never)).toEqual([keystone.cloud.projects.A])
    })

    test('a region without Gnocchi is a fault that names it', async () => {
      const read = { ...options('cloudkitty'), project_name: 'service', region_name: 'Mars' }
      await using fetcher = await fetcherPlugin.create(fetcherPlugin.options.parse(read), contextOf())
      await expect(fetcher.scopes(never)).rejects.toMatchObject({
        code: 'fetch.failed',
        message: expect.stringContaining('no internal endpoint of type metric in region Mars') as string,
      })
    })
  },
)
