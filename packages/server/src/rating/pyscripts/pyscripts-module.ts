import { isNull } from 'drizzle-orm'
import { formatInstant } from '../../domain/period.ts'
import type { Frame } from '../../domain/point.ts'
import { Fault } from '../../lib/fault.ts'
import type { StateDatabase } from '../../state/database.ts'
import type { EditRunning } from '../edit-running.ts'
import type { RatingModule } from '../rating-module.ts'
import { ruleTimeFromInstant } from '../rule-time.ts'
import { pyscriptsRoutes } from './routes/routes.ts'
import { scripts } from './tables.ts'

/**
 * Scripts are kept, but this version cannot run them. Where one is in force nothing is rated, because points without
 * its part of the price would be stored as final.
 */
export function pyscriptsModule(db: StateDatabase, editRunning: EditRunning = 'refuse'): RatingModule {
  return {
    name: 'pyscripts',
    description: 'PyScripts rating module.',
    configurable: true,
    routes: pyscriptsRoutes(editRunning),
    async load() {
      const live = await db
        .select({ name: scripts.name, start: scripts.start, end: scripts.end })
        .from(scripts)
        .where(isNull(scripts.deleted))
      return {
        rate(frames) {
          for (const frame of frames) {
            const at = ruleTimeFromInstant(frame.period.begin)
            const inForce = live.find(({ start, end }) => start <= at && (end === null || at < end))
            if (inForce !== undefined) throw cannotRun(inForce.name, frame)
          }
          return frames
        },
      }
    },
  }
}

function cannotRun(script: string, { scopeId, period }: Frame): Fault {
  const since = formatInstant(period.begin)
  return new Fault(
    'rating.failed',
    `the script ${script} is in force from ${since} on, and scripts cannot be run by this version: delete it or give it an end, or disable the module pyscripts`,
    { period, script },
    { scopeIds: scopeId === undefined ? [] : [scopeId] },
  )
}
