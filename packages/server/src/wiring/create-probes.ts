import { getHealthcheck, type HealthDeps } from '../api/root/get-healthcheck.ts'
import { getMetrics, type MetricsDeps } from '../api/root/get-metrics.ts'
import { NOBODY } from '../domain/principal.ts'
import { type App, createApp } from '../http/create-app.ts'
import { pathsOf, type Route } from '../http/route.ts'
import { coalesceNext } from '../lib/coalesce-next.ts'
import type { Service } from './open-service.ts'
import { clockTrouble, ratingTrouble, SILENT_MS, whyUnhealthy } from './why-unhealthy.ts'

const ROUTES: readonly Route<HealthDeps & MetricsDeps>[] = [getHealthcheck, getMetrics]

/**
 * What a processor answers: whether it is well, and what it counts. It gets no requests from users, so that a fetcher which
 * names no scopes any more makes it unhealthy. A clock that is fast is told, and is no reason to start it anew.
 */
export function createProbes(service: Service): App {
  const { log, telemetry, db, names } = service
  const { unhealthy, scrape } = probeDeps(service)
  return createApp({
    routes: ROUTES,
    deps: {
      unhealthy: async () => (await unhealthy()) ?? (await ratingTrouble(db, names)),
      trouble: () => clockTrouble(db),
      scrape,
    },
    authenticate: () => NOBODY,
    authorize: () => {},
    log,
    onAnswer: ({ route, method, status, seconds }) =>
      telemetry.answered({ method, route: route ? pathsOf(route)[0]! : 'none', status, seconds }),
  })
}

/**
 * What `/healthcheck` and `/metrics` answer from, in every process. Probes need no token and have no limit: however many come
 * at once, state is asked for one after the other.
 */
export function probeDeps({ db, health, names, maintenance, config, telemetry }: Service): HealthDeps & MetricsDeps {
  const { collect, processor } = config.options
  return {
    unhealthy: coalesceNext(() => whyUnhealthy(health), SILENT_MS),
    trouble: coalesceNext(async () => {
      const [rating, clock] = await Promise.all([ratingTrouble(db, names), clockTrouble(db)])
      return rating ?? clock
    }, SILENT_MS),
    scrape: () =>
      telemetry.scrape({
        db,
        names,
        maintenance,
        periodSeconds: collect.period,
        waitPeriods: collect.wait_periods,
        settleSeconds: Math.max(0, ...config.metrics.map((metric) => metric.settleSeconds ?? 0)),
        leaseSeconds: processor.lease_seconds,
      }),
  }
}
