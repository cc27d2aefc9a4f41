import { type MetricsContext, type MetricsFile, parseMetrics } from './metrics.ts'
import { fingerprint, readMetricsText } from './metrics-text.ts'

/** Reads a metrics file for whoever asks what is in it. */
export interface MetricsReader {
  /** The file as it stands on disk now; its faults are told in it. Throws when the file cannot be read. */
  read(): Promise<MetricsFile>
}

/** A reader that looks at the file's time stamp, size and number for each question, and reads and parses it once for each change. */
export function metricsReader(path: string, context: MetricsContext): MetricsReader {
  let known: { readonly print: string; readonly file: Promise<MetricsFile> } | undefined
  return {
    async read() {
      // The print is older than the text: a change between the two is read again.
      const print = await fingerprint(path)
      if (known?.print !== print) known = { print, file: readFile(path, context) }
      return known.file
    },
  }
}

async function readFile(path: string, context: MetricsContext): Promise<MetricsFile> {
  const outcome = await readMetricsText(path)
  if ('reason' in outcome) throw new Error(`${path} ${outcome.reason}`)
  return parseMetrics(outcome.text, path, context)
}
