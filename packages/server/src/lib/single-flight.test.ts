import { expect, test } from 'vitest'
import { SingleFlight } from './single-flight.ts'

test('all who ask meanwhile share one run, and the next one starts anew', async () => {
  const flight = new SingleFlight<number>()
  const gates: (() => void)[] = []
  const start = () => new Promise<number>((resolve) => gates.push(() => resolve(gates.length)))
  const first = [
    flight.run('a', start, undefined),
    flight.run('a', start, undefined),
    flight.run('b', start, undefined),
  ]
  expect([gates.length, flight.size, flight.has('a')]).toEqual([2, 2, true])
  for (const open of gates) open()
  await expect(Promise.all(first)).resolves.toEqual([2, 2, 2])
  expect(flight.size).toBe(0)
  const again = flight.run('a', start, undefined)
  expect(gates).toHaveLength(3)
  gates[2]!()
  await again
})

test('who gives up stops waiting; the others get the answer', async () => {
  const flight = new SingleFlight<string>()
  const gates: ((answer: string) => void)[] = []
  const start = () => new Promise<string>((resolve) => gates.push(resolve))
  const impatient = new AbortController()
  const given = flight.run('a', start, impatient.signal)
  const waiting = flight.run('a', start, new AbortController().signal)
  impatient.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  gates[0]!('answer')
  await expect(waiting).resolves.toBe('answer')
})

test('a failure reaches all who wait, and is not remembered', async () => {
  const flight = new SingleFlight<string>()
  const failing = () => Promise.reject(new Error('down'))
  const both = [flight.run('a', failing, undefined), flight.run('a', failing, new AbortController().signal)]
  await expect(Promise.allSettled(both)).resolves.toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  await expect(flight.run('a', () => Promise.resolve('up'), undefined)).resolves.toBe('up')
})

test('a run that everybody has left ends where that is wished, and who asks then has a new one', async () => {
  const flight = new SingleFlight<string>({ endAbandoned: true })
  const signals: AbortSignal[] = []
  const start = (abandoned: AbortSignal) => {
    signals.push(abandoned)
    return new Promise<string>(() => {})
  }
  const [one, another] = [new AbortController(), new AbortController()]
  const both = [flight.run('a', start, one.signal), flight.run('a', start, another.signal)]
  one.abort(new Error('enough'))
  expect([signals.length, signals[0]!.aborted]).toEqual([1, false])
  another.abort(new Error('enough of it'))
  expect(signals[0]!.reason).toEqual(new Error('enough of it'))
  await expect(Promise.allSettled(both)).resolves.toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  expect(flight.size).toBe(0)
  await expect(flight.run('a', () => Promise.resolve('anew'), undefined)).resolves.toBe('anew')
})
