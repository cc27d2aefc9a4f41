/** docs/operating/metrics.md is where an operator looks a family of /metrics up: it names all of them, and no other. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Telemetry } from '../packages/server/src/wiring/telemetry.ts'

test('the page names every family of /metrics, with its labels, and no family that is not there', async () => {
  const page = await readFile(path.resolve(import.meta.dirname, '../docs/operating/metrics.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const named = new Map(rows.map((row) => [/`(\w+)`/.exec(row)![1]!, row]))
  const families = await new Telemetry(pino({ level: 'silent' })).registry.getMetricsAsJSON()
  expect([...named.keys()].toSorted()).toEqual(families.map(({ name }) => name).toSorted())
})
