import { dirname } from 'node:path'
import type { Authenticator } from '../auth/authenticator.ts'
import type { Authorizer } from '../auth/authorizer.ts'
import { KeystoneAuthenticator } from '../auth/keystone/keystone-authenticator.ts'
import { noauthAuthenticator, noauthAuthorizer, refuseOpenNoauth } from '../auth/noauth/noauth.ts'
import { loadPolicy } from '../auth/policy/load-policy.ts'
import type { Policy } from '../auth/policy/policy.ts'
import type { Config } from '../config/load-config.ts'

export interface Auth {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
}

/** The policy as `[oslo_policy]` says; its files are looked for beside cloudkitty.conf. */
export function openPolicy({ options, files }: Config): Policy {
  return loadPolicy(options.oslo_policy, files[0] === undefined ? '/etc/cloudkitty' : dirname(files[0]))
}

/** Who asks, and who may: by `[DEFAULT] auth_strategy`. */
export function openAuth(config: Config): Auth {
  const { DEFAULT, api, keystone_authtoken } = config.options
  if (DEFAULT.auth_strategy === 'noauth') {
    refuseOpenNoauth({ host: api.host, allowNoauth: api.allow_noauth })
    return { authenticator: noauthAuthenticator, authorizer: noauthAuthorizer }
  }
  const policy = openPolicy(config)
  const authenticator = new KeystoneAuthenticator(keystone_authtoken, { isAdmin: (claims) => policy.isAdmin(claims) })
  return { authenticator, authorizer: policy }
}
