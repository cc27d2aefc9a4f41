import { arg } from '../../../http/v1-types.ts'
import { RULE_LIFE_BODY } from '../../rule-life-body.ts'
import { PARENTS_BODY } from './parents-body.ts'

/** What requests to create and to change a mapping have in common, all keys of the object that clients get. */
export const MAPPING_BODY = {
  mapping_id: arg.uuid().nullish(),
  value: arg.text({ max: 255 }).nullish(),
  cost: arg.decimal(),
  ...PARENTS_BODY,
  name: arg.text({ max: 32 }).nullish(),
  ...RULE_LIFE_BODY,
}
