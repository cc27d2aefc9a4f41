import type { Logger } from 'pino'
import { Counter, Histogram, Registry } from 'prom-client'
import { type BackupEvents, backupEvents } from '../backup/events.ts'
import type { AppOptions } from '../http/create-app.ts'
import { pathsOf } from '../http/route.ts'
import { type IntakeEvents, intakeEvents } from '../intake/events.ts'
import { type ProcessorEvents, processorEvents } from '../processor/events.ts'
import { type StoreEvents, storeEvents } from '../storage/events.ts'
import { droppedLines } from './create-logger.ts'
import { StateGauges, type StateOfRating } from './state-gauges.ts'

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
  /** What happens while scopes are rated. */
  readonly processor: ProcessorEvents
  /** What a points store does or suffers in the background. */
  readonly store: StoreEvents
  /** What happens while usage is taken in. */
  readonly intake: IntakeEvents
  readonly backup: BackupEvents
  readonly #state = new StateGauges(this.registry)

  constructor(log: Logger) {
    this.processor = processorEvents(log, this.registry)
    this.store = storeEvents(log, this.registry)
    this.intake = intakeEvents(log, this.registry)
    this.backup = backupEvents(log, this.registry)
    const lost = new Counter({
      name: 'cloudtabby_log_lines_dropped_total',
      help: 'Lines of the log that could not be written, for instance because its disk is full',
      registers: [this.registry],
      collect() {
        lost.reset()
        lost.inc(droppedLines(log))
      },
    })
  }

  /** Everything, in Prometheus' text format; what state says is asked for now. */
  async scrape(state: StateOfRating): Promise<{ type: string; text: string }> {
    await this.#state.refresh(state)
    return { type: this.registry.contentType, text: await this.registry.metrics() }
  }

  /** A request was answered; of what no route is for, no path is counted. */
  readonly answered: NonNullable<AppOptions<never>['onAnswer']> = ({ method, route, status, seconds }) => {
    const labels = { method, route: route ? pathsOf(route)[0]! : 'none', status: String(status) }
    this.#requests.observe(labels, seconds)
  }

  asked({ source, status, seconds }: { source: string; status: string; seconds: number }): void {
    this.#source.observe({ source, status }, seconds)
  }
}
