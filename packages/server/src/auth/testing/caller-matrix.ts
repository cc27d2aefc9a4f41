import type { RunningKeystone } from './start-keystone.ts'

/** Every kind of caller that an endpoint must tell apart, for tests that walk endpoints × callers. */
export const CALLERS = [
  { name: 'no token', user: undefined, scope: 'none', authenticated: false },
  { name: 'bad token', user: undefined, scope: 'none', authenticated: false },
  { name: 'revoked token', user: 'member', scope: { project: 'A' }, authenticated: false },
  { name: 'forged identity headers', user: undefined, scope: 'none', authenticated: false },
  { name: 'unscoped', user: 'member', scope: 'none', authenticated: true },
  { name: 'member of another project', user: 'outsider', scope: { project: 'B' }, authenticated: true },
  { name: 'other role on A', user: 'auditor', scope: { project: 'A' }, authenticated: true },
  { name: 'reader on A', user: 'reader', scope: { project: 'A' }, authenticated: true },
  { name: 'member on A', user: 'member', scope: { project: 'A' }, authenticated: true },
  { name: 'member on A with forged headers', user: 'member', scope: { project: 'A' }, authenticated: true },
  { name: 'admin on A', user: 'admin', scope: { project: 'A' }, authenticated: true },
  { name: 'domain admin', user: 'admin', scope: 'domain', authenticated: true },
  { name: 'system reader', user: 'observer', scope: 'system', authenticated: true },
  { name: 'system admin', user: 'admin', scope: 'system', authenticated: true },
] as const

export type CallerName = (typeof CALLERS)[number]['name']

/** Headers that a client may send and a service must not believe. */
function forgedHeaders(keystone: RunningKeystone): Record<string, string> {
  return {
    'X-User-Id': keystone.cloud.users.admin,
    'X-Project-Id': keystone.cloud.projects.B,
    'X-Tenant-Id': keystone.cloud.projects.B,
    'X-Roles': 'admin,member,reader',
    'X-Role': 'admin',
    'X-Is-Admin-Project': 'True',
    'X-Identity-Status': 'Confirmed',
    'OpenStack-System-Scope': 'all',
  }
}

/** The request headers of each kind of caller, with new tokens of a real Keystone. */
export async function callerHeaders(keystone: RunningKeystone): Promise<Record<CallerName, Record<string, string>>> {
  const entries = await Promise.all(
    CALLERS.map(async ({ name, user, scope }) => {
      const headers: Record<string, string> = name.includes('forged') ? forgedHeaders(keystone) : {}
      if (name === 'bad token') headers['X-Auth-Token'] = `gAAAAA${'x'.repeat(180)}`
      if (user !== undefined) headers['X-Auth-Token'] = await keystone.token(user, scope)
      if (name === 'revoked token') await keystone.revoke(headers['X-Auth-Token'] ?? '')
      return [name, headers] as const
    }),
  )
  return Object.fromEntries(entries) as Record<CallerName, Record<string, string>>
}
