import { expect, test } from 'vitest'
import { decimal } from '../domain/decimal.ts'
import { billTable } from './bill-table.ts'

const row = (scopeId: string, type: string, price: string) => ({ scopeId, type, price: decimal(price) })

test('the bill has a line for each project, a column for each type, and sums for both', () => {
  const rows = [
    row('web-shop', 'instance', '120.5'),
    row('media', 'instance', '7'),
    row('media', 'network.outgoing.bytes', '1234.5678'),
  ]
  expect(`\n${billTable(rows)}\n`).toBe(`
─────────┬─────────┬──────────┬────────
project  │instance │ network. │  total
         │         │outgoing. │
         │         │    bytes │
─────────┼─────────┼──────────┼────────
media    │    7.00 │  1234.57 │1241.57
web-shop │  120.50 │     0.00 │ 120.50
all      │  127.50 │  1234.57 │1362.07
─────────┴─────────┴──────────┴────────
`)
})

test('a bill that is too wide for a terminal is a block for each project', () => {
  const types = Array.from({ length: 12 }, (_, i) => `kind-${i}`)
  const text = billTable(types.map((type) => row('6f1c1a4e5a3f4d6f8d6f0d0c0b0a0908', type, '1234567.891')))
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(text).toMatch(/^6f1c1a4e5a3f4d6f8d6f0d0c0b0a0908\n {2}kind-0 +1234567\.89\n/)
  expect(text).toMatch(/\nall\n(.*\n){12} {2}total +14814814\.69$/)
})

test('what is printed is cut only after everything was added', () => {
  const rows = Array.from({ length: 4 }, (_, i) => row(`p${i}`, 'instance', '0.004'))
  const lines = billTable(rows).split('\n')
  expect(lines.find((line) => line.includes('p0'))).toContain('0.00')
  expect(lines.find((line) => line.includes('all'))).toContain('0.02')
})

test('rows of the same project and type add up', () => {
  expect(billTable([row('a', 't', '0.10'), row('a', 't', '0.20')])).toContain('0.30')
})

test('a name cannot steer the terminal', () => {
  expect(billTable([row('\u001b[2J', 't', '1')])).toContain('?[2J')
})

test('a bill without rows is a total of nothing', () => {
  expect(billTable([])).toContain('0.00')
})
