import type { HeaderReader } from '../../domain/asker.ts'
import type { Principal } from '../../domain/principal.ts'
import { Fault } from '../../lib/fault.ts'
import { isLoopback } from '../../lib/loopback.ts'
import type { Authenticator } from '../authenticator.ts'
import type { Authorizer } from '../authorizer.ts'

/** No token is asked for, and whoever comes is admin: for development, tests, and behind a gateway that authenticates. */
export const noauthAuthenticator: Authenticator = {
  authenticate: (header) => Promise.resolve(toPrincipal(header)),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

/** As CloudKitty's cloudkitty/common/policy.py, which asks no rule unless the strategy is keystone. */
export const noauthAuthorizer: Authorizer = {
  allows: () => true,
  authorize: () => undefined,
}

/** The identity headers as the client sends them: they choose the project whose data is the default, nothing else. */
function toPrincipal(header: HeaderReader): Principal {
  const first = (...names: string[]) => names.map((name) => header(name)?.trim()).find((value) => value)
  return {
    userId: first('X-User-Id', 'X-User'),
    projectId: first('X-Project-Id', 'X-Tenant-Id', 'X-Tenant'),
    domainId: first('X-Domain-Id'),
    systemScope: first('OpenStack-System-Scope'),
    roles: (first('X-Roles', 'X-Role') ?? '')
      .split(',')
      .map((role) => role.trim())
      .filter((role) => role !== ''),
    isAdmin: true,
    isAdminProject: (first('X-Is-Admin-Project') ?? 'true').toLowerCase() === 'true',
  }
}

/** Refuses at start what would give the whole cloud's bills, and their prices, to whoever reaches the port. */
export function refuseOpenNoauth(options: { readonly host: string; readonly allowNoauth: boolean }): void {
  if (options.allowNoauth || isLoopback(options.host)) return
  throw new Fault(
    'config.invalid',
    `[DEFAULT] auth_strategy = noauth makes everybody who reaches ${options.host} an administrator. Listen on 127.0.0.1, ` +
      'set auth_strategy = keystone, or, when something in front of it authenticates, set [api] allow_noauth = true.',
    { section: 'api', option: 'allow_noauth', host: options.host },
  )
}
