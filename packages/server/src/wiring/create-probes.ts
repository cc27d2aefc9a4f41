import { getHealthcheck, type HealthDeps } from '../api/root/get-healthcheck.ts'
import { getMetrics, type MetricsDeps } from '../api/root/get-metrics.ts'
import { NOBODY } from '../domain/principal.ts'
import { type App, createApp } from '../http/create-app.ts'
import type { Route } from '../http/route.ts'
import { coalesceNext } from '../lib/coalesce-next.ts'
import type { Service } from './open-service.ts'
import { clockTrouble, ratingTrouble, SILENT_MS, whyUnhealthy } from './why-unhealthy.ts'

const ROUTES: readonly Route<HealthDeps & MetricsDeps>[] = [getHealthcheck, getMetrics]

/**
 * What a processor answers: whether it is well, and what it counts. It gets no requests from users, so that a fetcher which
 * names no scopes any more makes it unhealthy. A clock that is fast is told, and is no reason to start it anew.
 */
export function createProbes(service: Service): App {
  const { log, telemetry } = service
  const { unhealthy, unrated, clock, scrape } = questions(service)
  return createApp({
    routes: ROUTES,
    deps: { unhealthy: async () => (await unhealthy()) ?? (await unrated()), trouble: clock, scrape },
    authenticate: () => NOBODY,
    authorize: () => {},
    log,
    onAnswer: telemetry.answered,
  })
}

/** What the API's `/healthcheck` and `/metrics` answer from: reports can be answered though nothing new is rated. */
export function probeDeps(service: Service): HealthDeps & MetricsDeps {
  const { unhealthy, unrated, clock, scrape } = questions(service)
  const trouble = async () => {
    const [rating, ahead] = await Promise.all([unrated(), clock()])
    return rating ?? ahead
  }
  return { unhealthy, trouble, scrape }
}

/** Probes need no token and have no limit: however many come at once, state is asked for one after the other. */
function questions({ db, health, names, maintenance, config, telemetry }: Service) {
  const { collect, processor } = config.options
  return {
    unhealthy: coalesceNext(() => whyUnhealthy(health), SILENT_MS),
    unrated: coalesceNext(() => ratingTrouble(db, names), SILENT_MS),
    clock: coalesceNext(() => clockTrouble(db), SILENT_MS),
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
