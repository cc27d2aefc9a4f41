import { expect, test } from 'vitest'
import { Fault } from '../../lib/fault.ts'
import { noauthAuthenticator, noauthAuthorizer, refuseOpenNoauth } from './noauth.ts'

const reader = (headers: Record<string, string>) => (name: string) =>
  Object.entries(headers).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
const authenticate = (headers: Record<string, string>) =>
  noauthAuthenticator.authenticate(reader(headers), new AbortController().signal)

test('everybody is admin, with and without identity headers', async () => {
  await expect(authenticate({})).resolves.toEqual({
    userId: undefined,
    projectId: undefined,
    domainId: undefined,
    systemScope: undefined,
    roles: [],
    isAdmin: true,
    isAdminProject: true,
  })
  const who = await authenticate({ 'X-Roles': 'nobody' })
  expect(who.isAdmin).toBe(true)
  expect(noauthAuthorizer.allows(who, 'rating:update_module')).toBe(true)
  expect(() => noauthAuthorizer.authorize(who, 'scope:reset_state')).not.toThrow()
})

test('the first identity header that is present wins', async () => {
  await expect(
    authenticate({
      'X-User': 'old user',
      'X-User-Id': 'user',
      'X-Tenant': 'oldest',
      'X-Tenant-Id': 'tenant',
      'X-Domain-Id': 'domain',
      'OpenStack-System-Scope': 'all',
      'X-Role': 'ignored',
      'X-Roles': ' a, B ,,c',
      'X-Is-Admin-Project': 'False',
    }),
  ).resolves.toEqual({
    userId: 'user',
    projectId: 'tenant',
    domainId: 'domain',
    systemScope: 'all',
    roles: ['a', 'B', 'c'],
    isAdmin: true,
    isAdminProject: false,
  })
})

test.each(['127.0.0.1', '127.9.8.7', '::1', '[::1]', 'localhost', 'LocalHost', '::ffff:127.0.0.1'])(
  'noauth may listen on %s',
  (host) => expect(() => refuseOpenNoauth({ host, allowNoauth: false })).not.toThrow(),
)

test.each([
  '0.0.0.0',
  '::',
  '',
  '10.0.0.1',
  'rating.example.net',
  '127.0.0.1.example.net',
  '::ffff:10.0.0.1',
  'fe80::1',
])('noauth may not listen on %j unless it is allowed to', (host) => {
  expect(() => refuseOpenNoauth({ host, allowNoauth: false })).toThrow(Fault)
  expect(() => refuseOpenNoauth({ host, allowNoauth: true })).not.toThrow()
})
