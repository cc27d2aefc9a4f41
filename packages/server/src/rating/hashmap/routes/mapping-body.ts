import { arg } from '../../../http/v1-types.ts'
import { ruleArg } from '../../module-config.ts'

/** What requests to create and to change a mapping have in common, all keys of the object that clients get. */
export const MAPPING_BODY = {
  mapping_id: arg.uuid().nullish(),
  value: arg.text({ max: 255 }).nullish(),
  cost: arg.decimal(),
  service_id: arg.uuid().nullish(),
  field_id: arg.uuid().nullish(),
  group_id: arg.uuid().nullish(),
  tenant_id: arg.text({ max: 255 }).nullish(),
  name: arg.text({ max: 32 }).nullish(),
  description: arg.text({ max: 256 }).nullish(),
  start: ruleArg.time(),
  end: ruleArg.end(),
  created_at: ruleArg.time(),
  created_by: arg.text().nullish(),
  updated_by: arg.text().nullish(),
  deleted: ruleArg.time(),
  deleted_by: arg.text().nullish(),
}
