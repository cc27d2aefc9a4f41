import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sample } from '../domain/sample.ts'
import { checkCsv, writeCsv } from '../intake/csv.ts'
import { writeMadeUpCloudCsv } from './made-up-cloud-csv.ts'
import { madeUpCloud } from './made-up-cloud.ts'

const BEGIN = Date.UTC(2026, 5, 15) / 1000
const WEEK = { begin: BEGIN, end: BEGIN + 7 * 86_400 }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-made-up-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('what is written is imported as it was made up', async () => {
  const path = join(folder, 'new', 'week.csv')
  await writeMadeUpCloudCsv(path, WEEK)
  const imported: Sample[] = []
  const source = { path, scopeKey: 'project_id', signal: AbortSignal.timeout(60_000) }
  const summary = await checkCsv(source)
  await writeCsv({ ...source, write: async (samples) => void imported.push(...samples) }, summary)
  const madeUp = [...madeUpCloud(WEEK)]
  expect(summary).toMatchObject({ rows: madeUp.length, first: WEEK.begin, last: WEEK.end - 3600 })
  expect(imported).toEqual(madeUp)
})

test('the same period gives the same bytes, whatever stood in the file', async () => {
  const hour = { begin: BEGIN, end: BEGIN + 3600 }
  const [one, two] = [join(folder, 'one.csv'), join(folder, 'two.csv')]
  await writeFile(two, 'left over\n'.repeat(10_000))
  await writeMadeUpCloudCsv(one, hour)
  await writeMadeUpCloudCsv(two, hour)
  expect(await readFile(two, 'utf8')).toBe(await readFile(one, 'utf8'))
})

test('a file that cannot be written is named', async () => {
  const path = join(folder, 'file', 'week.csv')
  await writeFile(join(folder, 'file'), '')
  await expect(writeMadeUpCloudCsv(path, WEEK)).rejects.toMatchObject({
    code: 'state.unwritable',
    message: expect.stringContaining(path),
  })
})
