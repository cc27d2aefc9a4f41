import { type ApiDeps, apiRoutes } from '../api/routes.ts'
import { Questions } from '../api/questions.ts'
import type { Policy } from '../auth/policy/policy.ts'
import { metricsReader } from '../config/metrics-reader.ts'
import { newGrid } from '../domain/first-period.ts'
import { toInstant } from '../domain/period.ts'
import { keptFrom } from '../domain/retention.ts'
import { SeriesRegistry } from '../domain/series-registry.ts'
import type { Options } from '../config/options.ts'
import { type App, type AppOptions, createApp } from '../http/create-app.ts'
import type { ListenOptions } from '../http/listen.ts'
import { pathsOf, type Route } from '../http/route.ts'
import { Turns } from '../lib/turns.ts'
import { Collectors } from '../state/collectors.ts'
import { IdempotencyKeys } from '../state/idempotency-keys.ts'
import { Scopes } from '../state/scopes.ts'
import type { PointStore } from '../storage/point-store.ts'
import { probeDeps } from './create-probes.ts'
import { openAuth } from './open-auth.ts'
import type { Stores } from './open-service.ts'
import { VERSION } from './version.ts'

/** For the series of pushed points, some 12,000 of usual length; a body may hold as many series as points. */
const PUSHED_SERIES_BYTES = 16 * 1024 * 1024

/** An API that answers, and what it consists of. Disposal leaves the stores open. */
export interface Api extends AsyncDisposable {
  readonly app: App
  readonly routes: readonly Pick<Route<never>, 'method' | 'path'>[]
  /** From now on these rules are in force. */
  readonly setPolicy: (policy: Policy) => void
}

/** Questions of a points store that does not say how many it answers at a time. */
const PLACES = { light: 2, dear: 1 }

/** The whole HTTP API over open stores. */
export function createApi(stores: Stores): Api {
  const { config, log, telemetry, db, store, batches, modules, reprocesses, pipeline, names } = stores
  const { options } = config
  const { authenticator, authorizer, setPolicy } = openAuth(config)
  const { begin, timezone: zone, period: seconds } = options.collect
  const deps: ApiDeps = {
    db,
    events: telemetry.intake,
    onRecorded: (record) => log.info({ audit: record }, 'changed'),
    clock: () => new Date(),
    now: () => toInstant(new Date()),
    keptFrom: () => keptFrom(toInstant(new Date()), options.storage.retention_period, zone),
    ...probeDeps(stores),
    collectors: new Collectors(db),
    metricsSource: metricsReader(options.collect.metrics_conf, config.metricsContext),
    ratingModules: pipeline.modules,
    modules,
    pipeline,
    periodSeconds: seconds,
    zone,
    newGrid: (at) => newGrid({ begin, zone, seconds }, at),
    points: store,
    questions: questionsOf(store, options),
    batches,
    scopes: new Scopes(db),
    reprocesses,
    idempotencyKeys: new IdempotencyKeys(db),
    scopeKey: names.scopeKey,
    scopeNames: names,
    pushedSeries: new SeriesRegistry({
      bytesMax: PUSHED_SERIES_BYTES,
      textBytesMax: options.storage.max_attribute_bytes,
    }),
  }
  const routes = apiRoutes({
    modules: pipeline.modules,
    version: VERSION,
  })
  const { allowed_origin, allow_credentials, expose_headers, max_age, allow_methods, allow_headers } = options.cors
  const app = createApp({
    routes,
    deps,
    authenticate: (header, signal, asker) => authenticator.authenticate(header, signal, asker),
    authorize: (who, policy, target) => authorizer.authorize(who, policy, target),
    log,
    cors: {
      allowedOrigins: allowed_origin,
      allowCredentials: allow_credentials,
      exposeHeaders: expose_headers,
      maxAgeSeconds: max_age,
      allowMethods: allow_methods,
      allowHeaders: allow_headers,
    },
    limits: {
      bodyBytes: options.api.max_body_bytes,
      streamBytes: options.api.max_push_bytes,
      bodyIdleMs: options.api.body_timeout * 1000,
      answerMs: options.api.answer_timeout * 1000,
      streamMs: options.api.push_timeout * 1000,
      untakenMs: options.api.output_timeout * 1000,
    },
    // Under noauth everybody may call themselves what they like.
    clientsBy: options.DEFAULT.auth_strategy === 'noauth' ? 'address' : 'user',
    rateLimit: rateLimit(options),
    strangerLimit: strangerLimit(options),
    trustProxy: options.oslo_middleware.enable_proxy_headers_parsing,
    onAnswer: ({ route, method, status, seconds }) =>
      telemetry.answered({ method, route: route ? pathsOf(route)[0]! : 'none', status, seconds }),
  })
  return { app, routes, setPolicy, [Symbol.asyncDispose]: () => authenticator[Symbol.asyncDispose]() }
}

function questionsOf(store: PointStore, { api }: Options): Questions {
  const turns = new Turns({ ...(store.places ?? PLACES), waitingMax: api.max_waiting_questions })
  return new Questions(store, turns, { rowsMax: api.max_rows })
}

/** What a server for the API may take from a client before there is a request. */
export function listenLimits({ api }: Options): Omit<ListenOptions, 'host' | 'port'> {
  return {
    headerBytesMax: api.max_header_bytes,
    headersTimeoutMs: api.header_timeout * 1000,
    requestTimeoutMs: Math.max(api.header_timeout, api.push_timeout) * 1000,
  }
}

/** By address; without a limit when it is 0. */
function strangerLimit({ api }: Options): AppOptions<never>['strangerLimit'] {
  const { stranger_limit_per_second: perSecond, stranger_limit_burst: burst } = api
  return perSecond === 0 ? undefined : { perSecond, burst }
}

function rateLimit({ api }: Options): AppOptions<never>['rateLimit'] {
  const { rate_limit_per_second: perSecond, rate_limit_burst: burst } = api
  return perSecond === 0 ? undefined : { perSecond, burst }
}
