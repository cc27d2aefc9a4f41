import type { BillingTime } from '../domain/billing-time.ts'
import { SeriesRegistry } from '../domain/series-registry.ts'
import type { IntakeEvents } from '../intake/events.ts'
import { Turns } from '../lib/turns.ts'
import type { RatingPipeline } from '../rating/rating-pipeline.ts'
import type { AuthorDeps } from '../state/audit.ts'
import type { Batches } from '../state/batches.ts'
import { Collectors } from '../state/collectors.ts'
import type { StateDatabase } from '../state/database.ts'
import { IdempotencyKeys } from '../state/idempotency-keys.ts'
import type { Modules } from '../state/modules.ts'
import type { Reprocesses } from '../state/reprocesses.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import type { Scopes } from '../state/scopes.ts'
import type { PointStore } from '../storage/point-store.ts'
import { Questions } from './questions.ts'
import type { HealthDeps } from './root/get-healthcheck.ts'
import type { MetricsDeps } from './root/get-metrics.ts'
import type { ApiDeps } from './routes.ts'
import type { MetricsSource } from './v1/info/metrics-source.ts'

/** What the API stands on. */
export interface ApiBase {
  readonly db: StateDatabase
  readonly store: PointStore
  readonly batches: Batches
  readonly scopes: Scopes
  readonly modules: Modules
  readonly reprocesses: Reprocesses
  readonly pipeline: RatingPipeline
  readonly names: ScopeNames
  /** Looked at anew for each request. */
  readonly time: BillingTime
  readonly events: IntakeEvents
  readonly onRecorded?: AuthorDeps['onRecorded']
  readonly probes: HealthDeps & MetricsDeps
  readonly metricsSource: MetricsSource
  readonly limits: {
    /** Questions of one client that may wait for their turn. */
    readonly waitingMax: number
    /** And of all clients. */
    readonly waitingOfAllMax: number
    readonly rowsMax: number
    /** Longest text of a pushed series; the usual bound if absent. */
    readonly textBytesMax?: number
  }
}

/** For the series of pushed points, some 12,000 of usual length; a body may hold as many series as points. */
const PUSHED_SERIES_BYTES = 16 * 1024 * 1024
/** Questions of a points store that does not say how many it answers at a time. */
const PLACES = { light: 2, dear: 1 }

/** What the handlers of all routes may use, for the service and for tests. */
export function createApiDeps(base: ApiBase): ApiDeps {
  const { db, store, batches, scopes, modules, reprocesses, pipeline, names, time, limits, onRecorded } = base
  const { waitingMax, waitingOfAllMax, rowsMax, textBytesMax } = limits
  const turns = new Turns({ ...(store.places ?? PLACES), waitingMax, waitingOfAllMax })
  return {
    ...base.probes,
    db,
    batches,
    scopes,
    modules,
    reprocesses,
    events: base.events,
    ...(onRecorded && { onRecorded }),
    metricsSource: base.metricsSource,
    get periodSeconds() {
      return time.periodSeconds
    },
    get zone() {
      return time.zone
    },
    clock: () => time.clock(),
    now: () => time.now(),
    newGrid: (at) => time.newGrid(at),
    keptFrom: () => time.keptFrom(),
    points: store,
    rowsMax,
    questions: new Questions(store, turns, { rowsMax }),
    pipeline,
    ratingModules: pipeline.modules,
    collectors: new Collectors(db),
    idempotencyKeys: new IdempotencyKeys(db),
    scopeKey: names.scopeKey,
    scopeNames: names,
    pushedSeries: new SeriesRegistry({
      bytesMax: PUSHED_SERIES_BYTES,
      ...(textBytesMax !== undefined && { textBytesMax }),
    }),
  }
}
