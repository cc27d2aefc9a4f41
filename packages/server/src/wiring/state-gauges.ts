import { Gauge, type Registry } from 'prom-client'
import { answerWithin } from '../lib/answer-within.ts'
import type { Maintenance } from '../state/maintenance.ts'
import type { StateDatabase } from '../state/database.ts'
import { readScopesAhead } from '../state/scopes-ahead.ts'
import { readDiscovery } from '../state/discoveries.ts'
import { readLateness } from '../state/lateness.ts'
import { countAlive } from '../state/processors.ts'
import type { ScopeNames } from '../state/scope-names.ts'

/** Prometheus gives up after ten seconds; then there should be the rest of the answer at least. */
const SILENT_MS = 3_000

/** Where it is asked for, and what is due by the configuration. */
export interface StateOfRating {
  readonly db: StateDatabase
  readonly names: ScopeNames
  readonly maintenance: Pick<Maintenance, 'now'>
  readonly periodSeconds: number
  readonly waitPeriods: number
  /** How long the metric whose data is complete last waits beyond that. */
  readonly settleSeconds: number
  readonly leaseSeconds: number
}

/** What state says about the rating, asked for whenever `/metrics` is: every process, whatever its role, tells the same. */
export class StateGauges {
  readonly #gauges: readonly Gauge[]
  readonly #up: Gauge
  readonly #scopes: Gauge
  readonly #failing: Gauge
  readonly #lag: Gauge
  readonly #age: Gauge
  readonly #looks: Gauge
  readonly #processors: Gauge
  readonly #ahead: Gauge

  constructor(registry: Registry) {
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] })
    this.#up = gauge(
      'cloudtabby_state_up',
      '1 while the state database answers; 0 while it does not, and what it would say is left out',
    )
    this.#scopes = gauge('cloudtabby_scopes', 'Scopes that are known and active')
    this.#failing = gauge('cloudtabby_scopes_failing', 'Scopes with something due that wait after a failure')
    this.#lag = gauge(
      'cloudtabby_rating_lag_seconds',
      'Age of the oldest period that is due and not rated, since its end; 0 when none is',
    )
    this.#age = gauge('cloudtabby_discovery_age_seconds', 'Time since the fetcher last named scopes')
    this.#looks = gauge(
      'cloudtabby_discovery_failures',
      'Looks in a row in which the fetcher failed or named no scope; 0 when all is well',
    )
    this.#processors = gauge('cloudtabby_processors', 'Processors that gave a sign of life within a lease time')
    this.#ahead = gauge(
      'cloudtabby_scopes_ahead',
      'Scopes of which periods count as rated that are not over; 0 when all is well',
    )
    this.#gauges = [this.#ahead, this.#scopes, this.#failing, this.#lag, this.#age, this.#looks, this.#processors]
  }

  /** A state database that does not answer is a 0 and no old figures. */
  async refresh({ db, names, maintenance, settleSeconds, leaseSeconds, ...cadence }: StateOfRating): Promise<void> {
    const read = async () => {
      const now = (await maintenance.now()) - settleSeconds
      return {
        lateness: await readLateness(db, { ...names, ...cadence, now }),
        ahead: await readScopesAhead(db),
        discovery: await readDiscovery(db, names),
        processors: await countAlive(db, leaseSeconds),
      }
    }
    try {
      const { lateness, ahead, discovery, processors } = await answerWithin(read(), SILENT_MS)
      this.#up.set(1)
      this.#scopes.set(lateness.scopes)
      this.#failing.set(lateness.failing)
      this.#ahead.set(ahead.count)
      this.#lag.set(lateness.lagSeconds)
      this.#looks.set(discovery?.failures ?? 0)
      this.#processors.set(processors)
      if (discovery?.ageSeconds === undefined) this.#age.remove()
      else this.#age.set(discovery.ageSeconds)
    } catch {
      for (const gauge of this.#gauges) gauge.remove()
      this.#up.set(0)
    }
  }
}
