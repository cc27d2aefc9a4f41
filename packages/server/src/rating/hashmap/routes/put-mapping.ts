import { z } from 'zod'
import { defineRoute, LOCATION, Reply, selfUrl } from '../../../http/route.ts'
import { arg } from '../../../http/v1-types.ts'
import type { EditRunning } from '../../edit-running.ts'
import { changeBy, moduleConfig, type RuleDeps } from '../../module-config.ts'
import { toWantedLife } from '../../rule-life-body.ts'
import { updateMapping } from '../mappings.ts'
import { RULE_TYPES } from '../rules.ts'
import { MAPPING_BODY } from './mapping-body.ts'
import { HASHMAP, MappingObject } from './objects.ts'
import { toParents } from './parents-body.ts'

export const putMappingRoute = (editRunning: EditRunning) =>
  defineRoute<RuleDeps>()({
    ...moduleConfig,
    method: 'PUT',
    path: [`${HASHMAP}/mappings/{mapping_id}`, `${HASHMAP}/mappings`],
    operationId: 'updateHashmapMapping',
    summary: 'Change a mapping',
    description:
      'Before its start: cost, start, end and description, of which what is left out is emptied (but for the start). ' +
      'Afterwards: the end alone, and only once, unless `[hashmap] edit_running` is `new_version`: then all but the parent ' +
      'and the start, from now on. Saying again what is so already is no change.',
    args: { mapping_id: arg.uuid() },
    body: z.strictObject({ ...MAPPING_BODY, type: arg.oneOf(RULE_TYPES).nullish() }),
    bodyName: 'mapping',
    reply: {
      status: 302,
      description: 'Done; `Location` is the address asked for',
      headers: LOCATION,
      follows: MappingObject,
    },
    errors: [404, 409],
    async handle(deps, { args, body, who, request }) {
      const { value, type, cost, name } = body
      const wanted = { value, type, cost, ...toParents(body), name, ...toWantedLife(body) }
      await updateMapping(deps.db, args.mapping_id, wanted, changeBy({ who, request }, deps), editRunning)
      return new Reply(undefined, { headers: { location: selfUrl(request) } })
    },
  })
