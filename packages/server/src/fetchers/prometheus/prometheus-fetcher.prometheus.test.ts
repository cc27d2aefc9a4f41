import { describe, expect, test } from 'vitest'
import { contextOf } from '../../collectors/testing/collect-context.ts'
import { startPrometheus, whyNoPrometheus } from '../../collectors/testing/start-prometheus.ts'
import { plugin } from './index.ts'

const missing = whyNoPrometheus()
const never = new AbortController().signal

describe.skipIf(missing !== undefined)(`against a real Prometheus${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('the scopes are those that have a series of the metric now and pass the filters', async () => {
    // Alive now: Prometheus looks back five minutes from its own clock.
    const now = Math.floor(Date.now() / 1000)
    const alive = [-240, -120, 0, 120, 240, 360].map((offset) => [now + offset, '1'] as const)
    const ended = [-7200, -7000].map((offset) => [now + offset, '1'] as const)
    await using prometheus = await startPrometheus([
      { name: 'up', labels: { tenant: 'one', region: 'a"b' }, samples: alive },
      { name: 'up', labels: { tenant: 'one', region: 'a"b', host: 'second' }, samples: alive },
      { name: 'up', labels: { tenant: 'two words|東京', region: 'a"b' }, samples: alive },
      { name: 'up', labels: { region: 'a"b' }, samples: alive },
      { name: 'up', labels: { tenant: 'elsewhere', region: 'other' }, samples: alive },
      { name: 'up', labels: { tenant: 'ended', region: 'a"b' }, samples: ended },
      { name: 'other', labels: { tenant: 'other', region: 'a"b' }, samples: alive },
    ])
    const options = { metric: 'up', scope_attribute: 'tenant', prometheus_url: prometheus.url, filters: 'region:a"b' }
    await using fetcher = await plugin.create(plugin.options.parse(options), contextOf())
    expect((await fetcher.scopes(never)).toSorted()).toEqual(['one', 'two words|東京'])
  })
})
