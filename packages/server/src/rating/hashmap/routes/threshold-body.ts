import { arg } from '../../../http/v1-types.ts'
import { RULE_TYPES } from '../rules.ts'
import { PARENTS_BODY } from './parents-body.ts'

/** All keys of the object that clients get. */
export const THRESHOLD_BODY = {
  threshold_id: arg.uuid().nullish(),
  level: arg.decimal({ places: 8, whole: 12 }),
  type: arg.oneOf(RULE_TYPES).default('flat'),
  cost: arg.decimal(),
  ...PARENTS_BODY,
}
