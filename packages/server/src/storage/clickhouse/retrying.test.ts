import { ClickHouseError } from '@clickhouse/client'
import { expect, test } from 'vitest'
import { Fault } from '../../lib/fault.ts'
import { retrying } from './retrying.ts'

const says = (code: number, message = 'no') => new ClickHouseError({ message, code: String(code), type: 'X' })

async function attemptsAt(error: unknown): Promise<number> {
  let attempts = 0
  const work = async () => {
    attempts++
    throw error
  }
  await expect(retrying(work, [1, 1, 1])).rejects.toBe(error)
  return attempts
}

test.each([
  ['a broken connection', new Error('socket hang up'), 4],
  ['too many parts', says(252), 4],
  ['a replica without its keeper', says(242), 4],
  ['a server without memory', says(241, '(total) memory limit exceeded: would use 8 GiB'), 4],
  ['a question that takes too much memory', says(241, 'Query memory limit exceeded: would use 2 GiB'), 1],
  ['the same as older servers say it', says(241, 'Memory limit (for query) exceeded: would use 2 GiB'), 1],
  ['a question that takes too long', says(159, 'Timeout exceeded: elapsed 1002.094 ms, maximum: 1000 ms'), 1],
  ['a change that not all have made yet', says(159, 'Distributed DDL task is not finished on 1 of 2 hosts'), 4],
  ['data that cannot be parsed', says(27), 1],
  ['a table that is not there', says(60), 1],
  ['a user without rights', says(497), 1],
  ['a full disk', says(243), 1],
  ['a fault', new Fault('storage.out_of_range', 'x'), 1],
  ['a mistake in this program', new TypeError('x is not a function'), 1],
])('%s', async (_name, error, attempts) => {
  expect(await attemptsAt(error)).toBe(attempts)
})

test('what passes is done once', async () => {
  let attempts = 0
  const work = async () => {
    if (++attempts < 3) throw says(202)
    return 'done'
  }
  expect(await retrying(work, [1, 1, 1])).toBe('done')
  expect(attempts).toBe(3)
})

test('a wait ends when the signal fires', async () => {
  const leaving = new AbortController()
  const work = async () => {
    setImmediate(() => leaving.abort(new Error('enough')))
    throw new Error('socket hang up')
  }
  await expect(retrying(work, [3_600_000], leaving.signal)).rejects.toThrow('enough')
})
