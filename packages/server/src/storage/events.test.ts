import { expect, test } from 'vitest'
import { NO_EVENTS, type StoreEventName, tellStoreEvents } from './events.ts'

test.each(Object.keys(NO_EVENTS) as StoreEventName[])('%s is counted once and said once, with its error', (name) => {
  const counted: string[] = []
  const said: unknown[] = []
  const events = tellStoreEvents({ warn: (what: unknown) => said.push(what) }, (event) => counted.push(event))
  const error = new Error('no room')
  events[name](error)
  expect(counted).toEqual([name])
  expect(said).toEqual([{ err: error }])
})
