import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { runCloudtabbyd, startCloudtabbyd } from './run-cloudtabbyd.ts'

test('check-config --connect finds embedded stores in use, lets the service have them, and reads them when it has ended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-connect-'))
  await makeTestStateFolder(join(folder, 'state'))
  const config = ['--config-file', 'examples/quickstart/cloudkitty.conf']
  const env = {
    OS_STATE__URL: `pglite:${join(folder, 'state')}`,
    OS_STORAGE_DUCKDB__PATH: join(folder, 'points.duckdb'),
    OS_API__PORT: '0',
  }
  const service = startCloudtabbyd(['serve', '--role', 'api', ...config], env)
  try {
    const [, url] = await service.prints(/(http:\/\/[\d.:]+)/)
    const connect = () => runCloudtabbyd(['check-config', '--connect', ...config], env)
    const { pid } = service.process
    const during = await connect()
    expect(during.text).toMatch(
      new RegExp(`state {6}pglite:\\S+: answered in \\d+ ms: in use by the running service \\(process ${pid}\\)\n`),
    )
    expect(during.text).toMatch(
      new RegExp(`points {5}DuckDB, \\S+: answered in \\d+ ms: in use by the running service \\(process ${pid}\\)\n`),
    )
    expect(during.status).toBe(0)
    expect((await fetch(`${url}/healthcheck`)).status).toBe(200)
    service.process.kill('SIGTERM')
    await service.exit()
    const after = await connect()
    expect(after).toMatchObject({ status: 0, text: expect.stringMatching(/state {6}pglite:\S+: answered in \d+ ms\n/) })
    expect(after.text).toMatch(/points {5}DuckDB, \S+: answered in \d+ ms\n/)
  } finally {
    service.process.kill('SIGTERM')
    await service.exit()
    await rm(folder, { recursive: true, force: true })
  }
}, 90_000)
