import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Sample } from '../domain/sample.ts'
import { Fault } from '../lib/fault.ts'
import { checkCsv, type CsvFault, type CsvImport, type CsvProgress, type CsvSummary, writeCsv } from './csv.ts'
import { faultOf } from '../lib/testing/thrown.ts'

async function tempFile(name: string, content: string | Buffer) {
  const dir = await mkdtemp(join(tmpdir(), 'import-csv-'))
  const path = join(dir, name)
  await writeFile(path, content)
  return { path, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) }
}

function collecting(path: string, more: Partial<CsvImport> = {}) {
  const batches: (readonly Sample[])[] = []
  const options: CsvImport = {
    path,
    scopeKey: 'project_id',
    signal: new AbortController().signal,
    write: async (samples) => void batches.push(samples),
    ...more,
  }
  return { options, batches }
}

async function importCsv(options: CsvImport): Promise<CsvSummary> {
  const summary = await checkCsv(options)
  await writeCsv(options, summary)
  return summary
}

async function faultsIn(content: string | Buffer): Promise<string[]> {
  await using file = await tempFile('in.csv', content)
  const { options, batches } = collecting(file.path)
  const fault = await faultOf(importCsv(options))
  expect(fault.code).toBe('import.invalid')
  expect(batches).toEqual([])
  return (fault.detail as { faults: CsvFault[] }).faults.map(
    ({ line, column, reason }) => `${line}:${column ?? ''}: ${reason}`,
  )
}

const GOOD = `timestamp,name,value,project_id,resource_id,flavor
2026-06-01T00:00:00Z,cpu,0.1,p1,vm1,small
1780275600,cpu,1e-3,p1,vm2,
"2026-06-01 01:30:00",disk,"-12345678901234567890.123456789012345678",p2,"a ""b"", c",
`

test('samples are taken exactly, with labels only where a cell is filled', async () => {
  await using file = await tempFile('in.csv', GOOD)
  const { options, batches } = collecting(file.path)
  const summary = await importCsv(options)
  expect(summary).toMatchObject({ rows: 3, first: 1_780_272_000, last: 1_780_277_400 })
  expect(batches.flat().map((sample) => ({ ...sample, value: sample.value.toString() }))).toEqual([
    { name: 'cpu', at: 1_780_272_000, value: '0.1', labels: { project_id: 'p1', resource_id: 'vm1', flavor: 'small' } },
    { name: 'cpu', at: 1_780_275_600, value: '0.001', labels: { project_id: 'p1', resource_id: 'vm2' } },
    {
      name: 'disk',
      at: 1_780_277_400,
      value: '-12345678901234567890.123456789012345678',
      labels: { project_id: 'p2', resource_id: 'a "b", c' },
    },
  ])
})

test.each([
  ['with a byte order mark and CRLF', 'in.csv', `\uFEFF${GOOD.replaceAll('\n', '\r\n')}`],
  ['packed with gzip', 'in.csv.gz', gzipSync(GOOD)],
  ['with the columns in another order', 'in.csv', reordered(GOOD)],
])('a file %s gives the same samples', async (_what, name, content) => {
  await using plain = await tempFile('in.csv', GOOD)
  await using file = await tempFile(name, content)
  const [wanted, got] = [collecting(plain.path), collecting(file.path)]
  await importCsv(wanted.options)
  await importCsv(got.options)
  expect(got.batches).toEqual(wanted.batches)
})

/** Puts the first column of the lines last. */
function reordered(text: string): string {
  return text.replaceAll(/^([^,\n]+),(.*)$/gm, '$2,$1')
}

test('the digest is that of the unpacked content', async () => {
  await using plain = await tempFile('in.csv', GOOD)
  await using packed = await tempFile('in.csv.gz', gzipSync(GOOD))
  await using other = await tempFile('in.csv', GOOD.replace('0.1', '0.2'))
  const [a, b, c] = await Promise.all([plain, packed, other].map(({ path }) => checkCsv(collecting(path).options)))
  expect(a!.digest).toMatch(/^[0-9a-f]{64}$/)
  expect(b!.digest).toBe(a!.digest)
  expect(c!.digest).not.toBe(a!.digest)
})

test('every fault of a file is told with line and column, and nothing of it is taken', async () => {
  const lines = [
    'timestamp,name,value,project_id,flavor',
    '1780000000,cpu,1,p1,ok',
    'yesterday,cpu,1,p1,',
    ',cpu,1,p1,',
    '1780000000000,cpu,1,p1,',
    '1780000000,,1,p1,',
    '1780000000,cpu,,p1,',
    '1780000000,cpu,NaN,p1,',
    '1780000000,cpu,"1,5",p1,',
    '1780000000,cpu,1e300,p1,',
    '1780000000,cpu,123456789012345678901,p1,',
    '1780000000,cpu,1,,"two',
    'lines"',
    '1780000000,cpu,1,p1',
    '1780000000,cpu,1,p1,x,y',
    'never,cpu,much,,',
    '1780000000,cpu,1,p1,5" disk 3"',
    `1780000000,cpu,1,p1,${'x'.repeat(65_537)}`,
  ]
  expect(await faultsIn(lines.join('\n'))).toEqual([
    "3:timestamp: 'yesterday' is neither Unix seconds nor ISO 8601",
    '4:timestamp: is empty',
    "5:timestamp: '1780000000000' is neither Unix seconds nor ISO 8601 (milliseconds?)",
    '6:name: is empty',
    '7:value: is empty',
    "8:value: 'NaN' is not a decimal number",
    "9:value: '1,5' is not a decimal number",
    "10:value: '1e300' is not a decimal number",
    '11:value: 123456789012345678901 is too large: at most 20 digits before the point',
    '12:project_id: is empty, but says whose usage it is',
    '14:: 4 cells, where the header has 5 columns',
    '15:: 6 cells, where the header has 5 columns',
    "16:timestamp: 'never' is neither Unix seconds nor ISO 8601",
    "16:value: 'much' is not a decimal number",
    '16:project_id: is empty, but says whose usage it is',
    '17:: a quote stands in the middle of a cell; quote the whole cell, and double the quotes in it',
    '18:flavor: has 65537 bytes, and at most 65536 are kept ([storage] max_attribute_bytes); shorten it at its source',
  ])
})

test.each([
  ['no header', '1780000000,cpu,1,p1\n', ['1:timestamp: the header lacks this column']],
  ['a header without the scope', 'timestamp,name,value,tenant\n', ['1:project_id: the header lacks this column']],
  ['a column twice', 'timestamp,name,value,project_id,name\n', ['1:name: the header names this column twice']],
  ['a column without a name', 'timestamp,name,value,,project_id\n', ['1:: column 4 of the header has no name']],
  ['nothing', '', ['1:: the file is empty; expected a header: timestamp,name,value,project_id,…']],
])('a file with %s is refused', async (_what, content, faults) => {
  expect(await faultsIn(content)).toEqual(expect.arrayContaining(faults))
})

test('text in another encoding is told by line', async () => {
  const latin1 = Buffer.from('timestamp,name,value,project_id\n1780000000,cpu,1,Zürich\n', 'latin1')
  expect(await faultsIn(latin1)).toEqual(['2:project_id: is not UTF-8 text'])
})

test('of very many faults the first hundred are listed, and all counted', async () => {
  const content = `timestamp,name,value,project_id\n${'x,cpu,1,p1\n'.repeat(2500)}`
  await using file = await tempFile('in.csv', content)
  const fault = await faultOf(importCsv(collecting(file.path).options))
  expect((fault.detail as { faults: CsvFault[] }).faults).toHaveLength(100)
  expect(fault.detail).toMatchObject({ count: 2500 })
  expect(fault.message.split('\n')).toHaveLength(102)
  expect(fault.message).toMatch(/^.*in\.csv: 2500 faults; nothing was imported\n.*in\.csv:2:timestamp: 'x' is neither/)
  expect(fault.message).toMatch(/… and 2400 more$/)
})

test.each([
  ['a file that is not there', 'missing.csv', undefined, /there is no such file/],
  ['what is not gzip', 'in.csv.gz', 'plain text', /cannot be unpacked/],
  ['half a gzip', 'in.csv.gz', gzipSync(GOOD.repeat(100)).subarray(0, 100), /cannot be unpacked/],
])('%s is a fault that names it', async (_what, name, content, message) => {
  await using file = await tempFile(name, content ?? '')
  const path = content === undefined ? `${file.path}.not` : file.path
  const fault = await faultOf(importCsv(collecting(path).options))
  expect(fault.code).toBe('import.invalid')
  expect(fault.message).toMatch(message)
  expect(fault.message).toContain(path)
})

test('a folder is not imported', async () => {
  expect((await faultOf(checkCsv(collecting(tmpdir()).options))).message).toMatch(/is not a file/)
})

test('samples are handed over in batches, one after the other, and progress ends with the whole file', async () => {
  const content = `timestamp,name,value,project_id\n${Array.from({ length: 25 }, (_, i) => `${i},cpu,${i},p1\n`).join('')}`
  await using file = await tempFile('in.csv', content)
  const progress: CsvProgress[] = []
  let writing = 0
  const sizes: number[] = []
  const { options } = collecting(file.path, {
    batchSize: 10,
    onProgress: (at) => void progress.push(at),
    write: async (samples) => {
      expect(++writing).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      sizes.push(samples.length)
      writing--
    },
  })
  await importCsv(options)
  expect(sizes).toEqual([10, 10, 5])
  expect(progress.at(-1)).toEqual({ phase: 'write', bytes: content.length, totalBytes: content.length, rows: 25 })
  expect(progress.some(({ phase }) => phase === 'check')).toBe(true)
})

test('a file that changes between check and writing is a fault', async () => {
  await using file = await tempFile('in.csv', GOOD)
  const { options } = collecting(file.path)
  const checked = await checkCsv(options)
  await writeFile(file.path, GOOD.replace('0.1', '0.9'))
  expect((await faultOf(writeCsv(options, checked))).message).toMatch(/was changed while/)
})

test('what the writer throws comes through, and who gives up gets the reason of the signal', async () => {
  await using file = await tempFile('in.csv', GOOD)
  const full = new Fault('storage.write_failed', 'the disk is full')
  const { options } = collecting(file.path, { write: () => Promise.reject(full) })
  await expect(importCsv(options)).rejects.toBe(full)
  const controller = new AbortController()
  const { options: stopped } = collecting(file.path, {
    signal: controller.signal,
    write: async () => controller.abort(new Error('stop')),
    batchSize: 1,
  })
  await expect(importCsv(stopped)).rejects.toThrow('stop')
})
