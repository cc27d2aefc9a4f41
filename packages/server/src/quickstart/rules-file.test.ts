import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { decimal } from '../domain/decimal.ts'
import { Fault } from '../lib/fault.ts'
import { parseRuleTime } from '../rating/rule-time.ts'
import { readRulesFile } from './rules-file.ts'

const START = parseRuleTime('2020-01-01')!

test('what a rule refers to is created before the rule', () => {
  const text = `
start: 2020-01-01
services:
  - name: volume.size
    mappings:
      - { cost: 0.00004, group: storage }
    thresholds:
      - { level: 100, type: rate, cost: 0.9, group: storage, tenant_id: research }
    fields:
      - name: volume_type
        mappings:
          - { value: ssd, cost: 1.0000000000000000000000000001 }
`
  const parent = { service: 'volume.size' }
  expect(readRulesFile(text, 'rules.yml')).toEqual([
    { kind: 'group', name: 'storage' },
    { kind: 'service', name: 'volume.size' },
    { kind: 'mapping', ...parent, group: 'storage', type: 'flat', cost: decimal('0.00004'), start: START },
    {
      kind: 'threshold',
      ...parent,
      group: 'storage',
      tenantId: 'research',
      type: 'rate',
      cost: decimal('0.9'),
      level: decimal('100'),
    },
    { kind: 'field', service: 'volume.size', name: 'volume_type' },
    {
      kind: 'mapping',
      service: 'volume.size',
      field: 'volume_type',
      value: 'ssd',
      type: 'flat',
      cost: decimal('1.0000000000000000000000000001'),
      start: START,
    },
  ])
})

test('a value stays the text that was written', () => {
  const rules = 'start: 2020-01-01\nservices: [{name: s, fields: [{name: f, mappings: [{value: 010, cost: 1}]}]}]'
  expect(readRulesFile(rules, 'rules.yml').at(-1)).toMatchObject({ kind: 'mapping', value: '010' })
})

test('all faults of a file are told at once, each with its path and the reason', () => {
  const text = `
start: next week
prices: none
services:
  - name: instance
    mappings:
      - { cost: free }
      - { cost: 1 }
    fields:
      - name: flavor
        mappings:
          - { value: m1, cost: 1 }
          - { value: m1, cost: 2 }
          - { cost: 2 }
      - name: vcpus
        thresholds:
          - { level: 0.123456789, cost: 1 }
  - name: instance
`
  const told = faultsOf(text).map(({ path, reason }) => `${path}: ${reason}`)
  expect(told.toSorted()).toEqual([
    'services[0].fields[0].mappings[1]: has the same value, group, tenant_id as [0]',
    'services[0].fields[0].mappings[2].value: Invalid input: expected string, received undefined',
    "services[0].fields[1].thresholds[0].level: expected a number of at most 8 decimals, got '0.123456789'",
    "services[0].mappings[0].cost: expected a number of at most 28 decimals, got 'free'",
    'services[0].mappings[1]: has the same group, tenant_id as [0]',
    'services[1]: has the same name as [0]',
    "start: expected an ISO 8601 time, got 'next week'",
    'the file: Unrecognized key: "prices"',
  ])
})

test('a file that is not YAML is refused with the line', () => {
  expect(faultsOf('start: [1\nservices: }')[0]).toMatchObject({ path: expect.stringMatching(/^line \d/) })
})

test('the prices of the example can be read', async () => {
  const file = new URL('../../../../examples/quickstart/rules.yml', import.meta.url)
  const creations = readRulesFile(await readFile(file, 'utf8'), 'rules.yml')
  expect(creations.filter(({ kind }) => kind === 'service')).toHaveLength(6)
  expect(creations.filter(({ kind }) => kind === 'group')).toHaveLength(4)
  expect(creations.some((it) => it.kind === 'mapping' && it.tenantId === 'research')).toBe(true)
})

function faultsOf(text: string): { path: string; reason: string }[] {
  try {
    readRulesFile(text, 'rules.yml')
  } catch (error) {
    if (error instanceof Fault && error.code === 'config.invalid') return (error.detail as { faults: never }).faults
    throw error
  }
  throw new Error('the file was taken')
}
