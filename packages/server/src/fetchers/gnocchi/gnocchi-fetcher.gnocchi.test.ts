import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contextOf } from '../../collectors/testing/collect-context.ts'
import { CLOUD_SCOPES, CLOUD_TYPES, gnocchiCloud, ODD_SCOPES } from '../../collectors/testing/gnocchi-cloud.ts'
import { startGnocchi, type TestGnocchi, whyNoGnocchi } from '../../collectors/testing/start-gnocchi.ts'
import { plugin } from './index.ts'

const missing = whyNoGnocchi()
const never = new AbortController().signal

describe.skipIf(missing !== undefined)(`against a real Gnocchi${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const scopes = [...CLOUD_SCOPES, ...ODD_SCOPES]
  const cloud = [
    ...gnocchiCloud({ scopes, perKind: 1 }),
    // Whose scope is nothing, or nobody's: for CloudKitty they are a search without an end.
    ...gnocchiCloud({ scopes: ['empty'], perKind: 1 }).map((resource) => ({ ...resource, scope: '' })),
    ...gnocchiCloud({ scopes: ['nobody'], perKind: 1 }).map((resource) => ({ ...resource, scope: null })),
  ].map((resource) => ({ ...resource, metrics: {} }))
  let gnocchi: TestGnocchi

  beforeAll(async () => {
    gnocchi = await startGnocchi({ maxLimit: 5 })
    await gnocchi.fill(CLOUD_TYPES, cloud)
  }, 600_000)
  afterAll(async () => {
    await gnocchi?.[Symbol.asyncDispose]()
  })

  async function fetch(options: Record<string, string> = {}): Promise<Set<string>> {
    const basic = { gnocchi_auth_type: 'basic', gnocchi_user: 'admin', gnocchi_endpoint: gnocchi.url }
    await using fetcher = await plugin.create(plugin.options.parse({ ...basic, ...options }), contextOf())
    const found = await fetcher.scopes(never)
    expect(new Set(found).size).toBe(found.length)
    return new Set(found)
  }

  test('finds every scope that has a resource, page by page, and no empty one', async () => {
    expect(await fetch()).toEqual(new Set(scopes))
    expect(await fetch({ resource_types: 'account,volume' })).toEqual(new Set(scopes))
  })

  test('its probe counts the types of resources', async () => {
    const basic = { gnocchi_auth_type: 'basic', gnocchi_user: 'admin', gnocchi_endpoint: gnocchi.url }
    await using fetcher = await plugin.create(plugin.options.parse(basic), contextOf())
    expect(fetcher.probe?.asks).toBe(gnocchi.url)
    expect(await fetcher.probe?.run(never)).toMatch(/^\d+ types of resources$/)
  })

  test('finds scopes in an attribute that particular types have', async () => {
    const flavors = cloud.flatMap(({ attributes: { flavor_name: first }, revisions }) =>
      typeof first === 'string' ? [revisions?.at(-1)?.attributes['flavor_name'] ?? first] : [],
    )
    expect(await fetch({ scope_attribute: 'flavor_name' })).toEqual(new Set(flavors))
    expect(await fetch({ scope_attribute: 'flavor_name', resource_types: 'instance' })).toEqual(new Set(flavors))
  })

  test('a type that is not there is a fault with the words of Gnocchi', async () => {
    await expect(fetch({ resource_types: 'starship' })).rejects.toMatchObject({
      code: 'fetch.failed',
      message: expect.stringContaining('Resource type starship does not exist') as string,
    })
  })
})
