import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { NOBODY, type Principal } from '../../domain/principal.ts'
import { RateLimiter } from '../../http/rate-limiter.ts'
import { Policy } from '../policy/policy.ts'
import { CALLERS, callerHeaders, type CallerName } from '../testing/caller-matrix.ts'
import { CountingProxy } from '../testing/counting-proxy.ts'
import {
  KEYSTONE_START_MS,
  ownKeystone,
  sharedKeystone,
  whyNoKeystone,
  type CloudUser,
  type RunningKeystone,
} from '../testing/start-keystone.ts'
import { authtokenOptions } from './authtoken-options.ts'
import { KeystoneAuthenticator } from './keystone-authenticator.ts'

const absent = whyNoKeystone()
const POLICY = new Policy({ enforceNewDefaults: true, enforceScope: true })
const VALIDATION = 'GET /v3/auth/tokens'
const LOG_IN = 'POST /v3/auth/tokens'
const UNAUTHENTICATED = {
  code: 'auth.unauthenticated',
  status: 401,
  challenge: 'Keystone uri="http://keystone.example.net:5000"',
}

describe.skipIf(absent !== undefined)(`a real Keystone ${absent ?? ''}`, () => {
  beforeAll(async () => void (await sharedKeystone()), KEYSTONE_START_MS)

  test('its probe tells whether the service user may validate tokens', async () => {
    const { url: authUrl } = await sharedKeystone()
    await using authenticator = open(authUrl)
    expect(authenticator.probe.asks).toBe(`${authUrl.replace(/\/v3$/, '')}/v3`)
    expect(await authenticator.probe.run(new AbortController().signal)).toMatch(
      /^the service user \(.*service.*\) may validate tokens$/,
    )
    await using refused = open(authUrl, { password: 'wrong' })
    await expect(refused.probe.run(new AbortController().signal)).rejects.toMatchObject({
      code: 'auth.unavailable',
      message: expect.stringContaining(
        'look at the user, its password and its project in [keystone_authtoken]',
      ) as string,
    })
  })

  describe('says who asks', () => {
    test.each<[string, Parameters<RunningKeystone['token']>, (cloud: RunningKeystone['cloud']) => Partial<Principal>]>([
      [
        'a member of a project, who is a reader too',
        ['member', { project: 'A' }],
        ({ users, projects }) => ({ userId: users.member, projectId: projects.A, roles: ['member', 'reader'] }),
      ],
      [
        'a reader',
        ['reader', { project: 'A' }],
        ({ users, projects }) => ({ userId: users.reader, projectId: projects.A, roles: ['reader'] }),
      ],
      [
        'one with a role of no meaning',
        ['auditor', { project: 'A' }],
        ({ users, projects }) => ({ userId: users.auditor, projectId: projects.A, roles: ['auditor'] }),
      ],
      [
        'an administrator in a project',
        ['admin', { project: 'B' }],
        ({ users, projects }) => ({
          userId: users.admin,
          projectId: projects.B,
          roles: ['admin', 'member', 'reader'],
          isAdmin: true,
        }),
      ],
      [
        'an administrator of the system',
        ['admin', 'system'],
        ({ users }) => ({
          userId: users.admin,
          systemScope: 'all',
          roles: ['admin', 'member', 'reader'],
          isAdmin: true,
        }),
      ],
      [
        'a reader of the system',
        ['observer', 'system'],
        ({ users }) => ({ userId: users.observer, systemScope: 'all', roles: ['reader'] }),
      ],
      [
        'an administrator of a domain',
        ['admin', 'domain'],
        ({ users }) => ({
          userId: users.admin,
          domainId: 'default',
          roles: ['admin', 'member', 'reader'],
          isAdmin: true,
        }),
      ],
      ['a user with a token for nothing', ['member', 'none'], ({ users }) => ({ userId: users.member })],
    ])('%s', async (_who, [user, scope], wanted) => {
      const keystone = await sharedKeystone()
      await using authenticator = open(keystone.url)
      const who = await authenticate(authenticator, await keystone.token(user, scope))
      expect({ ...who, roles: who.roles.toSorted() }).toEqual({
        ...NOBODY,
        ...wanted(keystone.cloud),
      })
    })

    test('for every kind of caller, and never believes what the client says of itself', async () => {
      const keystone = await sharedKeystone()
      await using authenticator = open(keystone.url)
      const headers = await callerHeaders(keystone)
      const outcomes = CALLERS.map(async ({ name }) => {
        const sent = new Headers(headers[name])
        const asked = authenticator.authenticate((wanted) => sent.get(wanted) ?? undefined)
        return [
          name,
          await asked.then(
            ({ userId, projectId, isAdmin }) => ({ userId, projectId, isAdmin }),
            (error: unknown) => error,
          ),
        ]
      })
      const { users, projects } = keystone.cloud
      const nobody = expect.objectContaining(UNAUTHENTICATED) as unknown
      const on = (user: CloudUser, projectId: string | undefined, isAdmin = false) => ({
        userId: users[user],
        projectId,
        isAdmin,
      })
      expect(Object.fromEntries(await Promise.all(outcomes))).toEqual({
        'no token': nobody,
        'bad token': nobody,
        'revoked token': nobody,
        'forged identity headers': nobody,
        unscoped: on('member', undefined),
        'member of another project': on('outsider', projects.B),
        'other role on A': on('auditor', projects.A),
        'reader on A': on('reader', projects.A),
        'member on A': on('member', projects.A),
        'member on A with forged headers': on('member', projects.A),
        'admin on A': on('admin', projects.A, true),
        'domain admin': on('admin', undefined, true),
        'system reader': on('observer', undefined),
        'system admin': on('admin', undefined, true),
      })
    })
  })

  test('the default policy lets each of them do what CloudKitty’s does', async () => {
    const keystone = await sharedKeystone()
    await using authenticator = open(keystone.url)
    const headers = await callerHeaders(keystone)
    const may = async (name: CallerName) => {
      const who = await authenticate(authenticator, headers[name]['X-Auth-Token'])
      const own = { projectId: who.projectId ?? null }
      const other = { projectId: keystone.cloud.projects.B }
      return [
        POLICY.allows(who, 'rating:quote', own),
        POLICY.allows(who, 'summary:get_summary', own),
        POLICY.allows(who, 'report:get_total', other),
        POLICY.allows(who, 'scope:reset_state', own),
      ]
    }
    const names = CALLERS.filter((caller) => caller.authenticated).map((caller) => caller.name)
    const table = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await may(name)] as const)))
    expect(table).toEqual({
      unscoped: [true, false, false, false],
      'member of another project': [true, true, true, false],
      'other role on A': [true, false, false, false],
      'reader on A': [true, true, false, false],
      'member on A': [true, true, false, false],
      'member on A with forged headers': [true, true, false, false],
      'admin on A': [true, true, true, true],
      'domain admin': [false, false, false, false],
      'system reader': [false, false, false, false],
      'system admin': [false, false, false, false],
    })
  })

  test('a token that is none is refused, without asking Keystone when it cannot be one', async () => {
    const keystone = await sharedKeystone()
    await using proxy = await CountingProxy.open(keystone.url)
    await using authenticator = open(proxy.url)
    for (const token of [undefined, '', 'a b', 'x'.repeat(10_000), 'é', 'a\r\nX-Roles: admin']) {
      await expect(authenticate(authenticator, token)).rejects.toMatchObject(UNAUTHENTICATED)
    }
    expect(proxy.seen).toEqual([])
    await expect(authenticate(authenticator, 'nonsense')).rejects.toMatchObject(UNAUTHENTICATED)
    expect(proxy.count(VALIDATION)).toBe(1)
    expect(authenticator.remembered).toBe(0)
  })

  test('an application credential serves as well as a password', async () => {
    const keystone = await sharedKeystone()
    const { id, secret } = keystone.cloud.applicationCredential
    await using authenticator = open(keystone.url, {
      auth_type: 'v3applicationcredential',
      application_credential_id: id,
      application_credential_secret: secret,
    })
    await expect(authenticate(authenticator, await keystone.token('reader', { project: 'A' }))).resolves.toMatchObject({
      projectId: keystone.cloud.projects.A,
    })
  })

  describe('a validated token', () => {
    test('is remembered for token_cache_time, then asked for again', async () => {
      const keystone = await sharedKeystone()
      await using proxy = await CountingProxy.open(keystone.url)
      const clock = { ms: Date.now() }
      await using authenticator = open(proxy.url, { token_cache_time: '300' }, clock)
      const token = await keystone.token('member', { project: 'A' })
      for (let i = 0; i < 5; i++) await authenticate(authenticator, token)
      expect([proxy.count(VALIDATION), proxy.count(LOG_IN)]).toEqual([1, 1])
      clock.ms += 299_999
      await authenticate(authenticator, token)
      expect(proxy.count(VALIDATION)).toBe(1)
      clock.ms += 1
      await authenticate(authenticator, token)
      expect([proxy.count(VALIDATION), proxy.count(LOG_IN)]).toEqual([2, 1])
    })

    test('is not remembered beyond its end', async () => {
      const keystone = await sharedKeystone()
      await using proxy = await CountingProxy.open(keystone.url)
      const clock = { ms: Date.now() }
      await using authenticator = open(proxy.url, { token_cache_time: '1000000' }, clock)
      const token = await keystone.token('member', { project: 'A' })
      await authenticate(authenticator, token)
      clock.ms += 3_601_000
      await authenticate(authenticator, token)
      expect(proxy.count(VALIDATION)).toBe(2)
    })

    test('is asked for every time when token_cache_time is -1', async () => {
      const keystone = await sharedKeystone()
      await using proxy = await CountingProxy.open(keystone.url)
      await using authenticator = open(proxy.url, { token_cache_time: '-1' })
      const token = await keystone.token('member', { project: 'A' })
      await authenticate(authenticator, token)
      await authenticate(authenticator, token)
      expect([proxy.count(VALIDATION), authenticator.remembered]).toEqual([2, 0])
    })

    test('that is revoked is refused once token_cache_time is over, and forgotten', async () => {
      const keystone = await sharedKeystone()
      const clock = { ms: Date.now() }
      await using authenticator = open(keystone.url, { token_cache_time: '60' }, clock)
      const token = await keystone.token('member', { project: 'A' })
      await authenticate(authenticator, token)
      await keystone.revoke(token)
      await authenticate(authenticator, token)
      clock.ms += 60_000
      await expect(authenticate(authenticator, token)).rejects.toMatchObject(UNAUTHENTICATED)
      expect(authenticator.remembered).toBe(0)
    })

    test('makes room for others: no more than token_cache_size are remembered', async () => {
      const keystone = await sharedKeystone()
      await using proxy = await CountingProxy.open(keystone.url)
      await using authenticator = open(proxy.url, { token_cache_size: '2' })
      const tokens = await Promise.all(
        (['member', 'reader', 'auditor'] as const).map((user) => keystone.token(user, { project: 'A' })),
      )
      for (const token of tokens) await authenticate(authenticator, token)
      expect(authenticator.remembered).toBe(2)
      await authenticate(authenticator, tokens[2])
      expect(proxy.count(VALIDATION)).toBe(3)
      await authenticate(authenticator, tokens[0])
      expect([proxy.count(VALIDATION), authenticator.remembered]).toEqual([4, 2])
    })
  })

  test('a hundred requests with one token at once are one validation and one log-in', async () => {
    const keystone = await sharedKeystone()
    await using proxy = await CountingProxy.open(keystone.url)
    await using authenticator = open(proxy.url, { token_cache_time: '-1' })
    const token = await keystone.token('member', { project: 'A' })
    const all = await Promise.all(Array.from({ length: 100 }, () => authenticate(authenticator, token)))
    expect(new Set(all.map((who) => who.projectId))).toEqual(new Set([keystone.cloud.projects.A]))
    expect([proxy.count(VALIDATION), proxy.count(LOG_IN)]).toEqual([1, 1])
  })

  test('hundreds of made-up tokens are asked about within a bound, and once; known callers come before them', async () => {
    const keystone = await sharedKeystone()
    await using proxy = await CountingProxy.open(keystone.url)
    await using authenticator = open(proxy.url)
    const limiter = new RateLimiter({ perSecond: 0.001, burst: 100 })
    const ask = (token: string, address: string) =>
      authenticator.authenticate((name) => (name === 'X-Auth-Token' ? token : undefined), undefined, {
        address,
        take: () => limiter.take(address),
        giveBack: () => limiter.giveBack(address),
      })
    const [first, second] = await Promise.all([
      keystone.token('member', { project: 'A' }),
      keystone.token('reader', { project: 'A' }),
    ])
    await ask(first, '192.0.2.1')
    const before = proxy.count(VALIDATION)
    const codes: string[] = []
    const refusal = async (token: string, address: string) => {
      const fault: unknown = await ask(token, address).catch((error: unknown) => error)
      codes.push((fault as { code: string }).code)
    }
    const madeUp = Array.from({ length: 300 }, () => `gAAAA${randomUUID()}`)
    const flood = madeUp.map((token) => refusal(token, '192.0.2.66'))
    await ask(second, '192.0.2.1')
    // Eight of them were under way, and some more came first while Keystone worked on ours; not all hundred.
    expect(codes.filter((code) => code === 'auth.unauthenticated').length).toBeLessThan(60)
    await Promise.all(flood)
    expect(codes.filter((code) => code === 'request.too_many')).toHaveLength(200)
    expect(proxy.count(VALIDATION) - before).toBe(101)
    // What Keystone has just refused is refused again without it, whoever brings it.
    await Promise.all(madeUp.slice(0, 50).map((token) => refusal(token, '192.0.2.67')))
    expect([codes.length, codes.at(-1), proxy.count(VALIDATION) - before]).toEqual([350, 'auth.unauthenticated', 101])
  })

  test('a service token that Keystone no longer knows is renewed, unseen by the caller', async () => {
    const keystone = await sharedKeystone()
    const { projects, roles } = keystone.cloud
    const username = `service-${randomUUID()}`
    const made = await keystone.asAdmin('POST', '/users', {
      user: { name: username, password: 'first', domain_id: 'default' },
    })
    const { id } = (made as { user: { id: string } }).user
    await keystone.asAdmin('PUT', `/projects/${projects.service}/users/${id}/roles/${roles.admin}`)
    await using proxy = await CountingProxy.open(keystone.url)
    await using authenticator = open(proxy.url, { username, password: 'first', token_cache_time: '-1' })
    const token = await keystone.token('member', { project: 'A' })
    await authenticate(authenticator, token)
    // A new password, be it the same, revokes the tokens from before, to the second.
    await keystone.asAdmin('PATCH', `/users/${id}`, { user: { password: 'first' } })
    const changed = Math.floor(Date.now() / 1000)
    await vi.waitUntil(() => Math.floor(Date.now() / 1000) > changed, { timeout: 5000 })
    await authenticate(authenticator, token)
    expect(proxy.count(LOG_IN)).toBe(2)
  })

  describe('Keystone is unavailable, and so is the service,', () => {
    test('with a wrong password of the service user, which is not tried again at once', async () => {
      const keystone = await sharedKeystone()
      await using proxy = await CountingProxy.open(keystone.url)
      const clock = { ms: Date.now() }
      await using authenticator = open(proxy.url, { password: 'not-the-password' }, clock)
      const token = await keystone.token('member', { project: 'A' })
      for (let i = 0; i < 3; i++) {
        const fault: unknown = await authenticate(authenticator, token).catch((error: unknown) => error)
        expect(fault).toMatchObject({ code: 'auth.unavailable', retryAfterSeconds: 10 })
        expect((fault as Error).message).toContain('[keystone_authtoken]')
        expect(JSON.stringify([(fault as Error).message, fault])).not.toContain('not-the-password')
      }
      expect(proxy.count(LOG_IN)).toBe(1)
      clock.ms += 10_000
      await expect(authenticate(authenticator, token)).rejects.toMatchObject({ code: 'auth.unavailable' })
      expect(proxy.count(LOG_IN)).toBe(2)
    })

    test('with a service user that may not validate tokens', async () => {
      const keystone = await sharedKeystone()
      await using authenticator = open(keystone.url, {
        username: 'auditor',
        password: 'secret-auditor',
        project_name: 'A',
      })
      const token = await keystone.token('member', { project: 'A' })
      await expect(authenticate(authenticator, token)).rejects.toMatchObject({
        code: 'auth.unavailable',
        message: expect.stringContaining('403') as string,
      })
    })

    test.each([
      ['is silent', 'hang'],
      ['cuts the line', 'cut'],
      ['answers nonsense', (_: unknown, response: { end(text: string): void }) => response.end('{"token": 7}')],
    ] as const)('while it %s; what is remembered still passes', async (_what, disturbance) => {
      const keystone = await sharedKeystone()
      await using proxy = await CountingProxy.open(keystone.url)
      await using authenticator = open(proxy.url, { timeout: '1' })
      const [known, unknown] = await Promise.all([
        keystone.token('member', { project: 'A' }),
        keystone.token('reader', { project: 'A' }),
      ])
      await authenticate(authenticator, known)
      proxy.disturb = disturbance
      await expect(authenticate(authenticator, unknown)).rejects.toMatchObject({ code: 'auth.unavailable' })
      await authenticate(authenticator, known)
      proxy.disturb = undefined
      await authenticate(authenticator, unknown)
    })
  })

  describe('with a Keystone of its own', { timeout: KEYSTONE_START_MS }, () => {
    test('stopped it is unavailable, and when it is back all goes on', async () => {
      await using keystone = await ownKeystone()
      await using authenticator = open(keystone.url, { token_cache_time: '-1' })
      const token = await keystone.token('member', { project: 'A' })
      await authenticate(authenticator, token)
      await keystone.stop()
      await expect(authenticate(authenticator, token)).rejects.toMatchObject({
        code: 'auth.unavailable',
        retryAfterSeconds: 10,
      })
      await keystone.start()
      await expect(authenticate(authenticator, token)).resolves.toMatchObject({ projectId: keystone.cloud.projects.A })
    })

    test('an expired token is refused, and the service token is renewed before it expires', async () => {
      await using keystone = await ownKeystone({ tokenSeconds: 4 })
      await using proxy = await CountingProxy.open(keystone.url)
      await using authenticator = open(proxy.url, { token_cache_time: '-1' })
      const token = await keystone.token('member', { project: 'A' })
      await authenticate(authenticator, token)
      const refused = await vi.waitUntil(
        () =>
          authenticate(authenticator, token).then(
            () => undefined,
            (error: unknown) => error,
          ),
        { timeout: 30_000, interval: 200 },
      )
      expect(refused).toMatchObject(UNAUTHENTICATED)
      // On a busy machine the service's token may be the younger one of the two by seconds.
      await vi.waitFor(
        async () => {
          await authenticate(authenticator, await keystone.token('member', { project: 'A' }))
          expect(proxy.count(LOG_IN)).toBeGreaterThan(1)
        },
        { timeout: 30_000, interval: 200 },
      )
    })
  })
})

function open(authUrl: string, options: Record<string, string> = {}, clock?: { ms: number }): KeystoneAuthenticator {
  const user = { username: 'cloudkitty', password: 'secret-cloudkitty', project_name: 'service' }
  const read = authtokenOptions.parse({
    auth_url: authUrl,
    www_authenticate_uri: 'http://keystone.example.net:5000',
    default_domain_id: 'default',
    ...user,
    ...options,
  })
  return new KeystoneAuthenticator(read, {
    isAdmin: (claims) => POLICY.isAdmin(claims),
    ...(clock && { now: () => clock.ms }),
  })
}

function authenticate(authenticator: KeystoneAuthenticator, token: string | undefined): Promise<Principal> {
  return authenticator.authenticate((name) => (name.toLowerCase() === 'x-auth-token' ? token : undefined))
}
