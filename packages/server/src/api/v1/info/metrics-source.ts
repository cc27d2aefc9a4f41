import { z } from 'zod'
import type { Metric } from '../../../domain/metric.ts'
import { Fault } from '../../../lib/fault.ts'

/** metrics.yml as it stands on disk now. */
export interface MetricsSource {
  /** Throws when the file cannot be read; a file that is wrong is told by its faults. */
  read(): Promise<MetricsReading>
}

export interface MetricsReading {
  /** The file as JSON, nothing checked, changed or added. */
  readonly raw: unknown
  /** False when it is no YAML at all. */
  readonly readable: boolean
  readonly metrics: readonly Pick<Metric, 'type' | 'unit' | 'groupby' | 'metadata'>[]
  readonly faults: readonly { readonly where: string; readonly path: string; readonly reason: string }[]
}

export interface InfoDeps {
  readonly metricsSource: MetricsSource
}

export const MetricInfo = z
  .strictObject({
    metric_id: z.string().meta({ description: 'The name that it is rated by.', examples: ['instance'] }),
    metadata: z.array(z.string()),
    unit: z.string().meta({ examples: ['instance'] }),
  })
  .meta({ id: 'MetricInfo' })
export type MetricInfo = z.output<typeof MetricInfo>

/** The file's definitions, or 405: the answer that CloudKitty gives while the file is wrong. */
export async function readMetricInfos(source: MetricsSource): Promise<MetricInfo[]> {
  const reading = await readMetrics(source)
  if (reading.faults.length > 0) {
    // Where the file lies is for the operator: callers are told what is wrong in it.
    const publicText = `Invalid metrics configuration: ${reading.faults.map(inFile).join('; ')}`
    throw new Fault('request.not_allowed', `Invalid metrics configuration: ${toReasons(reading)}`, {}, { publicText })
  }
  return reading.metrics.map(({ type, metadata, unit }) => ({ metric_id: type, metadata: [...metadata], unit }))
}

/** Throws `config.invalid` when there is no such file, or it is no YAML; why stands in the log, and not in the answer. */
export async function readMetrics(source: MetricsSource): Promise<MetricsReading> {
  let reading: MetricsReading
  try {
    reading = await source.read()
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error))
  }
  if (!reading.readable) throw unreadable(toReasons(reading))
  return reading
}

function unreadable(reason: string): Fault {
  const publicText = 'The metrics file cannot be read.'
  return new Fault('config.invalid', `The metrics file cannot be read: ${reason}`, {}, { publicText })
}

function toReasons({ faults }: MetricsReading): string {
  return faults.map((fault) => `${fault.where} ${inFile(fault)}`).join('; ')
}

function inFile({ path, reason }: MetricsReading['faults'][number]): string {
  return path === '' ? reason : `${path}: ${reason}`
}
