import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { runCloudtabbyd, startCloudtabbyd } from './run-cloudtabbyd.ts'

/** A collector, a fetcher, a rating module, a receiver and a points store of nobody's but the operator's. */
const EXAMPLE = resolve(import.meta.dirname, '../../examples/plugins')
const MODULES = resolve(import.meta.dirname, '../../node_modules')
const HOUR = 3600

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-own-plugins-'))
  await cp(EXAMPLE, folder, { recursive: true })
  await mkdir(join(folder, 'node_modules/@cloudtabby'), { recursive: true })
  for (const name of ['@cloudtabby/server', 'drizzle-orm', 'zod']) {
    await symlink(join(MODULES, name), join(folder, 'node_modules', name))
  }
  await mkdir(join(folder, 'data'))
  await makeTestStateFolder(join(folder, 'data/state'))
  await mkdir(join(folder, 'drop'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('one of each kind from outside the tree works, by a module specifier alone', async () => {
  const begin = (Math.floor(Date.now() / 1000 / HOUR) - 5) * HOUR
  const env = { OS_API__PORT: '0', OS_COLLECT__BEGIN: new Date(begin * 1000).toISOString() }
  const config = ['--config-file', 'cloudkitty.conf']
  const checked = await runCloudtabbyd(['check-config', ...config], env, folder)
  expect(checked).toMatchObject({ status: 0, text: expect.stringContaining(`lines in ${folder}/data/points.jsonl`) })
  for (const line of [
    /collector +flat_fee \(contract = C-7\)/,
    /fetcher +customers_file/,
    /modules +discount \(general = 10\), hashmap, noop, pyscripts/,
    /receivers +drop_folder/,
  ]) {
    expect(checked.text).toMatch(line)
  }

  await writeFile(join(folder, 'nobody.txt'), '')
  const first = startCloudtabbyd(
    ['serve', ...config],
    { ...env, OS_FETCHER_CUSTOMERS_FILE__FILE: 'nobody.txt' },
    { cwd: folder },
  )
  try {
    const [, url] = await first.prints(/Answering on (http:\S+),/)
    const call = async (method: string, path: string, body?: unknown) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${url}${path}`, {
        method,
        headers,
        redirect: 'manual',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      expect({ path, ok: answer.status < 400, text }).toMatchObject({ ok: true })
      return text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>)
    }
    for (const [name, priority] of [['hashmap', 2] as const, ['discount', 1] as const]) {
      await call('PUT', `/v1/rating/modules/${name}`, { module_id: name, enabled: true, priority })
    }
    const service = await call('POST', '/v1/rating/module_config/hashmap/services', { name: 'support' })
    await call('POST', '/v1/rating/module_config/hashmap/mappings?force=true', {
      service_id: service!['service_id'],
      type: 'flat',
      cost: '3',
      start: '2026-01-01T00:00:00',
    })
    await call('PUT', '/v1/rating/module_config/discount/discounts/acme', { percent: '50' })
    expect(await call('GET', '/v1/billing/module_config/discount/discounts/acme')).toBe('50.00')
    expect(await call('GET', '/v1/billing/modules/discount')).toMatchObject({ services: ['everything'] })

    const sample = { name: 'cpu', at: begin, value: '1.5', labels: { project_id: 'acme' } }
    await writeFile(join(folder, 'usage'), JSON.stringify([sample, sample]))
    await rename(join(folder, 'usage'), join(folder, 'drop/usage.json'))
    await expect.poll(() => readdir(join(folder, 'drop')), { timeout: 60_000 }).toEqual([])
  } finally {
    first.process.kill('SIGTERM')
    expect(await first.exit()).toBe(143)
  }
  expect(first.text()).toContain('The discounts are closed.')

  const rated = await runCloudtabbyd(['process', ...config], env, folder)
  expect(rated).toMatchObject({ status: 0 })
  const audit = await runCloudtabbyd(['audit', 'list', ...config], env, folder)
  expect(audit.text).toMatch(/receiver drop_folder.*samples/)

  const lines = (await readFile(join(folder, 'data/points.jsonl'), 'utf8')).trim().split('\n')
  const points = lines.map((line) => JSON.parse(line) as { scope: string; type: string; begin: number; price: string })
  const ofFirstHour = points.filter((point) => point.begin === begin)
  expect(ofFirstHour.map(({ scope, type, price }) => `${scope} ${type} ${price}`).toSorted()).toEqual([
    'acme support 3',
    'globex support 5.4',
  ])
})
