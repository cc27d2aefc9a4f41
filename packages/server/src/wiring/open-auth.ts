import type { Authenticator } from '../auth/authenticator.ts'
import type { Authorizer } from '../auth/authorizer.ts'
import { KeystoneAuthenticator } from '../auth/keystone/keystone-authenticator.ts'
import { noauthAuthenticator, noauthAuthorizer, refuseOpenNoauth } from '../auth/noauth/noauth.ts'
import type { Config } from '../config/load-config.ts'

export interface Auth {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
}

/** Who asks, and who may: by `[DEFAULT] auth_strategy`. */
export function openAuth(config: Config): Auth {
  const { DEFAULT, api, keystone_authtoken } = config.options
  if (DEFAULT.auth_strategy === 'noauth') {
    refuseOpenNoauth({ host: api.host, allowNoauth: api.allow_noauth })
    return { authenticator: noauthAuthenticator, authorizer: noauthAuthorizer }
  }
  const { policy } = config
  const authenticator = new KeystoneAuthenticator(keystone_authtoken, { isAdmin: (claims) => policy.isAdmin(claims) })
  return { authenticator, authorizer: policy }
}
