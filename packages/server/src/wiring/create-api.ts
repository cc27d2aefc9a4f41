import { createApiDeps } from '../api/create-api-deps.ts'
import { apiRoutes } from '../api/routes.ts'
import type { Policy } from '../auth/policy/policy.ts'
import { metricsReader } from '../config/metrics-reader.ts'
import type { Options } from '../config/options.ts'
import { type App, type AppOptions, createApp } from '../http/create-app.ts'
import type { ListenOptions } from '../http/listen.ts'
import type { Route } from '../http/route.ts'
import { probeDeps } from './create-probes.ts'
import { openAuth } from './open-auth.ts'
import type { Service } from './open-service.ts'
import { VERSION } from './version.ts'

/** An API that answers, and what it consists of. Disposal leaves the service open. */
export interface Api extends AsyncDisposable {
  readonly app: App
  readonly routes: readonly Pick<Route<never>, 'method' | 'path'>[]
  /** From now on these rules are in force. */
  readonly setPolicy: (policy: Policy) => void
}

/** The whole HTTP API of an open service. */
export function createApi(service: Service): Api {
  const { config, log, telemetry, pipeline } = service
  const { options } = config
  const { authenticator, authorizer, setPolicy } = openAuth(config)
  const deps = createApiDeps({
    ...service,
    events: telemetry.intake,
    onRecorded: (record) => log.info({ audit: record }, 'changed'),
    probes: probeDeps(service),
    metricsSource: metricsReader(options.collect.metrics_conf, config.metricsContext),
    limits: {
      waitingMax: options.api.max_waiting_questions,
      waitingOfAllMax: options.api.max_waiting_of_all,
      rowsMax: options.api.max_rows,
      textBytesMax: options.storage.max_attribute_bytes,
    },
  })
  const routes = apiRoutes({ modules: pipeline.modules, version: VERSION })
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
    onAnswer: telemetry.answered,
  })
  return { app, routes, setPolicy, [Symbol.asyncDispose]: () => authenticator[Symbol.asyncDispose]() }
}

/** What a server for the API may take from a client before there is a request. */
export function listenLimits({ api }: Options): Omit<ListenOptions, 'host' | 'port'> {
  return {
    headerBytesMax: api.max_header_bytes,
    connectionsMax: api.max_connections,
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
