import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { CountingProxy } from '../../auth/testing/counting-proxy.ts'
import { type RunningKeystone, sharedKeystone, whyNoKeystone } from '../../auth/testing/start-keystone.ts'
import { contextOf } from '../../collectors/testing/collect-context.ts'
import type { SourceExchange } from '../../sources/http/source-client.ts'
import type { FetcherContext } from '../fetcher.ts'
import { plugin } from './index.ts'

const missing = whyNoKeystone()
const never = new AbortController().signal

async function open(authUrl: string, options: Record<string, string> = {}, context: Partial<FetcherContext> = {}) {
  const user = { username: 'cloudkitty', password: 'secret-cloudkitty', project_name: 'service' }
  const domains = { user_domain_id: 'default', project_domain_id: 'default' }
  const read = plugin.options.parse({ auth_url: authUrl, ...user, ...domains, ...options })
  return plugin.create(read, contextOf(context))
}

/** A project of the test's own, deleted at its end. */
async function ownProject(keystone: RunningKeystone): Promise<{ id: string } & AsyncDisposable> {
  const body = { project: { name: `fetcher-${randomUUID()}`, domain_id: 'default' } }
  const { project } = (await keystone.asAdmin('POST', '/projects', body)) as { project: { id: string } }
  return {
    id: project.id,
    [Symbol.asyncDispose]: async () => {
      await keystone.asAdmin('DELETE', `/projects/${project.id}`)
    },
  }
}

describe.skipIf(missing !== undefined)(`at a real Keystone${missing ? ` (skipped: ${missing})` : ''}`, () => {
  // The first to ask has to wait until one is made.
  beforeAll(async () => void (await sharedKeystone()), 400_000)

  test('its probe says as whom it logs in, and with which roles', async () => {
    const { url } = await sharedKeystone()
    await using fetcher = await open(url)
    expect(await fetcher.probe?.run(never)).toMatch(/^a token of user cloudkitty, with .*service/)
  })

  test('the scopes are the projects on which our user has the role rating, found with one question', async () => {
    const { url, cloud } = await sharedKeystone()
    await using proxy = await CountingProxy.open(url)
    const exchanges: SourceExchange[] = []
    await using fetcher = await open(proxy.url, {}, { onSourceExchange: (exchange) => exchanges.push(exchange) })
    const { A, B, closed } = cloud.projects
    expect(new Set(await fetcher.scopes(never))).toEqual(new Set([A, B, closed]))
    expect(proxy.seen).toEqual(['POST /v3/auth/tokens', 'GET /v3/roles', 'GET /v3/role_assignments'])
    expect(exchanges.map(({ source, status }) => [source, status])).toEqual([
      ['fetcher_keystone', 200],
      ['fetcher_keystone', 200],
    ])
  })

  test('disabled projects are left out when that is wanted', async () => {
    const { url, cloud } = await sharedKeystone()
    await using fetcher = await open(url, { ignore_disabled_tenants: 'true' })
    expect(new Set(await fetcher.scopes(never))).toEqual(new Set([cloud.projects.A, cloud.projects.B]))
  })

  test('every project is taken when the role is not asked for, disabled ones too unless they are left out', async () => {
    const { url, cloud } = await sharedKeystone()
    await using everybody = await open(url, { ignore_rating_role: 'true' })
    expect(await everybody.scopes(never)).toEqual(expect.arrayContaining(Object.values(cloud.projects)))
    await using enabled = await open(url, { ignore_rating_role: 'true', ignore_disabled_tenants: 'true' })
    const { closed, ...others } = cloud.projects
    const scopes = await enabled.scopes(never)
    expect(scopes).toEqual(expect.arrayContaining(Object.values(others)))
    expect(scopes).not.toContain(closed)
  })

  test('a role through a group, or for the projects below, does not count, as in CloudKitty', async () => {
    const keystone = await sharedKeystone()
    const { users, roles } = keystone.cloud
    await using grouped = await ownProject(keystone)
    await using inherited = await ownProject(keystone)
    const body = { group: { name: `fetcher-${randomUUID()}`, domain_id: 'default' } }
    const { group } = (await keystone.asAdmin('POST', '/groups', body)) as { group: { id: string } }
    try {
      await keystone.asAdmin('PUT', `/groups/${group.id}/users/${users.cloudkitty}`)
      await keystone.asAdmin('PUT', `/projects/${grouped.id}/groups/${group.id}/roles/${roles.rating}`)
      await keystone.asAdmin(
        'PUT',
        `/OS-INHERIT/projects/${inherited.id}/users/${users.cloudkitty}/roles/${roles.rating}/inherited_to_projects`,
      )
      await using fetcher = await open(keystone.url)
      const scopes = await fetcher.scopes(never)
      expect(scopes).toContain(keystone.cloud.projects.A)
      expect(scopes).not.toContain(grouped.id)
      expect(scopes).not.toContain(inherited.id)
    } finally {
      await keystone.asAdmin('DELETE', `/groups/${group.id}`)
    }
  })

  test('a user who may not ask is a fault that says so', async () => {
    const { url } = await sharedKeystone()
    await using fetcher = await open(url, { username: 'member', password: 'secret-member', project_name: 'A' })
    await expect(fetcher.scopes(never)).rejects.toMatchObject({
      code: 'fetch.failed',
      message: expect.stringMatching(
        /the scopes cannot be fetched: \[fetcher_keystone\].* answers 403 to GET \/ro/,
      ) as string,
    })
  })

  test('a wrong password is a fault without the password', async () => {
    const { url } = await sharedKeystone()
    await using fetcher = await open(url, { username: 'reader', password: 'wrong-sesame', project_name: 'A' })
    const fault: unknown = await fetcher.scopes(never).catch((error: unknown) => error)
    expect(fault).toMatchObject({ code: 'fetch.failed', detail: { reason: 'auth.unavailable' } })
    expect(JSON.stringify(fault) + String(fault)).not.toContain('sesame')
  })
})
