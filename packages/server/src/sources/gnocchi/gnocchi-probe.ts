import type { Probe } from '../../lib/probe.ts'
import type { GnocchiClient } from './gnocchi-client.ts'
import type { GnocchiOptions } from './gnocchi-source.ts'

/** Asks for the types of resources, which anybody may who has a token, and none may without. */
export function gnocchiProbe(client: GnocchiClient, options: GnocchiOptions): Probe {
  const asks =
    options.gnocchi_auth_type === 'basic'
      ? options.gnocchi_endpoint
      : `Gnocchi, which the catalog of ${options.auth_url ?? 'Keystone'} names`
  return {
    asks,
    async run(signal) {
      const types = await client.resourceTypes(signal)
      return `${types} types of resources`
    },
  }
}
