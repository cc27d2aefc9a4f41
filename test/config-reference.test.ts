import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IGNORED_OPTIONS } from '../packages/server/src/config/ignored-options.ts'
import { SECTIONS } from '../packages/server/src/config/options.ts'
import { optionMeta } from '../packages/server/src/config/schema-faults.ts'
import { configReference } from '../scripts/config-reference.ts'

test('docs/reference/configuration.md is what the schemas say; if not: npx tsx scripts/print-config-reference.ts', async () => {
  const file = join(import.meta.dirname, '../docs/reference/configuration.md')
  expect(readFileSync(file, 'utf8')).toBe(await configReference())
})

test('every option says what it means, those of plugins too', async () => {
  expect((await configReference()).split('\n').filter((line) => /^\| `.*\|\s+\|$/.test(line))).toEqual([])
})

test('no option is both read and ignored', () => {
  const both = Object.entries(SECTIONS).flatMap(([section, { shape }]) =>
    Object.keys(shape).filter((option) => Object.hasOwn(IGNORED_OPTIONS[section] ?? {}, option)),
  )
  expect(both).toEqual([])
})

test('no default is a secret', () => {
  const secrets = Object.values(SECTIONS).flatMap(({ shape }) =>
    Object.values(shape).map((schema) => optionMeta(schema)),
  )
  expect(
    secrets.filter(({ secret, default: fallback }) => secret && fallback !== undefined && fallback !== ''),
  ).toEqual([])
})
