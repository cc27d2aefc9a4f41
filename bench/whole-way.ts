import { CLOUD_METRICS, metricsYaml, scopeName } from './cloud-metrics.ts'
import type { Measure } from './measure.ts'
import { startMemoryPrometheus } from './start-memory-prometheus.ts'
import { rateCloud } from './rate-cloud.ts'

const SCOPES = 1000
const RESOURCES = 17
const PERIODS = 6
const HOUR = 3600

/** Collect, rate and commit, with a Prometheus in another process that answers from memory. */
export async function benchWholeWay(): Promise<Measure[]> {
  using source = await startMemoryPrometheus(SCOPES, RESOURCES)
  const until = Math.floor(Date.now() / 1000 / HOUR) * HOUR
  const { points, seconds, peakMegabytes } = await rateCloud(source.url, metricsYaml(CLOUD_METRICS), {
    begin: until - (PERIODS + 1) * HOUR,
    until,
    scopes: Array.from({ length: SCOPES }, (_, i) => scopeName(i)),
  })
  const name = `collect, rate, commit: ${SCOPES} scopes, ${Math.round(points / PERIODS)} series a period`
  return [
    { name, value: Math.round(points / seconds), unit: 'points/s', note: `${points} points of ${PERIODS} periods` },
    { name: `${name}: memory`, value: Math.round(peakMegabytes), unit: 'MB', note: 'the most at any time' },
  ]
}
