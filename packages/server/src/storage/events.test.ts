import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { type StoreEvents, storeEvents } from './events.ts'

test.each<[string, Exclude<keyof StoreEvents, 'filesLeftOpen'>]>([
  ['checkpoint-failed', 'checkpointFailed'],
  ['ordering-failed', 'orderingFailed'],
  ['reopened', 'reopened'],
])('%s is counted once and said once, with its error', async (event, name) => {
  const said: unknown[] = []
  const registry = new Registry()
  const error = new Error('no room')
  storeEvents({ warn: (what: unknown) => said.push(what) }, registry)[name](error)
  expect(said).toEqual([{ err: error }])
  expect(await registry.metrics()).toContain(`cloudtabby_points_store_events_total{event="${event}"} 1`)
})

test('files that others may read are told with an example each, and counted', async () => {
  const said: unknown[] = []
  const registry = new Registry()
  const left = Array.from({ length: 5 }, (_, i) => ({ path: `/data/${i}`, reason: 'EPERM' }))
  storeEvents({ warn: (what: unknown) => said.push(what) }, registry).filesLeftOpen(left)
  expect(said).toEqual([{ count: 5, examples: left.slice(0, 3) }])
  expect(await registry.metrics()).toContain('cloudtabby_points_store_events_total{event="files-left-open"} 1')
})
