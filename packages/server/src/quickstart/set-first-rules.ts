import { unreachable } from '../lib/unreachable.ts'
import type { Change } from '../rating/change.ts'
import { readRevision } from '../rating/hashmap/change-rules.ts'
import { createField } from '../rating/hashmap/fields.ts'
import { createGroup } from '../rating/hashmap/groups.ts'
import { createMapping } from '../rating/hashmap/mappings.ts'
import { createService } from '../rating/hashmap/services.ts'
import { createThreshold } from '../rating/hashmap/thresholds.ts'
import type { StateDatabase } from '../state/database.ts'
import { Modules } from '../state/modules.ts'
import type { Creation, RuleDraft } from './rules-file.ts'

/**
 * Creates the rules and switches hashmap on, all or nothing, unless any rule was ever created: from then on prices are the
 * operator's, and a later start brings back nothing that was changed or deleted. True when the rules were created now.
 */
export function setFirstRules(db: StateDatabase, creations: readonly Creation[], change: Change): Promise<boolean> {
  return db.transaction(async (tx) => {
    if ((await readRevision(tx)) > 0) return false
    const ids: Ids = new Map()
    // One after the other: a rule needs the ids of what it hangs on.
    for (const creation of creations) {
      // oxlint-disable-next-line no-await-in-loop -- in order, within one transaction
      await create(tx, creation, ids, change)
    }
    await new Modules(tx).set('hashmap', { enabled: true }, change)
    return true
  })
}

/** Ids of what has been created so far, by kind and by the names that the file uses. */
type Ids = Map<string, string>

function key(kind: 'group' | 'service' | 'field', ...names: readonly string[]): string {
  return JSON.stringify([kind, ...names])
}

async function create(tx: StateDatabase, creation: Creation, ids: Ids, change: Change): Promise<void> {
  switch (creation.kind) {
    case 'group':
      ids.set(key('group', creation.name), (await createGroup(tx, creation, change)).id)
      return
    case 'service':
      ids.set(key('service', creation.name), (await createService(tx, creation, change)).id)
      return
    case 'field': {
      const { service, name } = creation
      const serviceId = ids.get(key('service', service))!
      ids.set(key('field', service, name), (await createField(tx, { serviceId, name }, change)).id)
      return
    }
    case 'mapping': {
      const { value, start } = creation
      await createMapping(tx, { ...toRule(creation, ids), value, start }, { force: true }, change)
      return
    }
    case 'threshold':
      await createThreshold(tx, { ...toRule(creation, ids), level: creation.level }, change)
      return
    default:
      unreachable(creation)
  }
}

function toRule({ service, field, group, tenantId, type, cost }: RuleDraft, ids: Ids) {
  const parent =
    field === undefined
      ? { serviceId: ids.get(key('service', service))! }
      : { fieldId: ids.get(key('field', service, field))! }
  return { ...parent, groupId: group === undefined ? null : ids.get(key('group', group))!, tenantId, type, cost }
}
