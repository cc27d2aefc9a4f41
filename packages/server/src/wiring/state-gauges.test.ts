import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Batches } from '../state/batches.ts'
import { Maintenance } from '../state/maintenance.ts'
import { noteDiscovery, noteFailedDiscovery } from '../state/discoveries.ts'
import { Scopes } from '../state/scopes.ts'
import { openTestState } from '../state/testing/open-test-state.ts'
import { Telemetry } from './telemetry.ts'
import { ratingTrouble } from './why-unhealthy.ts'

const HOUR = 3600
const NAMES = { scopeKey: 'project_id', fetcher: 'keystone', collector: 'gnocchi' }

test('every process tells from state how late the rating is, whatever its role, and old figures go with state', async () => {
  const state = await openTestState()
  const { db } = state
  const maintenance = new Maintenance(db)
  const rating = {
    db,
    names: NAMES,
    maintenance,
    periodSeconds: HOUR,
    waitPeriods: 2,
    settleSeconds: 0,
    leaseSeconds: 60,
  }
  // Two processes, neither of which has rated anything.
  const [api, other] = [new Telemetry(pino({ level: 'silent' })), new Telemetry(pino({ level: 'silent' }))]
  const figures = async (telemetry: Telemetry) => {
    const { text } = await telemetry.scrape(rating)
    const of = (name: string) => new RegExp(`^cloudtabby_${name} (.+)$`, 'm').exec(text)?.[1]
    return {
      up: of('state_up'),
      scopes: of('scopes'),
      failing: of('scopes_failing'),
      lag: of('rating_lag_seconds'),
      age: of('discovery_age_seconds'),
      failures: of('discovery_failures'),
      processors: of('processors'),
    }
  }
  const nothing = { up: '1', scopes: '0', failing: '0', lag: '0', age: undefined, failures: '0', processors: '0' }
  expect(await figures(api)).toEqual(nothing)

  const now = await maintenance.now()
  const begin = Math.floor(now / HOUR) * HOUR - 10 * HOUR
  await new Scopes(db).see(['a', 'b'], NAMES, now, begin)
  const batches = new Batches(db, { owner: 'test', leaseSeconds: 60 })
  const claim = await batches.claim({ ...rating, ...NAMES, now, maxScopes: 9, maxPeriods: 9 })
  await batches.fail(claim!.batch, [{ scope: 1, error: 'NaN', retryInSeconds: 600 }])
  await noteDiscovery(db, NAMES, 2)
  const late = await figures(api)
  expect(late).toMatchObject({ scopes: '2', failing: '1', failures: '0', processors: '1' })
  expect(Number(late.lag)).toBeGreaterThanOrEqual(9 * HOUR)
  expect(Number(late.age)).toBeLessThan(600)
  expect(await figures(other)).toMatchObject({ scopes: '2', failing: '1' })

  expect(await ratingTrouble(db, NAMES)).toBeUndefined()
  for (let look = 0; look < 3; look++) await noteFailedDiscovery(db, NAMES, { error: 'secret', everySeconds: 0 })
  expect(await figures(other)).toMatchObject({ failures: '3' })
  expect(await ratingTrouble(db, NAMES)).toBe(
    'the fetcher keystone has named no scopes 3 times in a row; the processors’ log says why'.replace('’', "'"),
  )

  await state[Symbol.asyncDispose]()
  const gone = { scopes: undefined, failing: undefined, lag: undefined, age: undefined, processors: undefined }
  expect(await figures(api)).toEqual({ ...gone, failures: undefined, up: '0' })
})
