import { z } from 'zod'
import { gnocchiOptions, openGnocchi } from '../../sources/gnocchi/gnocchi-source.ts'
import { GnocchiClient } from '../../sources/gnocchi/gnocchi-client.ts'
import { gnocchiProbe } from '../../sources/gnocchi/gnocchi-probe.ts'
import { option } from '../../lib/option.ts'
import { defineFetcher } from '../fetcher.ts'
import { GnocchiFetcher } from './gnocchi-fetcher.ts'

/** Options of `[fetcher_gnocchi]`: CloudKitty's, then ours. */
const Options = z.object({
  ...gnocchiOptions,
  scope_attribute: option.text().default('project_id').describe('Attribute of resources that holds the scope'),
  resource_types: option.list().default(['generic']).describe('Types of the resources that are looked at'),
})

export const plugin = defineFetcher({
  name: 'gnocchi',
  options: Options,
  create(options, context) {
    const source = openGnocchi(options, 'fetcher_gnocchi', context.onSourceExchange)
    const client = new GnocchiClient(source)
    return Object.assign(new GnocchiFetcher(source, client, options), { probe: gnocchiProbe(client, options) })
  },
})
