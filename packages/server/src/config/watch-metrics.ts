import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigFault } from './config-fault.ts'
import { type MetricsContext, type MetricsFile, parseMetrics } from './metrics.ts'
import { fingerprint, readMetricsText } from './metrics-text.ts'

export interface MetricsWatchOptions {
  readonly path: string
  readonly context: MetricsContext
  /** The text that is in use now: a file that changed between loading and watching is noticed at the first look. */
  readonly text: string
  /** A changed file without fault, once for each change. The old metrics are to be replaced as a whole. */
  onChange(file: MetricsFile): void
  /** A changed file that cannot be used, once for each change. The old metrics stay. */
  onFaults(faults: readonly ConfigFault[]): void
  readonly intervalMs?: number
  readonly signal?: AbortSignal
}

/** A watch on a metrics file, until it is disposed of or its signal is aborted. */
export interface MetricsWatch extends AsyncDisposable {
  /** Looks at the file now, and takes it though it changed just now. */
  check(): Promise<void>
}

/**
 * Watches a metrics file by its time stamp, size and number: that works for editors that replace a file, and for the
 * symbolic links of Kubernetes, where change events do not. A change counts when it looks the same at two looks in a
 * row, for a file that is being written may be well-formed half-way.
 */
export function watchMetrics(options: MetricsWatchOptions): MetricsWatch {
  const { path, context, intervalMs = 2000, signal } = options
  const stop = new AbortController()
  const stopped = signal ? AbortSignal.any([stop.signal, signal]) : stop.signal
  let taken: string | undefined
  let takenText: string | undefined = options.text
  let seen: string | undefined
  /** Looks go one after the other, so that an older one cannot undo a newer one. */
  let last: Promise<void> = Promise.resolve()

  const look = async (settled: boolean) => {
    const now = await fingerprint(path)
    const steady = settled || now === seen
    seen = now
    if (now === taken || !steady || stopped.aborted) return
    taken = now
    const outcome = await readMetricsText(path)
    if (stopped.aborted) return
    if ('reason' in outcome) {
      takenText = undefined
      options.onFaults([{ where: path, path: '', reason: outcome.reason }])
    } else if (outcome.text !== takenText) {
      takenText = outcome.text
      const file = parseMetrics(outcome.text, path, context)
      if (file.faults.length > 0) options.onFaults(file.faults)
      else options.onChange(file)
    }
  }
  const enqueue = (settled: boolean) => {
    last = last.then(() => look(settled))
    return last
  }
  const watch = async () => {
    while (!stopped.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      await sleep(intervalMs, undefined, { signal: stopped, ref: false }).catch(() => undefined)
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      if (!stopped.aborted) await enqueue(false)
    }
  }
  const watching = watch()
  return {
    check: () => enqueue(true),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await watching
      await last
    },
  }
}
