import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Fault } from '../lib/fault.ts'
import { LineSink } from '../lib/line-sink.ts'
import { openTestState } from '../state/testing/open-test-state.ts'
import { smallDisk } from '../storage/testing/full-disk.ts'
import { createLogger, droppedLines } from './create-logger.ts'
import { errorRecord } from './error-record.ts'
import { Telemetry } from './telemetry.ts'

test('a log that has no room loses lines, which are counted, and the service goes on', async () => {
  const { log } = createLogger({ file: '/dev/full' })
  const telemetry = new Telemetry(log)
  for (let i = 0; i < 3; i++) log.info({ i }, 'a line')
  expect(droppedLines(log)).toBe(3)
  expect(await telemetry.registry.metrics()).toContain('cloudtabby_log_lines_dropped_total 3')
})

test('when there is room again lines are written again, and each one stands alone', async ({ skip }) => {
  await using disk = (await smallDisk(1)) ?? skip('mounting a small disk takes root')
  const file = join(disk.folder, 'logs', 'cloudtabbyd.log')
  using sink = new LineSink(file)
  const log = pino({}, sink)
  log.info('before')
  const filler = join(disk.folder, 'filler')
  expect(() => writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024))).toThrow('ENOSPC')
  // The last page of the file takes some more lines, and one of them in part.
  for (let i = 0; i < 200; i++) log.info({ i }, 'while the disk is full')
  const lost = sink.dropped
  expect(lost).toBeGreaterThan(100)
  rmSync(filler)
  log.info('after')
  expect(sink.dropped).toBe(lost)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const parsed = lines.flatMap((line) => {
    try {
      return [(JSON.parse(line) as { msg: string }).msg]
    } catch {
      return []
    }
  })
  expect(parsed.length).toBeGreaterThanOrEqual(lines.length - 1)
  expect([parsed[0], parsed.at(-1)]).toEqual(['before', 'after'])
})

test('a log that can never be written is told at start, with the option', () => {
  expect(() => createLogger({ file: '/dev/null/x.log' })).toThrow(/^\[DEFAULT\] log_file: \/dev\/null\/x\.log/)
})

test('what a database refused is logged without the parameters of the statement', async () => {
  await using state = await openTestState()
  const secret = 'geheim'.repeat(1000)
  const error: unknown = await state.db.execute(sql`SELECT ${secret}::text AS a, 1 / 0 AS b`).catch((e: unknown) => e)
  const text = JSON.stringify(errorRecord(new Error('outer', { cause: error })))
  expect(text).toContain('division by zero')
  expect(text).toContain('SELECT $1::text AS a')
  expect(text).not.toContain('geheim')
  expect(text.length).toBeLessThan(10_000)
})

test('a fault is logged with its code, scopes and detail, and what caused it', () => {
  const cause = new Error('IO Error: No space left')
  const fault = new Fault('storage.write_failed', 'could not write /x', { file: '/x' }, { cause, scopeIds: ['a'] })
  expect(errorRecord(fault)).toMatchObject({
    code: 'storage.write_failed',
    message: 'could not write /x',
    detail: { file: '/x' },
    scopeIds: ['a'],
    cause: { type: 'Error', message: 'IO Error: No space left', stack: expect.stringContaining('at ') as string },
  })
})
