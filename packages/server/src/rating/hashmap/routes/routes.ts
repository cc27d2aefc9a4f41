import type { Route } from '../../../http/route.ts'
import type { EditRunning } from '../../edit-running.ts'
import type { RuleDeps } from '../../module-config.ts'
import { deleteFieldRoute } from './delete-field.ts'
import { deleteGroupRoute } from './delete-group.ts'
import { deleteMappingRoute } from './delete-mapping.ts'
import { deleteServiceRoute } from './delete-service.ts'
import { deleteThresholdRoute } from './delete-threshold.ts'
import { getFieldRoute } from './get-field.ts'
import { getGroupRoute } from './get-group.ts'
import { getMappingRoute } from './get-mapping.ts'
import { getMappingGroupRoute } from './get-mapping-group.ts'
import { getServiceRoute } from './get-service.ts'
import { getThresholdRoute } from './get-threshold.ts'
import { getThresholdGroupRoute } from './get-threshold-group.ts'
import { getTypes } from './get-types.ts'
import { listFieldsRoute } from './list-fields.ts'
import { listGroupMappingsRoute } from './list-group-mappings.ts'
import { listGroupThresholdsRoute } from './list-group-thresholds.ts'
import { listGroupsRoute } from './list-groups.ts'
import { listMappingsRoute } from './list-mappings.ts'
import { listServicesRoute } from './list-services.ts'
import { listThresholdsRoute } from './list-thresholds.ts'
import { postFieldRoute } from './post-field.ts'
import { postGroupRoute } from './post-group.ts'
import { postMappingRoute } from './post-mapping.ts'
import { postServiceRoute } from './post-service.ts'
import { postThresholdRoute } from './post-threshold.ts'
import { putMappingRoute } from './put-mapping.ts'
import { putThresholdRoute } from './put-threshold.ts'

/** CloudKitty's API for hashmap's rules. */
export function hashmapRoutes(editRunning: EditRunning): readonly Route<RuleDeps>[] {
  return [
    getTypes,
    listServicesRoute,
    getServiceRoute,
    postServiceRoute,
    deleteServiceRoute,
    listFieldsRoute,
    getFieldRoute,
    postFieldRoute,
    deleteFieldRoute,
    listGroupsRoute,
    getGroupRoute,
    postGroupRoute,
    deleteGroupRoute,
    listGroupMappingsRoute,
    listGroupThresholdsRoute,
    listMappingsRoute,
    getMappingRoute,
    postMappingRoute,
    putMappingRoute(editRunning),
    deleteMappingRoute,
    getMappingGroupRoute,
    listThresholdsRoute,
    getThresholdRoute,
    postThresholdRoute,
    putThresholdRoute(editRunning),
    deleteThresholdRoute,
    getThresholdGroupRoute,
  ]
}
