/** What the README and docs/ show is tried, so that a reader who pastes it meets what is written beside it. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DocumentedApi } from '../packages/server/src/api/testing/documented-api.ts'
import { runImport } from '../packages/server/src/commands/import.ts'
import { invocationIn } from '../packages/server/src/commands/testing/invocation-in.ts'
import { runProcess } from '../packages/server/src/commands/process.ts'
import { checkConfig } from '../packages/server/src/config/load-config.ts'
import { openPGlite } from '../packages/server/src/state/pglite/open-pglite.ts'
import { makeTestStateFolder } from '../packages/server/src/state/testing/open-test-state.ts'
import { PLUGINS } from '../packages/server/src/wiring/plugins.ts'
import { createRules } from './shared/first-rules.ts'

const ROOT = resolve(import.meta.dirname, '..')
const PROGRAM = join(ROOT, 'packages/server/bin/cloudtabbyd.js')
const QUICKSTART = join(ROOT, 'examples/quickstart/cloudkitty.conf')

interface Block {
  readonly where: string
  readonly kind: string
  readonly text: string
}

const DOCUMENTS = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true }).map((name) => `docs/${String(name)}`),
]
const BLOCKS: readonly Block[] = DOCUMENTS.filter((file) => file.endsWith('.md')).flatMap((file) => {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/^```(\S*)[^\n]*\n([\s\S]*?)^```$/gm)].map(({ 1: kind = '', 2: inner = '', index }) => ({
    where: `${file}:${text.slice(0, index).split('\n').length}`,
    kind,
    text: inner,
  }))
})
const ofKind = (...kinds: string[]) =>
  BLOCKS.filter(({ kind }) => kinds.includes(kind)).map((block) => [block.where, block] as const)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-documents-'))
  await copyFile(join(ROOT, 'examples/quickstart/metrics.yml'), join(folder, 'metrics.yml'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The quickstart's configuration, and what a document adds to it. */
async function configured(addition: string, env: Record<string, string> = {}) {
  const own = join(folder, 'own.conf')
  await writeFile(own, addition)
  return checkConfig({ files: [QUICKSTART, own], dirs: [], env, cwd: ROOT, plugins: PLUGINS })
}

test('every block is of a kind that is tried here, or by docs/extending.md’s own test', () => {
  // Without a kind: output, drawings, and files of other programs.
  const known = ['ini', 'systemd', 'yaml', 'csv', 'json', 'sh', 'shell', 'ts', '']
  expect(BLOCKS.filter(({ kind }) => !known.includes(kind))).toEqual([])
})

test.each(ofKind('ini'))('%s is a configuration without a fault or an unknown option', async (_where, { text }) => {
  const { faults, warnings } = await configured(text)
  expect(faults).toEqual([])
  expect(warnings.filter((warning) => /unknown|did you mean/.test(warning))).toEqual([])
})

test.each(ofKind('yaml'))('%s is what its reader takes', async (_where, { text }) => {
  const document = parse(text) as Record<string, unknown>
  const file = join(folder, 'shown.yaml')
  await writeFile(file, text)
  if ('metrics' in document) {
    expect((await configured('', { OS_COLLECT__METRICS_CONF: file })).faults).toEqual([])
  } else if (Object.keys(document).every((key) => key === 'context_is_admin' || key.includes(':'))) {
    const env = { OS_DEFAULT__AUTH_STRATEGY: 'keystone', OS_OSLO_POLICY__POLICY_FILE: file }
    const { faults, warnings } = await configured('', env)
    expect(faults.filter(({ where, path }) => `${where} ${path}`.includes('shown.yaml'))).toEqual([])
    expect(warnings.filter((warning) => warning.includes('shown.yaml'))).toEqual([])
  } else {
    // Prometheus' own.
    expect(Object.keys(document)).toEqual(['scrape_configs'])
  }
})

test.each(ofKind('csv'))('%s is usage that the quickstart rates, whole', async (_where, { text }) => {
  const dir = await mkdtemp(join(folder, 'csv-'))
  const path = join(dir, 'usage.csv')
  await writeFile(path, text)
  const lines = text.trim().split('\n').length - 1
  await makeTestStateFolder(join(dir, 'state'))
  {
    await using state = await openPGlite(join(dir, 'state'))
    await createRules(state.db, join(ROOT, 'examples/quickstart/rules.yml'), 0)
  }
  const env = { OS_STATE__URL: `pglite:${join(dir, 'state')}`, OS_STORAGE_DUCKDB__PATH: join(dir, 'points.duckdb') }
  const invocation = invocationIn(ROOT, { file: QUICKSTART, env })
  const imported = { status: await runImport(invocation, path), printed: invocation.takePrinted() }
  expect(imported).toEqual({ status: 0, printed: expect.stringMatching(new RegExp(`\\b${lines} samples`)) as string })
  const processed = { status: await runProcess(invocation, undefined), printed: invocation.takePrinted() }
  expect(processed).toMatchObject({ status: 0 })
  expect(processed.printed).toMatch(/^Rated [1-9]\d* scope periods, [1-9]\d* points, up to \S+\.\n$/)
})

test.each(ofKind('json'))('%s is JSON, or a member of an object', (_where, { text }) => {
  expect(() => JSON.parse(text.startsWith('"') ? `{${text}}` : text) as unknown).not.toThrow()
})

/** Commands of shell blocks, without prompts and comments. */
const LINES = ofKind('sh', 'shell').flatMap(([where, { text }]) =>
  text.split('\n').map((line) => ({ where, line: line.replace(/^\$ /, '').replace(/\s+#\s.*$/, '') })),
)

const HELPS = new Map<string, Promise<string>>()
function helpOf(command: string): Promise<string> {
  let help = HELPS.get(command)
  if (!help) {
    const asked = promisify(execFile)(process.execPath, [PROGRAM, ...command.split(' '), '--help'])
    HELPS.set(command, (help = asked.then(({ stdout }) => stdout)))
  }
  return help
}

test('commands and options of cloudtabbyd that are shown exist', { timeout: 120_000 }, async () => {
  const shown = LINES.flatMap(({ where, line }) => {
    const found = /(?:^|\s)cloudtabbyd ((?:policy |audit )?[a-z-]+)(.*)$/.exec(line)
    return found ? [{ where, command: found[1]!, rest: found[2]! }] : []
  })
  expect(shown.length).toBeGreaterThan(5)
  for (const { where, command, rest } of shown) {
    // oxlint-disable-next-line no-await-in-loop -- one process at a time
    const help = await helpOf(command)
    expect({ where, help: help.split('\n')[0] }).toMatchObject({
      help: expect.stringContaining(`cloudtabbyd ${command} `) as string,
    })
    for (const [option] of rest.matchAll(/--[a-z-]+/g))
      expect(`${where}: ${help}`).toMatch(new RegExp(`\\s${option}\\b`))
  }
})

test('scripts of npm that are shown exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const shown = LINES.flatMap(({ line }) => [...line.matchAll(/npm (?:run )?([a-z:]+)/g)].map((match) => match[1]!))
  expect(shown.filter((name) => name !== 'ci' && !Object.hasOwn(scripts, name))).toEqual([])
})

test('requests that curl is shown with are in the API document, with their parameters', () => {
  const document = readFileSync(join(ROOT, 'docs/reference/openapi.json'), 'utf8')
  const api = new DocumentedApi(JSON.parse(document) as object)
  const shown = LINES.flatMap(({ line }) => {
    const found = /^curl (.*?)["'](?:\$RATING|http:\/\/[^/]+)(\/[^"']*)/.exec(line)
    return found ? [{ method: /-X (\w+)/.exec(found[1]!)?.[1] ?? 'GET', url: found[2]!.replaceAll('$', '') }] : []
  })
  expect(shown.length).toBeGreaterThan(3)
  expect(shown.flatMap(({ method, url }) => api.queryMisfit(method, url) ?? [])).toEqual([])
})

const UNITS = new Map([
  ['s', 1],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
])

test('the defaults in the table of limits are those of the options', () => {
  const reference = readFileSync(join(ROOT, 'docs/reference/configuration.md'), 'utf8')
  const section = /^## \[api\]$([\s\S]*?)^## /m.exec(reference)![1]!
  const defaults = new Map(
    [...section.matchAll(/^\| `(\w+)` \| `([^`]*)`/gm)].map(([, name, value]) => [name!, value!]),
  )
  const table = /^## Limits$([\s\S]*?)^## /m.exec(readFileSync(join(ROOT, 'docs/operating/security.md'), 'utf8'))![1]!
  const shown = [...table.matchAll(/^\| (`[^|]*) \| ([^|]*) \|/gm)].flatMap(([, names, values]) =>
    [...names!.matchAll(/`(\w+)`/g)].map((name, i) => [name[1]!, values!.split(/, (?=\D|\d+$)/)[i]!] as const),
  )
  expect(shown.length).toBeGreaterThan(9)
  const told = shown.map(([name, value]) => {
    const [, number, unit] = /^([\d,]+)(?: (\w+))?$/.exec(value) ?? [null, '0', undefined]
    return [name, String(Number(number!.replaceAll(',', '')) * (unit === undefined ? 1 : UNITS.get(unit)!))]
  })
  expect(told).toEqual(told.map(([name]) => [name, defaults.get(name!)]))
})
