import { expect, test } from 'vitest'
import { faultOf } from '../lib/testing/thrown.ts'
import { boundCollector } from './bound-collector.ts'
import type { Collector } from './collector.ts'
import { metricOf } from './testing/collect-context.ts'

const REQUEST = { metric: metricOf({ name: 'cpu' }), scopes: ['a'], periods: [{ begin: 0, end: 3600 }] }
/** Answers when it is told to stop, and not before. */
const silent: Collector = {
  collect: (_request, signal) =>
    new Promise((_answer, fail) => signal.addEventListener('abort', () => fail(signal.reason as Error))),
  async [Symbol.asyncDispose]() {},
}

test('a collection that takes longer than it may is given up, with the option in the message', async () => {
  const fault = await faultOf(boundCollector(silent, 0.01).collect(REQUEST, new AbortController().signal))
  expect(fault.code).toBe('collect.timeout')
  expect(fault.message).toMatch(
    /^collecting cpu of 1 scopes and 1 periods took longer than 0.01 s.*collector_request_timeout/,
  )
})

test('what the caller gives up, and what fails by itself, is told as it is', async () => {
  const stop = new AbortController()
  const given = boundCollector(silent, 60).collect(REQUEST, stop.signal)
  stop.abort(new Error('stopped'))
  await expect(given).rejects.toThrow('stopped')
  const failing = { ...silent, collect: () => Promise.reject(new Error('no source')) }
  await expect(boundCollector(failing, 60).collect(REQUEST, new AbortController().signal)).rejects.toThrow('no source')
})
