import { z } from 'zod'
import { keystoneauthOptions } from '../../sources/keystone/keystoneauth-options.ts'
import { option } from '../../lib/option.ts'

/** `[keystone_authtoken]`. Its `auth_section` is followed before the section is read here. */
export const authtokenOptions = z.object({
  ...keystoneauthOptions,
  www_authenticate_uri: option
    .text()
    .optional()
    .describe('Address of Keystone that callers without a valid token are told; `auth_url` if absent'),
  token_cache_time: option
    .integer({ min: -1 })
    .default(300)
    .describe('Seconds for which a validated token is remembered, and a revoked one may still pass; -1: never'),
  token_cache_size: option
    .integer({ min: 1, max: 1_000_000 })
    .default(10_000)
    .describe('How many validated tokens are remembered at most; those not seen for longest are forgotten'),
  http_connect_timeout: option
    .float({ min: 0 })
    .optional()
    .describe('Seconds to wait for an answer of Keystone, where `timeout` is absent; 10 if neither is there'),
})

export type AuthtokenOptions = z.output<typeof authtokenOptions>

/** Names that keystonemiddleware still takes for those above. */
export const AUTHTOKEN_OLD_NAMES: Readonly<Record<string, string>> = { auth_uri: 'www_authenticate_uri' }
