import { parsedOptional, refuse } from '../../../http/parsed-type.ts'
import { arg } from '../../../http/v1-types.ts'
import { RULE_LIFE_BODY } from '../../rule-life-body.ts'

/** What requests to create and to change a script have in common, all keys of the object that clients get. */
export const SCRIPT_BODY = {
  script_id: arg.uuid().nullish(),
  name: arg.text({ min: 1, max: 255 }),
  data: arg.text().optional(),
  checksum: parsedOptional({ type: 'string', description: 'Read only: refused.' }, (value) =>
    value === undefined ? undefined : refuse('Cannot set read only field.'),
  ),
  ...RULE_LIFE_BODY,
}
