import { ExtraArgs } from '../collectors/samples/extra-args.ts'
import type { Config } from '../config/load-config.ts'
import type { Metric } from '../domain/metric.ts'
import type { SampleNeeds } from '../intake/sample-doubts.ts'

/** What the `samples` collector reads of pushed and imported samples; undefined while another one is configured, which reads none. */
export function sampleNeeds({ collector, metrics }: Pick<Config, 'collector' | 'metrics'>): SampleNeeds | undefined {
  if (collector.plugin.name !== 'samples') return undefined
  const needs = new Map<string, readonly string[]>()
  for (const metric of metrics) {
    const sample = sampleOf(metric)
    const labels = [...metric.groupby, ...metric.metadata]
    needs.set(sample, [...new Set([...(needs.get(sample) ?? []), ...labels])])
  }
  return needs
}

/** The types that metrics make of so many samples by name, with how many samples each is made of. */
export function typesOf(
  { collector, metrics }: Pick<Config, 'collector' | 'metrics'>,
  names: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const types = new Map<string, number>()
  if (collector.plugin.name !== 'samples') return types
  for (const metric of metrics) {
    const samples = names.get(sampleOf(metric))
    if (samples !== undefined) types.set(metric.type, samples)
  }
  return types
}

function sampleOf({ name, extraArgs }: Metric): string {
  return ExtraArgs.parse(extraArgs).sample ?? name
}
