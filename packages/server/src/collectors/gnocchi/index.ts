import { openGnocchi } from '../../sources/gnocchi/gnocchi-source.ts'
import { GnocchiClient } from '../../sources/gnocchi/gnocchi-client.ts'
import { gnocchiProbe } from '../../sources/gnocchi/gnocchi-probe.ts'
import { defineCollector } from '../collector.ts'
import { ExtraArgs } from './extra-args.ts'
import { GnocchiCollector } from './gnocchi-collector.ts'
import { Options } from './options.ts'

export const plugin = defineCollector({
  name: 'gnocchi',
  options: Options,
  extraArgs: ExtraArgs,
  requiredGroupby: ({ resource_key: resourceKey }) => [resourceKey],
  create(options, context) {
    const source = openGnocchi(options, 'collector_gnocchi', context.onSourceExchange)
    const client = new GnocchiClient(source)
    return Object.assign(new GnocchiCollector(source, client, options, context), {
      probe: gnocchiProbe(client, options),
    })
  },
})
