import type { Authenticator } from '../auth/authenticator.ts'
import type { Authorizer } from '../auth/authorizer.ts'
import { KeystoneAuthenticator } from '../auth/keystone/keystone-authenticator.ts'
import { noauthAuthenticator, noauthAuthorizer, refuseOpenNoauth } from '../auth/noauth/noauth.ts'
import type { Policy } from '../auth/policy/policy.ts'
import type { Config } from '../config/load-config.ts'

export interface Auth {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** From now on these rules are in force. Under noauth none are. */
  readonly setPolicy: (policy: Policy) => void
}

/** Who asks, and who may: by `[DEFAULT] auth_strategy`. */
export function openAuth(config: Config): Auth {
  const { DEFAULT, api, keystone_authtoken } = config.options
  if (DEFAULT.auth_strategy === 'noauth') {
    refuseOpenNoauth({ host: api.host, allowNoauth: api.allow_noauth })
    return { authenticator: noauthAuthenticator, authorizer: noauthAuthorizer, setPolicy: () => {} }
  }
  let { policy } = config
  const authenticator = new KeystoneAuthenticator(keystone_authtoken, { isAdmin: (claims) => policy.isAdmin(claims) })
  return {
    authenticator,
    authorizer: {
      authorize: (who, rule, target) => policy.authorize(who, rule, target),
      allows: (who, rule, target) => policy.allows(who, rule, target),
    },
    setPolicy: (changed) => void (policy = changed),
  }
}
