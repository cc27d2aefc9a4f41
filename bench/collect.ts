import { parseMetrics } from '@cloudtabby/server/config/metrics'
import type { CollectorPlugin } from '@cloudtabby/server/collectors/collector'
import { plugin } from '@cloudtabby/server/collectors/prometheus/index'
import { periodsFrom } from '@cloudtabby/server/domain/period'
import { SeriesRegistry } from '@cloudtabby/server/domain/series-registry'
import { metricsYaml, scopeName, TEN_METRICS } from './cloud-metrics.ts'
import type { Measure } from './measure.ts'
import { startMemoryPrometheus } from './start-memory-prometheus.ts'

const HOUR = 3600
const BEGIN = Date.UTC(2026, 5, 1) / 1000
/** Points that the processor takes into one batch, by default. */
const BATCH_POINTS = 250_000

/** Requests and seconds for collection alone, in batches as the processor makes them; a resource of each metric in each scope. */
export async function benchCollect(): Promise<Measure[]> {
  const measures: Measure[] = []
  for (const scopes of [1, 100, 1000]) {
    using source = await startMemoryPrometheus(scopes, 1)
    for (const periods of [24, 720]) measures.push(...(await collect(source.url, scopes, periods)))
  }
  return measures
}

async function collect(url: string, scopeCount: number, periodCount: number): Promise<Measure[]> {
  let requests = 0
  const context = {
    scopeKey: 'project_id',
    periodSeconds: HOUR,
    series: new SeriesRegistry(),
    samples: { readSamples: none, sampleScopes: none, firstSampleAt: () => Promise.resolve(undefined) },
    snapshot: () => Promise.resolve({ highest: 0, hidden: [], tombstones: [] }),
    onSourceExchange: () => void requests++,
  }
  const { metrics, faults } = parseMetrics(metricsYaml(TEN_METRICS), 'metrics.yml', {
    scopeKey: 'project_id',
    collector: plugin as CollectorPlugin,
  })
  if (faults.length > 0) throw new Error(`metrics.yml is faulty: ${faults[0]!.reason}`)
  await using collector = await plugin.create(plugin.options.parse({ prometheus_url: url }), context)
  const { signal } = new AbortController()
  const scopes = Array.from({ length: scopeCount }, (_, i) => scopeName(i))
  const batch = Math.max(1, Math.floor(BATCH_POINTS / (scopeCount * metrics.length)))
  let points = 0
  const started = performance.now()
  for (let done = 0; done < periodCount; done += batch) {
    const periods = periodsFrom(BEGIN + done * HOUR, Math.min(batch, periodCount - done), HOUR)
    const answers = await Promise.all(metrics.map((metric) => collector.collect({ metric, scopes, periods }, signal)))
    points += answers.reduce((sum, answer) => sum + answer.length, 0)
  }
  const seconds = (performance.now() - started) / 1000
  const name = `collect: ${scopeCount} scopes x ${metrics.length} metrics x ${periodCount} periods`
  return [
    { name, value: requests, unit: 'requests', note: `${points.toLocaleString('en')} points` },
    { name, value: Number(seconds.toFixed(2)), unit: 's' },
  ]
}

const none = () => Promise.resolve([])
