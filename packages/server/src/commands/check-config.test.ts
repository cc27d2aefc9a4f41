import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultOf } from '../lib/testing/thrown.ts'
import { Modules } from '../state/modules.ts'
import { openPGlite } from '../state/pglite/open-pglite.ts'
import { makeTestStateFolder } from '../state/testing/open-test-state.ts'
import { runCheckConfig } from './check-config.ts'
import { open } from './invocation.ts'
import { invocationIn } from './testing/invocation-in.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-check-'))
  await writeFile(join(folder, 'metrics.yml'), 'metrics:\n  cpu:\n    unit: h\n')
  await writeFile(
    join(folder, 'gnocchi.yml'),
    'metrics:\n  cpu:\n    unit: h\n    extra_args: {resource_type: instance}\n',
  )
  await writeFile(join(folder, 'key.pem'), '-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n')
  await writeFile(join(folder, 'a-file'), '')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function check(...lines: string[]): Promise<{ status: number; text: string; start: () => Promise<string> }> {
  await writeFile(join(folder, 'a.conf'), lines.join('\n'))
  const invocation = invocationIn(folder, { file: 'a.conf' })
  const status = await runCheckConfig(invocation, { role: 'all' })
  return {
    status,
    text: invocation.takePrinted().replaceAll(folder, 'HERE'),
    start: async () => (await faultOf(open(invocation, 'all'))).message.replaceAll(folder, 'HERE'),
  }
}

const NOAUTH = '[DEFAULT]\nauth_strategy = noauth'
const PROMETHEUS =
  '[collect]\ncollector = prometheus\nmetrics_conf = metrics.yml\n[collector_prometheus]\nprometheus_url = http://x/api/v1'
const SOURCE = '[fetcher]\nbackend = source'
const GOOD = [NOAUTH, PROMETHEUS, SOURCE]

test.each([
  [
    'Gnocchi without the address of Keystone',
    [NOAUTH, '[collect]\ncollector = gnocchi\nmetrics_conf = gnocchi.yml', SOURCE],
    '[collector_gnocchi] auth_url: needed to find Keystone',
  ],
  [
    'keystone without its section',
    ['[DEFAULT]\nauth_strategy = keystone', PROMETHEUS, SOURCE],
    '[keystone_authtoken] auth_url: needed to find Keystone',
  ],
  [
    'a cafile that is not there',
    [NOAUTH, PROMETHEUS, 'cafile = gone.pem', SOURCE],
    '[collector_prometheus] cafile: gone.pem cannot be read: ENOENT',
  ],
  [
    'a cafile that holds a key',
    [NOAUTH, PROMETHEUS, 'cafile = KEY', SOURCE],
    '[collector_prometheus] cafile: HERE/key.pem holds no certificate in PEM',
  ],
  [
    'points below a file',
    [...GOOD, '[storage_duckdb]\npath = a-file/points/x.duckdb'],
    '[storage_duckdb] path: the folder of HERE/a-file/points/x.duckdb cannot be used: HERE/a-file is no folder; name another one',
  ],
  [
    'state below a file',
    [...GOOD, '[state]\nurl = pglite:a-file'],
    '[state] url: the folder cannot be used: HERE/a-file is no folder; name another one',
  ],
  [
    'an empty scope_key',
    [NOAUTH, PROMETHEUS.replace('[collect]', '[collect]\nscope_key ='), SOURCE],
    '[collect] scope_key: is empty',
  ],
  [
    'a Prometheus URL without its prefix',
    [NOAUTH, PROMETHEUS.replace('/api/v1', ':9090'), SOURCE],
    "[collector_prometheus] prometheus_url: expected the URL of Prometheus with the prefix of its API at the end, http://localhost:9090/api/v1, got 'http://x:9090'",
  ],
  [
    'an address that is none',
    [...GOOD, '[api]\nhost = 127.999.1.1'],
    "[api] host: expected an address like 127.0.0.1 or ::1, or a name, got '127.999.1.1'",
  ],
  ['the same under the older name', [...GOOD, '[api]\nhost_ip = 127.999.1.1'], '[api] host_ip: expected an address'],
  [
    'noauth on an address under the older name',
    [...GOOD, '[api]\nhost_ip = 10.0.0.1'],
    '[api] host: with auth_strategy = noauth everybody who reaches 10.0.0.1 is admin',
  ],
])('%s is refused by check-config and by a start, in the same words', async (_case, lines, reason) => {
  const { status, text, start } = await check(...lines.map((line) => line.replace('KEY', join(folder, 'key.pem'))))
  expect({ status, text }).toMatchObject({ status: 1, text: expect.stringContaining(reason) })
  expect(await start()).toContain(reason)
})

test('everything that a start would refuse is told at once', async () => {
  const { text } = await check(
    '[DEFAULT]\nauth_strategy = keystone',
    '[collect]\ncollector = gnocchi\nmetrics_conf = gnocchi.yml',
    '[fetcher]\nbackend = keystone',
    '[storage_duckdb]\npath = a-file/x',
    '[state]\nurl = pglite:a-file/y',
    '[processor]\nconcurrency = 0',
  )
  for (const part of [
    '[keystone_authtoken]',
    '[collector_gnocchi]',
    '[fetcher_keystone]',
    '[storage_duckdb]',
    '[state]',
    '[processor]',
  ]) {
    expect(text).toContain(part)
  }
})

test('the names of kolla-ansible, Puppet and older files are taken, and a policy.yaml by default may be absent', async () => {
  const { status, text } = await check(
    ...GOOD,
    '[api]\nhost_ip = 127.0.0.9',
    '[keystone_authtoken]\nauth_uri = http://keystone/v3',
    '[oslo_policy]\npolicy_file = policy.yaml',
  )
  expect(status).toBe(0)
  expect(text).toContain('API        http://127.0.0.9:8889')
  expect(text).not.toContain('unknown')
  const other = await check(...GOOD, '[oslo_policy]\npolicy_file = other.yaml')
  expect(other).toMatchObject({ status: 1, text: expect.stringContaining('there is no file') })
})

test('a file that is not UTF-8 is refused with its line, whichever it is', async () => {
  const latin = (text: string) => Buffer.from(text, 'latin1')
  await check(...GOOD)
  await writeFile(
    join(folder, 'b.conf'),
    latin(`${GOOD.join('\n')}\n[database]\nconnection = postgresql://u:p\xe4ss@h/d\n`),
  )
  await writeFile(join(folder, 'latin.yml'), latin('metrics:\n  cpu:\n    unit: \xb0C\n'))
  await writeFile(join(folder, 'policy.latin'), latin('# \xe9\n'))
  const invocation = invocationIn(folder, {
    file: 'b.conf',
    env: { OS_COLLECT__METRICS_CONF: 'latin.yml', OS_OSLO_POLICY__POLICY_FILE: join(folder, 'policy.latin') },
  })
  expect(await runCheckConfig(invocation, { role: 'all' })).toBe(1)
  const printed = invocation.takePrinted()
  for (const where of ['b.conf:11', 'latin.yml:3', 'policy.latin:1']) {
    expect(printed).toContain(`${where}: is not UTF-8; save the file as UTF-8`)
  }
})

test('without a module that sets prices check-config warns, and says how to switch one on; it makes no state', async () => {
  const url = `pglite:${folder}/priced`
  const first = await check(...GOOD, `[state]\nurl = ${url}`)
  expect(first.status).toBe(0)
  expect(first.text).toMatch(
    /Warnings:\n {2}usage will cost nothing: no rating module .* "openstack rating module enable hashmap"/,
  )
  expect(existsSync(join(folder, 'priced'))).toBe(false)

  await makeTestStateFolder(join(folder, 'priced'))
  const state = await openPGlite(join(folder, 'priced'), { durability: 'relaxed' })
  await new Modules(state.db).set('noop', { enabled: true }, { who: 'test' })
  // While another process has it open, nothing can be said.
  expect((await check(...GOOD, `[state]\nurl = ${url}`)).text).not.toContain('usage will cost nothing')
  await state[Symbol.asyncDispose]()
  expect((await check(...GOOD, `[state]\nurl = ${url}`)).text).toContain('usage will cost nothing')
  const again = await openPGlite(join(folder, 'priced'), { durability: 'relaxed' })
  await new Modules(again.db).set('hashmap', { enabled: true }, { who: 'test' })
  await again[Symbol.asyncDispose]()
  expect((await check(...GOOD, `[state]\nurl = ${url}`)).text).not.toContain('usage will cost nothing')
}, 60_000)
