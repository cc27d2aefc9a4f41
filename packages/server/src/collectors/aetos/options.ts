import { z } from 'zod'
import { keystoneauthOptions } from '../../sources/keystone/keystoneauth-options.ts'
import { option } from '../../lib/option.ts'
import { promqlOptions } from '../promql/options.ts'

/** Options of `[collector_aetos]`: CloudKitty's, then ours. */
export const Options = z.object({
  ...keystoneauthOptions,
  interface: option
    .oneOf(['internal', 'public', 'admin'])
    .default('public')
    .describe('Kind of the endpoint of type metric-storage in the catalog'),
  region_name: option.text().optional().describe('Region of the endpoint in the catalog'),
  ...promqlOptions,
  max_scopes_per_query: option
    .integer({ min: 1 })
    .default(50)
    .describe('Scopes in one query; it is part of a URL, which web servers want short'),
})

export type Options = z.output<typeof Options>
