import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatFault } from './config-fault.ts'
import { checkConfig, type ConfigInput } from './load-config.ts'
import { parseMetrics } from './metrics.ts'
import { renderOutcome } from './render-outcome.ts'
import { TEST_PLUGINS } from './testing/plugins.ts'

// Beside each file stands what comes of it: `.faults` (all of them), `.outcome` (what check-config prints) or `.metrics`.
const FOLDER = join(import.meta.dirname, 'testdata')
const FILES = readdirSync(FOLDER).toSorted()
const withEnd = (end: string) => FILES.filter((name) => name.endsWith(end))
const input = (name: string): ConfigInput => ({
  files: [name],
  dirs: [],
  env: {},
  cwd: FOLDER,
  plugins: TEST_PLUGINS,
  etc: join(FOLDER, 'etc'),
})
const localized = (text: string) => text.replaceAll(`${FOLDER}/`, '')
const faultLines = (faults: Parameters<typeof formatFault>[0][]) =>
  localized(faults.map((fault) => `${formatFault(fault)}\n`).join(''))
const golden = (name: string) => join(FOLDER, name)

async function metricsOf(name: string) {
  const collector = await TEST_PLUGINS.collector[name.startsWith('gnocchi') ? 'gnocchi' : 'prometheus']()
  return parseMetrics(readFileSync(join(FOLDER, name), 'utf8'), name, { scopeKey: 'project_id', collector })
}

describe('metrics.yml', () => {
  test.each(withEnd('.good.yml'))('%s is taken, and means what its .metrics says', async (name) => {
    const { faults, metrics, readable } = await metricsOf(name)
    expect(faults).toEqual([])
    expect(readable).toBe(true)
    const text = JSON.stringify(metrics, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value), 1)
    await expect(`${text}\n`).toMatchFileSnapshot(golden(`${name}.metrics`))
  })

  test.each(withEnd('.bad.yml'))('%s is refused with all its faults', async (name) => {
    const { faults } = await metricsOf(name)
    expect(faults).not.toEqual([])
    await expect(faultLines([...faults])).toMatchFileSnapshot(golden(`${name}.faults`))
  })
})

describe('cloudkitty.conf', () => {
  test.each(withEnd('.good.conf'))('%s is taken', async (name) => {
    const outcome = await checkConfig(input(name))
    expect(outcome.faults).toEqual([])
    const text = renderOutcome(outcome)
    expect(text).not.toContain('-secret')
    await expect(localized(text)).toMatchFileSnapshot(golden(`${name}.outcome`))
  })

  test.each(withEnd('.bad.conf'))('%s is refused with all its faults', async (name) => {
    const { config, faults } = await checkConfig(input(name))
    expect(config).toBeUndefined()
    expect(faults).not.toEqual([])
    const text = faultLines([...faults])
    expect(text).not.toContain('-secret')
    await expect(text).toMatchFileSnapshot(golden(`${name}.faults`))
  })
})

test('the corpus is whole: nothing stands in it that no test looks at', () => {
  const looked =
    /\.(?:good|bad)\.(?:yml|conf)(?:\.(?:faults|outcome|metrics))?$|^not-a-plugin\.js$|^policy-rules\.bad\.yaml$/
  expect(FILES.filter((name) => !looked.test(name))).toEqual([])
  expect(withEnd('.good.yml').length + withEnd('.good.conf').length).toBeGreaterThanOrEqual(10)
  expect(withEnd('.bad.yml').length + withEnd('.bad.conf').length).toBeGreaterThanOrEqual(25)
})
