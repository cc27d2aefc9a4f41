import { pino } from 'pino'
import { Registry } from 'prom-client'
import { expect } from 'vitest'
import { parseMetrics } from '../../config/metrics.ts'
import { decimal } from '../../domain/decimal.ts'
import { type Grid, type Instant, toDate } from '../../domain/period.ts'
import { NO_RULES, type Point } from '../../domain/point.ts'
import { keptFrom } from '../../domain/retention.ts'
import { type Attributes, attributeText, toSeries } from '../../domain/series.ts'
import { type TimeZone, UTC } from '../../domain/time-zone.ts'
import type { AppOptions } from '../../http/create-app.ts'
import { type Called, type CallOptions, testApp } from '../../http/testing/test-app.ts'
import type { Route } from '../../http/route.ts'
import { hashmapModule } from '../../rating/hashmap/hashmap-module.ts'
import { noopModule } from '../../rating/noop/noop-module.ts'
import { pyscriptsModule } from '../../rating/pyscripts/pyscripts-module.ts'
import { intakeEvents } from '../../intake/events.ts'
import { RatingPipeline } from '../../rating/rating-pipeline.ts'
import { Batches } from '../../state/batches.ts'
import type { State } from '../../state/database.ts'
import { Modules } from '../../state/modules.ts'
import { Reprocesses } from '../../state/reprocesses.ts'
import { Scopes } from '../../state/scopes.ts'
import { openTestState } from '../../state/testing/open-test-state.ts'
import type { PointStore } from '../../storage/point-store.ts'
import { openTestStore } from '../../storage/testing/open-test-store.ts'
import { apiDocument } from '../api-document.ts'
import { type ApiBase, createApiDeps } from '../create-api-deps.ts'
import { type ApiDeps, apiRoutes } from '../routes.ts'
import { DocumentedApi } from './documented-api.ts'

const METRICS = `
metrics:
  cpu:
    unit: instance
    alt_name: instance
    groupby: [id, user_id]
    metadata: [flavor_name, flavor_id, vcpus]
    mutate: NUMBOOL
  volume.size:
    unit: GiB
    groupby: [id]
    metadata: [volume_type]
`

/** Everything that the API stands on, for real and in memory, at a time that the test sets. */
export interface TestApi
  extends AsyncDisposable, Pick<ApiBase, 'db' | 'store' | 'batches' | 'scopes' | 'modules' | 'reprocesses'> {
  readonly routes: readonly Route<ApiDeps>[]
  readonly deps: ApiDeps
  readonly app: ReturnType<typeof testApp>
  now: Instant
  /** Of new scopes. */
  grid: Grid
  /** Of reports. */
  zone: TimeZone
  /** Hours for which points are kept. */
  retention: number | undefined
  metrics: string
  unhealthy: string | undefined
  trouble: string | undefined
  call(method: string, path: string, options?: CallOptions): Promise<Called>
  /** As `call`, for an answer that must have this status: its JSON. */
  get<T = Record<string, unknown>>(status: number, method: string, path: string, options?: CallOptions): Promise<T>
  /** Commits points as one batch. */
  push(...points: readonly Point[]): Promise<void>
}

export interface TestApiOptions {
  readonly scopeKey?: string
  readonly app?: Partial<AppOptions<ApiDeps>>
  /** In place of a fresh one in memory; closed with the API. */
  readonly state?: State
  /** As `state`. */
  readonly points?: PointStore
  readonly rowsMax?: number
}

export async function openTestApi({
  scopeKey = 'project_id',
  app: appOptions,
  state: given,
  points,
  rowsMax = 1_000_000,
}: TestApiOptions = {}): Promise<TestApi> {
  const state = given ?? (await openTestState())
  const store = points ?? (await openTestStore())
  const { db } = state
  const batches = new Batches(db, { owner: 'test', leaseSeconds: 60 })
  const modules = new Modules(db)
  const pipeline = new RatingPipeline([hashmapModule(db), noopModule(), pyscriptsModule(db)], modules)
  const routes = apiRoutes({ modules: pipeline.modules, version: '0' })
  const scopes = new Scopes(db)
  const reprocesses = new Reprocesses(db)
  const deps = createApiDeps({
    db,
    store,
    batches,
    scopes,
    modules,
    reprocesses,
    pipeline,
    names: { scopeKey, fetcher: 'keystone', collector: 'gnocchi' },
    time: {
      get periodSeconds() {
        return api.grid.seconds
      },
      get zone() {
        return api.zone
      },
      clock: () => toDate(api.now),
      now: () => api.now,
      newGrid: () => api.grid,
      keptFrom: () => keptFrom(api.now, api.retention, api.zone),
    },
    events: intakeEvents(pino({ level: 'silent' }), new Registry()),
    probes: {
      unhealthy: () => api.unhealthy,
      trouble: () => api.trouble,
      scrape: () => Promise.resolve({ type: 'text/plain', text: '# no families\n' }),
    },
    metricsSource: {
      read: () => Promise.resolve(parseMetrics(api.metrics, 'metrics.yml', { scopeKey, collector: undefined })),
    },
    limits: { waitingMax: 1000, waitingOfAllMax: 1000, rowsMax },
  })
  const app = testApp(routes, deps, appOptions)
  let documented: DocumentedApi | undefined
  /** Every answer of every test is as the API document has it. */
  const call: TestApi['call'] = async (method, path, options) => {
    const called = await app.call(method, path, options)
    documented ??= new DocumentedApi(apiDocument(routes, '0'))
    const { status, text, headers } = called
    const type = headers.get('content-type') ?? ''
    const misfit = documented.answerMisfit(method, path, { status, type, text })
    expect({ misfit, text }).toEqual({ misfit: undefined, text })
    return called
  }
  const api: TestApi = {
    db,
    store,
    batches,
    scopes,
    modules,
    reprocesses,
    routes,
    deps,
    app,
    now: at('2026-06-11T08:30:00Z'),
    grid: { origin: at('2026-06-01T00:00:00Z'), seconds: 3600 },
    zone: UTC,
    retention: undefined,
    metrics: METRICS,
    unhealthy: undefined,
    trouble: undefined,
    call,
    async get<T>(status: number, method: string, path: string, options?: CallOptions) {
      const { status: actual, text, json } = await call(method, path, options)
      expect({ status: actual, text }).toEqual({ status, text })
      return json as T
    },
    async push(...points) {
      const batch = await batches.begin('pushed')
      await store.write(batch, points)
      await batches.commit(batch)
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await state[Symbol.asyncDispose]()
    },
  }
  return api
}

export const HASHMAP = '/v1/rating/module_config/hashmap'

export function at(iso: string): Instant {
  return Date.parse(iso) / 1000
}

/** A point of one hour. */
export function point(
  type: string,
  begin: string,
  quantity: string,
  price: string,
  groupby: Attributes,
  metadata: Attributes = {},
  unit = 'GiB',
): Point {
  const series = toSeries({ scopeId: attributeText(groupby['project_id']), type, unit, groupby, metadata })
  const from = at(begin)
  return { series, begin: from, end: from + 3600, quantity: decimal(quantity), price: decimal(price), rules: NO_RULES }
}
