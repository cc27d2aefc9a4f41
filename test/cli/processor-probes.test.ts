import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../../packages/server/src/lib/testing/free-port.ts'
import { deadUrl } from '../../packages/server/src/lib/testing/serve-http.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { startCloudtabbyd } from './run-cloudtabbyd.ts'

test('a processor answers for its health and its figures, and is unwell once the fetcher is dead for three looks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-probes-'))
  await makeTestStateFolder(join(folder, 'state'))
  const port = await freePort()
  const started = startCloudtabbyd(
    ['serve', '--role', 'processor', '--config-file', 'examples/quickstart/cloudkitty.conf'],
    {
      OS_STATE__URL: `pglite:${join(folder, 'state')}`,
      OS_STORAGE_DUCKDB__PATH: join(folder, 'points.duckdb'),
      OS_PROCESSOR__PORT: String(port),
      OS_PROCESSOR__LOOK_SECONDS: '0.1',
      OS_FETCHER__BACKEND: 'prometheus',
      OS_FETCHER_PROMETHEUS__METRIC: 'up',
      OS_FETCHER_PROMETHEUS__PROMETHEUS_URL: `${await deadUrl()}/api/v1`,
      // A look a period.
      OS_COLLECT__PERIOD: '1',
    },
  )
  try {
    await started.prints(/answering \/healthcheck and \/metrics/)
    const get = async (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
    await expect.poll(async () => (await get('/healthcheck')).status, { timeout: 60_000 }).toBe(503)
    expect(await (await get('/healthcheck')).text()).toMatch(
      /^the fetcher prometheus has named no scopes \d+ times in a row/,
    )
    const figures = await (await get('/metrics')).text()
    expect(figures).toMatch(/^cloudtabby_discovery_failures [3-9]/m)
    expect(figures).toMatch(/^cloudtabby_discoveries_total\{outcome="failed"\} \d+/m)
    expect((await get('/v2/summary')).status).toBe(404)
    expect(started.text()).toContain('connection refused')
  } finally {
    started.process.kill('SIGTERM')
    expect(await started.exit()).toBe(143)
    await rm(folder, { recursive: true, force: true })
  }
})
