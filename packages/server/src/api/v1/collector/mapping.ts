import { z } from 'zod'
import type { ListDeps } from '../../../http/within-rows.ts'
import type { AuthorDeps } from '../../../state/audit.ts'
import type { Collectors } from '../../../state/collectors.ts'
import { Fault } from '../../../lib/fault.ts'

export interface CollectorDeps extends AuthorDeps, ListDeps {
  readonly collectors: Collectors
}

export const Mapping = z.strictObject({ service: z.string(), collector: z.string() }).meta({ id: 'CollectorMapping' })
export const CollectorState = z.strictObject({ name: z.string(), enabled: z.boolean() }).meta({ id: 'CollectorState' })

/** As CloudKitty's column widths: what is longer never fitted. */
export const NAME_MAX = 255

export function noMapping(service: string): Fault {
  return new Fault('request.not_found', `No mapping for service: ${service}`)
}
