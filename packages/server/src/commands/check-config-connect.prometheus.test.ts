import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startPrometheus, whyNoPrometheus } from '../collectors/testing/start-prometheus.ts'
import { runCheckConfig } from './check-config.ts'
import { invocationIn } from './testing/invocation-in.ts'

const missing = whyNoPrometheus()

describe.skipIf(missing !== undefined)(`check-config --connect${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('asks a real Prometheus for the collector and for the fetcher, whose scopes it counts', async () => {
    const now = Math.floor(Date.now() / 1000)
    const samples = [-240, -120, 0, 120, 240].map((offset) => [now + offset, '1'] as const)
    await using prometheus = await startPrometheus(
      ['one', 'two'].map((project_id) => ({ name: 'up', labels: { project_id }, samples })),
    )
    const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-connect-'))
    try {
      await writeFile(join(folder, 'metrics.yml'), 'metrics:\n  up:\n    unit: h\n')
      await writeFile(
        join(folder, 'a.conf'),
        `[DEFAULT]
auth_strategy = noauth
[collect]
collector = prometheus
metrics_conf = metrics.yml
[collector_prometheus]
prometheus_url = ${prometheus.url}
[fetcher]
backend = prometheus
[fetcher_prometheus]
metric = up
prometheus_url = ${prometheus.url}
`,
      )
      const invocation = invocationIn(folder, { file: 'a.conf' })
      const status = await runCheckConfig(invocation, { role: 'processor', connect: true })
      const printed = invocation.takePrinted()
      expect(printed).toMatch(new RegExp(`collector {2}${prometheus.url}: answered in \\d+ ms\n`))
      expect(printed).toMatch(new RegExp(`fetcher {4}${prometheus.url}: answered in \\d+ ms: 2 scopes\n`))
      expect(status).toBe(0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
