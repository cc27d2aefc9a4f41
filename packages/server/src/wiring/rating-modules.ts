import type { RatingModule } from '../rating/rating-module.ts'
import { hashmapModule } from '../rating/hashmap/index.ts'
import { noopModule } from '../rating/noop/index.ts'
import { pyscriptsModule } from '../rating/pyscripts/index.ts'
import type { StateDatabase } from '../state/database.ts'

/** Every rating module, alphabetical: equal priorities run in this order. A new one is a folder and one line here. */
export function ratingModules(db: StateDatabase): readonly RatingModule[] {
  return [hashmapModule(db), noopModule(), pyscriptsModule(db)]
}
