import { once } from 'node:events'
import { createServer } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { runCloudtabbyd } from './run-cloudtabbyd.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-bad-input-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const CONF = ['--config-file', 'examples/quickstart/cloudkitty.conf']
const stores = (name: string) => ({
  OS_STATE__URL: `pglite:${join(folder, name, 'state')}`,
  OS_STORAGE_DUCKDB__PATH: join(folder, name, 'points.duckdb'),
})
const file = async (name: string, text: string) => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

test('every fault of a broken metrics.yml is told at once, with file and path, and nothing is started', async () => {
  const metrics = await file(
    'metrics.yml',
    'metrics:\n  cpu:\n    groupby: [id, id]\n    mutate: MAP\n  ram:\n    unit: MiB\n    factor: many\n    colour: red\n',
  )
  const env = { OS_COLLECT__METRICS_CONF: metrics, ...stores('metrics') }
  const check = await runCloudtabbyd(['check-config', ...CONF], env)
  expect(check.status).toBe(1)
  for (const path of [
    'metrics.cpu.unit',
    'metrics.cpu.groupby',
    'metrics.cpu.mutate: MAP needs mutate_map',
    'metrics.ram.factor',
    'colour',
  ]) {
    expect(check.text).toContain(path)
  }
  expect(check.text).toContain(metrics)
  const started = await runCloudtabbyd(['process', ...CONF], env)
  expect(started.status).toBe(1)
  expect(started.text).toContain('metrics.ram.factor')
})

test('a CSV file with faulty lines is refused whole, with each line, column and reason', async () => {
  const csv = await file(
    'usage.csv',
    'timestamp,name,value,project_id,id\n' +
      '2026-06-01T00:00:00Z,instance,1,web-shop,i-1\n' +
      '2026-06-01T01:00:00Z,instance,many,web-shop,i-1\n' +
      'yesterday,instance,1,web-shop,i-1\n' +
      '2026-06-01T02:00:00Z,instance,1,,i-1\n' +
      '2026-06-01T03:00:00Z,instance,1\n',
  )
  const env = stores('csv')
  await makeTestStateFolder(join(folder, 'csv', 'state'))
  const refused = await runCloudtabbyd(['import', csv, ...CONF], env)
  expect(refused.status).toBe(1)
  expect(refused.text).toMatch(/usage\.csv:3.*value.*many/)
  expect(refused.text).toMatch(/usage\.csv:4.*timestamp.*yesterday/)
  expect(refused.text).toMatch(/usage\.csv:5.*project_id/)
  expect(refused.text).toMatch(/usage\.csv:6/)
  const rated = await runCloudtabbyd(['process', ...CONF, '--until', '2026-06-02'], env)
  expect(rated).toMatchObject({ status: 1 })
  expect(rated.text).toContain('Rated 0 scope periods, 0 points')
  expect(rated.text).toMatch(/No scopes: the fetcher samples named no scope.*label project_id.*cloudtabbyd import FILE/)
})

test.each([
  ['process', '--until', '2026-02-31'],
  ['process', '--until', '2026-06-01T24:30:00Z'],
  ['audit', 'list', '--since', '2026-13-01'],
  ['collect', '--metric', 'cpu', '--begin', '2025-02-29', '--end', '2026-06-01'],
])('%s %s %s %s: a time that does not exist is refused', async (...command) => {
  const { status, text } = await runCloudtabbyd([...command, ...CONF], stores('time'))
  expect(status).toBe(1)
  expect(text).toContain('expected a time that exists, as ISO 8601 writes it: 2026-06-01T00:00:00Z')
})

test('time to come is not rated: `process --until` goes up to the present and says so', async () => {
  await makeTestStateFolder(join(folder, 'ahead', 'state'))
  const asked = new Date(Date.now() + 31 * 86_400_000).toISOString().slice(0, 19)
  const { text } = await runCloudtabbyd(['process', ...CONF, '--until', asked], stores('ahead'))
  expect(text).toMatch(/is yet to come: usage of then would never be billed\. Rating up to the present, /)
  const [, until] = /points, up to (\S+)\./.exec(text)!
  expect(Date.parse(until!)).toBeLessThanOrEqual(Date.now())
})

test('a port that is taken is named before any work is done', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  try {
    const { status, text } = await runCloudtabbyd(['quickstart'], { ...stores('port'), OS_API__PORT: String(port) })
    expect(status).toBe(1)
    expect(text).toContain(`port ${port} of 127.0.0.1 is taken`)
    expect(text).not.toContain('Usage:')
  } finally {
    holder.close()
  }
})

test('a folder that cannot be made is named', async () => {
  const notAFolder = await file('file', '')
  const { status, text } = await runCloudtabbyd(['migrate', ...CONF], {
    ...stores('folder'),
    OS_STATE__URL: `pglite:${notAFolder}/state`,
  })
  expect(status).toBe(1)
  expect(text).toContain(`${notAFolder}/state`)
})
