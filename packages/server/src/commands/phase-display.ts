import type { BackupProgress } from '../backup/back-up.ts'
import type { RestoreProgress } from '../backup/restore.ts'
import { ProgressDisplay } from './progress-display.ts'
import { toMegabytes } from './megabytes.ts'

/** One bar, or one kind of log lines, for each phase. */
export class PhaseDisplay implements Disposable {
  readonly #options: ConstructorParameters<typeof ProgressDisplay>[2]
  #phase: string | undefined
  #display: ProgressDisplay | undefined

  constructor(options: ConstructorParameters<typeof ProgressDisplay>[2]) {
    this.#options = options
  }

  update({ phase, done, total }: BackupProgress | RestoreProgress): void {
    const inBytes = phase === 'checking'
    if (this.#phase !== phase) {
      this.#display?.[Symbol.dispose]()
      this.#display = new ProgressDisplay(phase, inBytes ? 'MB' : 'rows', this.#options)
      this.#phase = phase
    }
    this.#display?.update(inBytes ? toMegabytes(done) : done, inBytes ? toMegabytes(total) : total)
  }

  [Symbol.dispose](): void {
    this.#display?.[Symbol.dispose]()
  }
}
