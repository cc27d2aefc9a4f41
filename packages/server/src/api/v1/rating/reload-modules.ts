import { defineRoute } from '../../../http/route.ts'
import type { Base } from './module-object.ts'

/** Processors read rules and module states anew for every batch, so there is nothing to tell them. */
export function reloadModules(base: Base) {
  return defineRoute<unknown>()({
    family: 'v1',
    method: 'GET',
    path: `${base}/reload_modules`,
    policy: 'rating:module_config',
    operationId: 'reloadModules',
    summary: 'Let changed rules take effect',
    reply: { status: 204 },
    handle: () => undefined,
  })
}
