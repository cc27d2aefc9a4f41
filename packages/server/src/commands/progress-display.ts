import { Presets, SingleBar } from 'cli-progress'
import type { Logger } from 'pino'

/** Shows how far long work has come: a bar on a terminal, a line in the log every few seconds otherwise. */
export class ProgressDisplay implements Disposable {
  readonly #what: string
  readonly #unit: string
  readonly #log: Logger
  readonly #bar: SingleBar | undefined
  #started = false
  #lastLine = -Infinity

  constructor(what: string, unit: string, { log, terminal }: { log: Logger; terminal: boolean }) {
    this.#what = what
    this.#unit = unit
    this.#log = log
    this.#bar = terminal
      ? new SingleBar(
          {
            format: `${what} {bar} {percentage}% | {value}/{total} ${unit} | {duration_formatted}`,
            clearOnComplete: false,
            hideCursor: true,
          },
          Presets.shades_classic,
        )
      : undefined
  }

  /** Call as often as you like; `note` stands in the log line. */
  update(done: number, total: number, note: Record<string, unknown> = {}): void {
    if (total === 0) return
    if (this.#bar) {
      if (!this.#started) this.#bar.start(total, done)
      this.#started = true
      this.#bar.setTotal(total)
      this.#bar.update(done)
      return
    }
    const now = performance.now()
    if (done < total && now - this.#lastLine < LINE_EVERY_MS) return
    this.#lastLine = now
    const percent = Math.floor((done / total) * 100)
    this.#log.info({ done, total, percent, ...note }, `${this.#what}: ${done} of ${total} ${this.#unit}`)
  }

  [Symbol.dispose](): void {
    if (this.#started) this.#bar?.stop()
  }
}

const LINE_EVERY_MS = 5000
