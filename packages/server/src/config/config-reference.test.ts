import { expect, test } from 'vitest'
import { configReference } from './config-reference.ts'
import { IGNORED_OPTIONS } from './ignored-options.ts'
import { SECTIONS } from './options.ts'
import { optionMeta } from './schema-faults.ts'
import { TEST_COLLECTORS, TEST_FETCHERS } from './testing/plugins.ts'

test('every option says what it means', () => {
  const silent = Object.entries(SECTIONS).flatMap(([section, { shape }]) =>
    Object.entries(shape)
      .filter(([, schema]) => optionMeta(schema).description === '')
      .map(([option]) => `[${section}] ${option}`),
  )
  expect(silent).toEqual([])
})

test('no option is both read and ignored', () => {
  const both = Object.entries(SECTIONS).flatMap(([section, { shape }]) =>
    Object.keys(shape).filter((option) => Object.hasOwn(IGNORED_OPTIONS[section] ?? {}, option)),
  )
  expect(both).toEqual([])
})

test('the reference names every section, default and secret', async () => {
  const text = configReference([await TEST_COLLECTORS.prometheus()], [await TEST_FETCHERS.source()])
  expect(text).toContain('| `wait_periods` | `2` |')
  expect(text).toContain('| `prometheus_url` | *required* |')
  expect(text).toContain('| `password` | empty | Password of the user (secret) |')
  expect(text).toContain('## [fetcher_source]')
  expect(text).toContain('| `[orchestrator]` | `coordination_url` |')
})
