import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { type StoreEvents, storeEvents } from './events.ts'

test.each<[string, keyof StoreEvents]>([
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
