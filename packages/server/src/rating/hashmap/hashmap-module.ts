import { type TimeZone, UTC } from '../../domain/time-zone.ts'
import type { StateDatabase } from '../../state/database.ts'
import type { EditRunning } from '../edit-running.ts'
import type { RatingModule } from '../rating-module.ts'
import { readRevision } from './change-rules.ts'
import { HashmapRater } from './hashmap-rater.ts'
import { loadRules } from './load-rules.ts'
import { hashmapRoutes } from './routes/routes.ts'
import { listServices } from './services.ts'

/** Prices by the rules in state, whose calendar is the zone's. They are read again, and compiled again, only when one of them has changed. */
export function hashmapModule(
  db: StateDatabase,
  zone: TimeZone = UTC,
  editRunning: EditRunning = 'refuse',
): RatingModule {
  let current: { readonly revision: number; readonly rater: Promise<HashmapRater> } | undefined
  return {
    name: 'hashmap',
    description: 'HashMap rating module.',
    configurable: true,
    async load() {
      // Read before the rules: should they change in between, the next load reads them once more.
      const revision = await readRevision(db)
      if (current === undefined || current.revision < revision) {
        const loading = { revision, rater: loadRules(db).then((rules) => new HashmapRater(rules, zone)) }
        current = loading
        loading.rater.catch(() => {
          if (current === loading) current = undefined
        })
      }
      return current.rater
    },
    routes: hashmapRoutes(editRunning),
    services: async () => (await listServices(db, Number.MAX_SAFE_INTEGER)).map(({ name }) => name),
  }
}
