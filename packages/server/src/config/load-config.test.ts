import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { Fault } from '../lib/fault.ts'
import { checkConfig, type ConfigInput, loadConfig } from './load-config.ts'
import { TEST_PLUGINS } from './testing/plugins.ts'

const BASE = `
[DEFAULT]
auth_strategy = noauth
[collect]
collector = prometheus
metrics_conf = metrics.yml
[collector_prometheus]
prometheus_url = http://localhost:9090/api/v1
[fetcher]
backend = source
`
const METRICS = 'metrics: {cpu: {unit: instance}}\n'

/** A folder with these files, and input that sees nothing else of this machine. */
async function folder(files: Record<string, string>) {
  const path = await mkdtemp(join(tmpdir(), 'config-'))
  for (const [name, text] of Object.entries({ 'metrics.yml': METRICS, ...files })) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), text)
  }
  const input: ConfigInput = {
    env: { HOME: join(path, 'home') },
    cwd: path,
    etc: join(path, 'etc'),
    plugins: TEST_PLUGINS,
  }
  return { path, input, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

test('files are looked for where oslo.config looks, and the first one found is the only one', async () => {
  await using at = await folder({
    'etc/cloudkitty/cloudkitty.conf': `${BASE}[api]\nport = 1\n`,
    'etc/cloudkitty.conf': '[api]\nport = 2\n',
    'etc/cloudkitty/cloudkitty.conf.d/20.conf': '[api]\nhost = 127.0.0.3\n',
    'etc/cloudkitty/cloudkitty.conf.d/10.conf': '[api]\nhost = 127.0.0.2\nport = 3\n',
    'etc/cloudkitty/cloudkitty.conf.d/30.conf.off': '[api]\nport = 4\n',
  })
  const { config } = await loadConfig(at.input)
  expect(config.options.api).toMatchObject({ port: 3, host: '127.0.0.3' })
  await mkdir(join(at.path, 'home', '.cloudkitty'), { recursive: true })
  await writeFile(join(at.path, 'home', '.cloudkitty', 'cloudkitty.conf'), `${BASE}[api]\nport = 5\n`)
  const { config: own } = await loadConfig({ ...at.input, dirs: [] })
  expect(own.options.api.port).toBe(5)
  expect(own.files).toEqual([join(at.path, 'home', '.cloudkitty', 'cloudkitty.conf')])
})

test('named files and folders are read in order, later ones win, and the environment wins over all', async () => {
  await using at = await folder({
    'a.conf': `${BASE}[api]\nport = 1\n[collect]\nperiod = 60\nwait_periods = 9\n`,
    'b.conf': '[api]\nport = 2\n[collect]\nperiod = 120\n',
    'd/z.conf': '[api]\nport = 3\n',
  })
  const env = { ...at.input.env, OS_API__PORT: '4', OS_COLLECTOR_PROMETHEUS__TIMEOUT: '7.5' }
  const { config } = await loadConfig({ ...at.input, files: ['a.conf', 'b.conf'], dirs: ['d'] })
  expect(config.options.api.port).toBe(3)
  expect(config.options.collect).toMatchObject({ period: 120, wait_periods: 9 })
  const { config: overridden } = await loadConfig({ ...at.input, files: ['a.conf'], dirs: [], env })
  expect(overridden.options.api.port).toBe(4)
  expect(overridden.collector.options).toMatchObject({ timeout: 7.5 })
})

test('a faulty variable of the environment is named', async () => {
  await using at = await folder({ 'a.conf': BASE })
  const env = { OS_API__PORT: 'x', OS_API__HOTS: '::1' }
  const { faults, warnings } = await checkConfig({ ...at.input, env, files: ['a.conf'], dirs: [] })
  expect(faults).toEqual([
    { where: 'OS_API__PORT', path: '[api] port', reason: "expected a whole number from 0 to 65535, got 'x'" },
  ])
  expect(warnings).toEqual(["OS_API__HOTS [api] hots is an unknown option; did you mean 'host'?"])
})

test('relative paths start at the working directory, and what this machine knows is filled in', async () => {
  await using at = await folder({
    'conf/a.conf': `${BASE}[DEFAULT]\nlog_dir = log\n[oslo_policy]\npolicy_file = rules.yaml\n`,
    'conf/rules.yaml': '"storage:list_data_frames": "!"\n',
  })
  const { config } = await loadConfig({ ...at.input, files: ['conf/a.conf'], dirs: [] })
  expect(config.options.state.url).toEqual({ kind: 'embedded', folder: join(at.path, 'data/state') })
  expect(config.store.options).toMatchObject({ path: join(at.path, 'data/points.duckdb') })
  expect(config.options.collect.metrics_conf).toBe(join(at.path, 'metrics.yml'))
  expect(config.options.DEFAULT.log_file).toBe(join(at.path, 'log/cloudtabbyd.log'))
  expect(config.options.DEFAULT.host).not.toBe('')
  expect(config.policy.rules.find(({ name }) => name === 'storage:list_data_frames')).toMatchObject({
    source: `${join(at.path, 'conf/rules.yaml')}:1`,
  })
  expect(config.metrics).toMatchObject([{ name: 'cpu', unit: 'instance' }])
})

test("CloudKitty's database is taken when it is PostgreSQL and nothing else is said", async () => {
  await using at = await folder({ 'a.conf': `${BASE}[database]\nconnection = postgresql+psycopg2://u:p@h/d\n` })
  const { config } = await loadConfig({ ...at.input, files: ['a.conf'], dirs: [] })
  expect(config.options.state.url).toEqual({ kind: 'postgresql', url: 'postgresql://u:p@h/d' })
})

test('loading throws one fault that lists all of them, of all files', async () => {
  await using at = await folder({
    'a.conf': `${BASE}[api]\nport = x\nhost\n`,
    'b.conf': '[storage]\nbackend = influxdb\n',
    'metrics.yml': 'metrics: {cpu: {alt_name: 3}}\n',
  })
  const failure = await loadConfig({ ...at.input, files: ['a.conf', 'b.conf', 'gone.conf'], dirs: ['gone'] }).catch(
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(Fault)
  const { code, message, detail } = failure as Fault
  expect(code).toBe('config.invalid')
  for (const part of ['7 faults', 'a.conf:', 'b.conf:2 [storage] backend', 'gone.conf: cannot', 'gone: cannot']) {
    expect(message).toContain(part)
  }
  expect(message).toContain('metrics.yml:1 metrics.cpu.unit: is required')
  expect(message).toContain('metrics.yml:1 metrics.cpu.alt_name: expected a text')
  expect((detail as { faults: unknown[] }).faults).toHaveLength(7)
})

test('without any file the defaults are what CloudKitty has', async () => {
  await using at = await folder({})
  const { faults, files } = await checkConfig(at.input)
  expect(files).toEqual([])
  expect(faults.map(({ where, reason }) => [where, reason])).toEqual([
    ['/etc/cloudkitty/metrics.yml', 'cannot be read: no such file or folder'],
  ])
})

test("an operator's own collector is loaded from a module, with its own section", async () => {
  await using at = await folder({
    'a.conf': `${BASE}[collect]\ncollector = ./mine.js\n[collector_mine]\nspeed = 3\n`,
    'mine.js': `
      const schema = (parse) => ({ def: { type: 'custom' }, safeParse: (value) => ({ success: true, data: parse(value) }) })
      export const plugin = { name: 'mine', options: schema((v) => ({ speed: Number(v.speed) })), extraArgs: schema((v) => v), create() {} }
    `,
  })
  const { config } = await loadConfig({ ...at.input, files: ['a.conf'], dirs: [] })
  expect(config.collector.plugin.name).toBe('mine')
  expect(config.collector.options).toEqual({ speed: 3 })
})

test('a comment behind a value is said to belong to the value', async () => {
  const conf = BASE.replace('backend = source', 'backend = source').concat('[api]\nport = 8889 # ours\n')
  await using at = await folder({ 'cloudkitty.conf': conf })
  const { faults } = await checkConfig({ ...at.input, files: ['cloudkitty.conf'] })
  expect(faults.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
    expect.stringMatching(
      /^\[api\] port: .*\(a comment needs a line of its own: after a value, '#' and ';' belong to it\)$/,
    ),
  ])
  await using text = await folder({ 'cloudkitty.conf': `${BASE}[DEFAULT]\nhost = here ; as always\n` })
  const { warnings } = await checkConfig({ ...text.input, files: ['cloudkitty.conf'] })
  expect(warnings).toEqual([expect.stringContaining('[DEFAULT] host: a comment needs a line of its own')])
})
