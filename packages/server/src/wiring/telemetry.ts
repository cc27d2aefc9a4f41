import { Gauge, Histogram, Registry } from 'prom-client'

/** What this process counts, for `GET /metrics` in Prometheus' format. Labels are of few values each. */
export class Telemetry {
  readonly registry = new Registry()
  readonly #requests = new Histogram({
    name: 'cloudtabby_http_request_seconds',
    help: 'Requests that were answered',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  })
  readonly #source = new Histogram({
    name: 'cloudtabby_source_request_seconds',
    help: 'Requests to sources of usage',
    labelNames: ['source', 'status'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
    registers: [this.registry],
  })
  readonly #failing = new Gauge({
    name: 'cloudtabby_scopes_failing',
    help: 'Scopes that back off after a failure',
    registers: [this.registry],
  })
  readonly #lag = new Gauge({
    name: 'cloudtabby_rating_lag_seconds',
    help: 'Age of the oldest period that is due and not rated; 0 when none is',
    registers: [this.registry],
  })

  answered(answer: { method: string; route: string; status: number; seconds: number }): void {
    const { method, route, status, seconds } = answer
    this.#requests.observe({ method, route, status: String(status) }, seconds)
  }

  asked({ source, status, seconds }: { source: string; status: string; seconds: number }): void {
    this.#source.observe({ source, status }, seconds)
  }

  lagging({ failing, lagSeconds }: { failing: number; lagSeconds: number }): void {
    this.#failing.set(failing)
    this.#lag.set(lagSeconds)
  }
}
