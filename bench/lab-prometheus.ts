import {
  startPrometheus,
  type SeriesData,
  whyNoPrometheus,
} from '../packages/server/src/collectors/testing/start-prometheus.ts'
import { CLOUD_METRICS, labelsOf, metricsYaml, scopeName } from './cloud-metrics.ts'
import type { Measure } from './measure.ts'
import { rateCloud } from './rate-cloud.ts'

const SCOPES = 50
const RESOURCES = 10
const PERIODS = 24
const HOUR = 3600
const STEP = 300

/** A real Prometheus with 50 scopes and 7 metrics, 24 periods due: what the table in the design calls the lab's. */
export async function benchLabPrometheus(): Promise<Measure[]> {
  const why = whyNoPrometheus()
  if (why !== undefined) return [{ name: 'the lab’s Prometheus', value: 0, unit: 'skipped', note: why }]
  const until = Math.floor(Date.now() / 1000 / HOUR) * HOUR
  const begin = until - PERIODS * HOUR
  await using prometheus = await startPrometheus([...cloud(begin - HOUR, until)])
  const before = await prometheus.queries()
  const { points, seconds } = await rateCloud(prometheus.url, metricsYaml(CLOUD_METRICS), {
    begin,
    until: until + 1,
    scopes: Array.from({ length: SCOPES }, (_, i) => scopeName(i)),
  })
  const name = `the lab’s Prometheus, ${SCOPES} scopes x ${CLOUD_METRICS.length} metrics x ${PERIODS} periods`
  return [
    { name, value: Number(seconds.toFixed(2)), unit: 's', note: `${points} points` },
    { name: `${name}: requests`, value: (await prometheus.queries()) - before, unit: 'requests' },
  ]
}

function* cloud(begin: number, end: number): Generator<SeriesData> {
  for (const metric of CLOUD_METRICS) {
    for (let scope = 0; scope < SCOPES; scope++) {
      for (let resource = 0; resource < (metric.resources ?? RESOURCES); resource++) {
        const samples: [number, number][] = []
        for (let at = begin; at <= end; at += STEP) samples.push([at, metric.value(resource, at)])
        yield { name: metric.name, labels: labelsOf(metric, scope, resource), samples }
      }
    }
  }
}
