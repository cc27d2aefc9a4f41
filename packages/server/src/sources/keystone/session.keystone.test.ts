import { beforeAll, describe, expect, test } from 'vitest'
import { CountingProxy } from '../../auth/testing/counting-proxy.ts'
import { KEYSTONE_START_MS, sharedKeystone, whyNoKeystone } from '../../auth/testing/start-keystone.ts'
import { authtokenOptions } from '../../auth/keystone/authtoken-options.ts'
import { KeystoneSession } from './session.ts'

const absent = whyNoKeystone()
const forever = () => new AbortController().signal

describe.skipIf(absent !== undefined)(`a session at a real Keystone ${absent ?? ''}`, () => {
  beforeAll(async () => void (await sharedKeystone()), KEYSTONE_START_MS)

  test('knows who it is and finds services in the catalog', async () => {
    const { url, cloud } = await sharedKeystone()
    await using session = open(url)
    const token = await session.token()
    expect([token.userId, token.projectId, token.roles.includes('admin')]).toEqual([
      cloud.users.cloudkitty,
      cloud.projects.service,
      true,
    ])
    await expect(session.endpoint({ type: 'rating', interface: 'public' })).resolves.toBe('http://127.0.0.1:8889')
    await expect(session.endpoint({ type: 'metric', interface: 'internalURL', region: 'RegionOne' })).resolves.toBe(
      'http://127.0.0.1:8041',
    )
    await expect(session.endpoint({ type: 'metric', interface: 'public', region: 'Mars' })).rejects.toMatchObject({
      code: 'config.invalid',
      message: '[collector_gnocchi]: the catalog has no public endpoint of type metric in region Mars',
    })
  })

  test('asks Keystone with its token, and again with a new one when that is rejected', async () => {
    const keystone = await sharedKeystone()
    await using proxy = await CountingProxy.open(keystone.url)
    await using session = open(proxy.url)
    const first = await session.token()
    await expect(session.send({ method: 'GET', path: '/projects' }, forever())).resolves.toMatchObject({ status: 200 })
    await keystone.revoke(first.id)
    const reply = await session.send(
      { method: 'GET', path: '/projects', query: new URLSearchParams({ name: 'A' }) },
      forever(),
    )
    expect(reply.body).toMatchObject({ projects: [{ id: keystone.cloud.projects.A }] })
    expect((await session.token()).id).not.toBe(first.id)
    expect(proxy.count('POST /v3/auth/tokens')).toBe(2)
  })

  test('renews its token a minute before it expires', async () => {
    const { url } = await sharedKeystone()
    await using proxy = await CountingProxy.open(url)
    const clock = { ms: Date.now() }
    await using session = open(proxy.url, clock)
    await session.token()
    clock.ms += 3_539_000
    await session.token()
    expect(proxy.seen).toHaveLength(1)
    clock.ms += 1000
    await Promise.all([session.token(), session.token()])
    expect(proxy.seen).toHaveLength(2)
  })

  test('forgets its token only when that very token was rejected', async () => {
    const { url } = await sharedKeystone()
    await using session = open(url)
    const { id } = await session.token()
    session.reject('another one')
    expect((await session.token()).id).toBe(id)
    session.reject(id)
    await session.token()
  })
})

test('without auth_url there is no session', () => {
  expect(() => open('')).toThrow(expect.objectContaining({ code: 'config.invalid' }))
})

function open(authUrl: string, clock?: { ms: number }): KeystoneSession {
  const options = authtokenOptions.parse({
    auth_url: authUrl,
    username: 'cloudkitty',
    password: 'secret-cloudkitty',
    project_name: 'service',
    default_domain_id: 'default',
  })
  return new KeystoneSession(options, { section: 'collector_gnocchi', ...(clock && { now: () => clock.ms }) })
}
