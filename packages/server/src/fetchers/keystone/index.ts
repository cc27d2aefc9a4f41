import { z } from 'zod'
import { KeystoneSession } from '../../sources/keystone/session.ts'
import { keystoneauthOptions } from '../../sources/keystone/keystoneauth-options.ts'
import { option } from '../../lib/option.ts'
import { defineFetcher } from '../fetcher.ts'
import { KeystoneFetcher } from './keystone-fetcher.ts'

/** Options of `[fetcher_keystone]`. */
const Options = z.object({
  ...keystoneauthOptions,
  keystone_version: option
    .text()
    .default('3')
    .refine((version) => /^v?3(\.\d+)?$/.test(version.trim()), {
      error: ({ input }) =>
        /^v?2/.test(String(input).trim())
          ? 'Keystone has no version 2 API any more; set it to 3'
          : `expected 3, got '${String(input)}'`,
    })
    .describe('Version of the API of Keystone; 3 is the only one'),
  ignore_rating_role: option
    .boolean()
    .default(false)
    .describe('Takes every project, not only those on which our user has the role `rating`'),
  ignore_disabled_tenants: option.boolean().default(false).describe('Leaves out projects that are disabled'),
})

const SECTION = 'fetcher_keystone'

export const plugin = defineFetcher({
  name: 'keystone',
  options: Options,
  create(options, context) {
    const session = new KeystoneSession(options, { section: SECTION, timeoutSeconds: 60 })
    const { username, user_id: id } = options
    const user = username ? `user ${username}` : id ? `user ${id}` : 'the user whose credentials are configured'
    return new KeystoneFetcher(session, options, { source: SECTION, user, onExchange: context.onSourceExchange })
  },
})
