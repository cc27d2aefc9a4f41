import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startPrometheus, whyNoPrometheus } from '../../packages/server/src/collectors/testing/start-prometheus.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { runCloudtabbyd } from './run-cloudtabbyd.ts'

const HOUR = 3600
const BEGIN = Date.UTC(2026, 5, 1) / 1000

test.skipIf(whyNoPrometheus() !== undefined)(
  'collect prints the points of a metric and the exact question, and writes nothing',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-collect-'))
    const samples = Array.from({ length: 25 }, (_, i) => [BEGIN + i * 300, 5 + Math.floor(i / 13)] as const)
    await using prometheus = await startPrometheus([
      { name: 'volume_gib', labels: { project_id: 'web', id: 'v-1', volume_type: 'ssd' }, samples },
    ])
    try {
      await writeFile(
        join(folder, 'metrics.yml'),
        'metrics:\n  volume_gib:\n    unit: GiB\n    alt_name: volume.size\n    groupby: [id]\n    metadata: [volume_type]\n',
      )
      await writeFile(
        join(folder, 'cloudkitty.conf'),
        `[DEFAULT]\nauth_strategy = noauth\n[fetcher]\nbackend = source\n[fetcher_source]\nsources = web\n[collect]\n` +
          `collector = prometheus\nmetrics_conf = ${join(folder, 'metrics.yml')}\n` +
          `[collector_prometheus]\nprometheus_url = ${prometheus.url}\n` +
          `[state]\nurl = pglite:${join(folder, 'state')}\n[storage_duckdb]\npath = ${join(folder, 'points.duckdb')}\n`,
      )
      await makeTestStateFolder(join(folder, 'state'))
      const conf = ['--config-file', join(folder, 'cloudkitty.conf')]
      const end = new Date((BEGIN + 2 * HOUR) * 1000).toISOString()
      const asked = ['collect', ...conf, '--metric', 'volume.size', '--begin', '2026-06-01', '--end', end]
      const { status, text } = await runCloudtabbyd(asked)
      expect({ status, text }).toMatchObject({ status: 0 })
      expect(text).toContain(
        'query = max(max_over_time(volume_gib{project_id="web"}[3600s])) by (id, project_id, volume_type)',
      )
      expect(text).toMatch(/2026-06-01T00:00:00\+00:00 web 5 GiB .*"id": ?"v-1"/)
      expect(text).toMatch(/2026-06-01T01:00:00\+00:00 web 6 GiB/)
      expect(text).toContain('2 points of volume.size (GiB) in 1 scopes and 2 periods')

      const skip = { OS_ORCHESTRATOR__SKIP_DATAPOINTS_EXPRESSION: "datapoint['vol']['qty'] > 5" }
      const { text: skipped } = await runCloudtabbyd(asked, skip)
      expect(skipped).toContain('1 points of volume.size (GiB) in 1 scopes and 2 periods')
      expect(skipped).toContain('1 more are left out by the skip expression: they would not be stored')
      expect(skipped).not.toContain(' web 6 GiB')

      const misspelt = await runCloudtabbyd(['collect', ...conf, '--metric', 'volume.sise', ...asked.slice(5)])
      expect(misspelt.status).toBe(1)
      expect(misspelt.text).toContain('did you mean volume.size?')
      const uneven = await runCloudtabbyd([...asked.slice(0, -1), '2026-06-01T00:30:00Z'])
      expect(uneven.text).toContain('is no whole number of periods of 3600 s')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)
