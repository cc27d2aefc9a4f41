import { z } from 'zod'
import type { RatedModule } from '../../rated-module.ts'

export const ModuleObject = z
  .strictObject({
    module_id: z.string().meta({ examples: ['hashmap'] }),
    description: z.string(),
    enabled: z.boolean(),
    hot_config: z.boolean().describe('It has rules that are set through the API.'),
    priority: z.int().describe('Modules of a higher one rate first.'),
  })
  .meta({ id: 'Module' })

export function toModuleObject(module: RatedModule): z.output<typeof ModuleObject> {
  return {
    module_id: module.name,
    description: module.description,
    enabled: module.enabled,
    hot_config: module.configurable,
    priority: module.priority,
  }
}
