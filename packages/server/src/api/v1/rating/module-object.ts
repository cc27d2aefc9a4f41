import { z } from 'zod'
import type { RatedModule } from '../../rated-module.ts'

/** Where the routes stand: `billing` is what the first CloudKitty called it. */
export type Base = '/v1/rating' | '/v1/billing'

export const ModuleObject = z
  .strictObject({
    module_id: z.string().meta({ examples: ['hashmap'] }),
    description: z.string(),
    enabled: z.boolean(),
    'hot-config': z.boolean().describe('It has rules that are set through the API.'),
    priority: z.int().describe('Modules of a higher one rate first.'),
    services: z.array(z.string()).optional().describe('What it has rules for; under /v1/billing/ only.'),
  })
  .meta({ id: 'ModuleV1' })

export async function toModuleObject(base: Base, module: RatedModule): Promise<z.output<typeof ModuleObject>> {
  return {
    module_id: module.name,
    description: module.description,
    enabled: module.enabled,
    'hot-config': module.configurable,
    priority: module.priority,
    // CloudKitty's first description of its API promised a module's services at this address.
    ...(base === '/v1/billing' ? { services: [...(await module.services())] } : {}),
  }
}
