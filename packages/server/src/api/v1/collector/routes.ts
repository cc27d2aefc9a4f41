import { deleteMapping } from './delete-mapping.ts'
import { getCollector } from './get-collector.ts'
import { getMapping } from './get-mapping.ts'
import { getState } from './get-state.ts'
import { listMappings } from './list-mappings.ts'
import { postMapping } from './post-mapping.ts'
import { putState } from './put-state.ts'

export const collectorRoutes = [getCollector, listMappings, getMapping, postMapping, deleteMapping, getState, putState]
