import { FRACTION_ONE, FRACTION_ZERO } from '../../domain/fraction.ts'
import type { Metric } from '../../domain/metric.ts'
import type { SampleReader } from '../../domain/sample.ts'
import { SeriesRegistry } from '../../domain/series-registry.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import type { CollectorContext } from '../collector.ts'

export const ALL_VISIBLE: Snapshot = { highest: Number.MAX_SAFE_INTEGER, hidden: [], tombstones: [] }

/** A metric definition with what a test does not care about filled in. */
export function metricOf(more: Partial<Metric> & Pick<Metric, 'name'>): Metric {
  return {
    key: more.name,
    type: more.name,
    unit: 'unit',
    groupby: ['project_id'],
    metadata: [],
    factor: FRACTION_ONE,
    offset: FRACTION_ZERO,
    mutate: 'NONE',
    mutateMap: [],
    extraArgs: {},
    ...more,
  }
}

const NO_SAMPLES: SampleReader = {
  readSamples: async () => [],
  sampleScopes: async () => [],
  firstSampleAt: async () => undefined,
}

export function contextOf(more: Partial<CollectorContext> = {}): CollectorContext {
  return {
    scopeKey: 'project_id',
    periodSeconds: 3600,
    series: new SeriesRegistry(),
    samples: NO_SAMPLES,
    snapshot: async () => ALL_VISIBLE,
    ...more,
  }
}
