import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkConfig } from './load-config.ts'
import { TEST_PLUGINS } from './testing/plugins.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'cloudtabby-plugins-'))
  await writeFile(join(cwd, 'metrics.yml'), 'metrics: {cpu: {unit: h}}\n')
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const SCHEMA = `{ def: { type: 'custom' }, safeParse: (data) => ({ success: true, data }) }`
let count = 0

/** What is wrong with a configuration in which the option names a module of that text. */
async function faultsOf(option: string, text: string, more = '') {
  const file = `own-${count++}.mjs`
  await writeFile(join(cwd, file), text)
  const [section, name] = option.split('.')
  const lines = [
    '[DEFAULT]\nauth_strategy = noauth',
    '[collect]\ncollector = prometheus\nmetrics_conf = metrics.yml',
    '[collector_prometheus]\nprometheus_url = http://x/api/v1',
    '[fetcher]\nbackend = source',
    `[${section}]\n${name} = ./${file}`,
    more,
  ]
  await writeFile(join(cwd, 'a.conf'), lines.join('\n'))
  const { faults } = await checkConfig({ files: ['a.conf'], dirs: [], env: {}, cwd, plugins: TEST_PLUGINS, etc: cwd })
  return faults.map(({ path, reason }) => `${path}: ${reason.replaceAll(file, 'FILE')}`)
}

const plugin = (members: string) => `export const plugin = { ${members} }`

test.each([
  ['collect.collector', 'export const other = 1', "module './FILE' has no export 'plugin'"],
  ['fetcher.backend', 'export const plugin = null', "module './FILE': its plugin is no fetcher: it has no members"],
  [
    'collect.collector',
    plugin(`name: 'mine', options: ${SCHEMA}, create() {}`),
    "module './FILE': its plugin 'mine' is no collector: it has no schema 'extraArgs'",
  ],
  [
    'fetcher.backend',
    plugin("name: 'Mine!', options: {}"),
    "module './FILE': its plugin 'Mine!' is no fetcher: it has no 'name' of a-z, 0-9, _ and -, no schema 'options', no function 'create'",
  ],
  [
    'rating.modules',
    plugin(`name: 'mine', options: ${SCHEMA}, create() {}, migrations: 3`),
    "module './FILE': its plugin 'mine' is no rating module: it has no text 'migrations'",
  ],
  [
    'intake.receivers',
    plugin(`name: 'mine', options: ${SCHEMA}, create: 'x'`),
    "module './FILE': its plugin 'mine' is no receiver: it has no function 'create'",
  ],
  [
    'storage.backend',
    plugin(`name: 'mine', options: ${SCHEMA}, create() {}, embedded: 'yes'`),
    "module './FILE': its plugin 'mine' is no points store: it has no function 'whereabouts', no object 'embedded'",
  ],
  ['rating.modules', 'throw null', "module './FILE' cannot be loaded: null"],
  [
    'rating.modules',
    plugin(`name: 'api', options: ${SCHEMA}, create() {}`),
    "no rating module can be called 'api', because [api] is another section",
  ],
  [
    'rating.modules',
    plugin(`name: 'hashmap', options: ${SCHEMA}, create() {}`),
    "two of them are called 'hashmap'; every rating module needs a name of its own",
  ],
])('a plugin of %s that is not well-formed is refused by name (%#)', async (option, text, reason) => {
  const [section, name] = option.split('.')
  expect(await faultsOf(option, text)).toEqual([`[${section}] ${name}: ${reason}`])
})

test('a name that is nobody is refused with the names that there are', async () => {
  await writeFile(
    join(cwd, 'b.conf'),
    '[storage]\nbackend = duckbd\n[intake]\nreceivers = amqp\n[rating]\nmodules = hashmap, hashmop\n',
  )
  const { faults } = await checkConfig({ files: ['b.conf'], dirs: [], env: {}, cwd, plugins: TEST_PLUGINS, etc: cwd })
  const reasons = faults.map(({ path, reason }) => `${path}: ${reason}`)
  expect(reasons).toEqual(
    expect.arrayContaining([
      "[storage] backend: there is no points store 'duckbd'; did you mean 'duckdb'? (known: clickhouse, duckdb)",
      "[intake] receivers: there is no receiver 'amqp' (known: none is built in)",
      "[rating] modules: there is no rating module 'hashmop'; did you mean 'hashmap'? (known: hashmap, noop)",
    ]),
  )
})

test.each([
  ["throw new Error('no way')", 'threw: no way'],
  ["throw 'no way'", 'threw: no way'],
  ['throw undefined', 'threw: undefined'],
  ['return undefined', 'answers neither with data nor with issues'],
  ['return Promise.resolve()', 'answers neither with data nor with issues'],
])('a schema that does anything but answer gets a message with its name (%s)', async (act, said) => {
  const schema = `{ safeParse() { ${act} } }`
  const whole = `name: 'mine', extraArgs: ${schema}, options: ${schema}, create() {}`
  expect(await faultsOf('collect.collector', plugin(whole), '[collector_mine]\nspeed = 3')).toEqual([
    `[collector_mine]: cannot be read, because the schema of the collector 'mine' ${said}; ask who wrote it`,
    `metrics.cpu.extra_args: cannot be read, because the schema of the collector 'mine' ${said}; ask who wrote it`,
  ])
  // As a rating module it is asked for its section alone.
  expect(await faultsOf('rating.modules', plugin(whole), '[mine]\nspeed = 3')).toEqual([
    `[mine]: cannot be read, because the schema of the rating module 'mine' ${said}; ask who wrote it`,
  ])
})

test('a collector that cannot say what to group by is told by name', async () => {
  const members = `name: 'mine', extraArgs: ${SCHEMA}, options: ${SCHEMA}, create() {}, requiredGroupby() { throw 1 }`
  expect(await faultsOf('collect.collector', plugin(members))).toEqual([
    "metrics.cpu: the collector 'mine' cannot say what to group by: 1; ask who wrote it",
  ])
})
