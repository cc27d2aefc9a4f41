import { parse, type Options } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CsvBroken, type CsvRecord, CsvRecords } from './csv-records.ts'

function read(text: string, pieceLength = text.length || 1): (CsvRecord | CsvBroken)[] {
  const records = new CsvRecords()
  const got: (CsvRecord | CsvBroken)[] = []
  for (let i = 0; i < text.length; i += pieceLength) got.push(...records.push(text.slice(i, i + pieceLength)))
  return [...got, ...records.end()]
}

test.each([
  [
    'plain cells',
    'a,b\n1,2\n',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'no line break at the end',
    'a,b\n1,2',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'CRLF',
    'a,b\r\n1,2\r\n',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'empty cells',
    ',\n,,\n',
    [
      [1, '', ''],
      [2, '', '', ''],
    ],
  ],
  ['blanks around cells', ' a , b\t\n', [[1, 'a', 'b']]],
  [
    'empty lines, which count',
    'a\n\n  \nb\n',
    [
      [1, 'a'],
      [4, 'b'],
    ],
  ],
  ['quoted commas and quotes', '"a,b","say ""hi""",c\n', [[1, 'a,b', 'say "hi"', 'c']]],
  ['quoted blanks', '" a ",b\n', [[1, ' a ', 'b']]],
  [
    'a quoted line break, and the lines after it',
    'a,"x\r\ny\nz"\nb,c\n',
    [
      [1, 'a', 'x\r\ny\nz'],
      [4, 'b', 'c'],
    ],
  ],
  ['a quoted empty cell', '"",a\n', [[1, '', 'a']]],
])('reads %s', (_what, text, wanted) => {
  const normal = wanted.map(([line, ...cells]) => ({
    line,
    cells: cells.map((cell) => String(cell).replaceAll('\r\n', '\n')),
  }))
  const got = read(text).map((record) => ({
    ...record,
    ...('cells' in record && { cells: record.cells.map((cell) => cell.replaceAll('\r\n', '\n')) }),
  }))
  expect(got).toEqual(normal)
})

test.each([
  ['a quote in the middle of a cell', 'a,5" disk,3" disk\nb,c\n', 1, /middle of a cell/],
  ['text after a closing quote', '"a"b,c\nd,e\n', 1, /middle of a cell/],
  ['a quote that is never closed', 'a,b\n"c,d\ne,f\n', 2, /not closed/],
])('tells the line of %s', (_what, text, line, reason) => {
  const broken = read(text).filter((record) => 'reason' in record)
  expect(broken).toEqual([{ line, reason: expect.stringMatching(reason) as string }])
})

test.each([
  ['a line', 'x'.repeat(3_000_000)],
  ['a quoted cell', `"${'x\n'.repeat(1_500_000)}`],
])('%s that never ends is given up', (_what, text) => {
  expect(read(text, 65_536)).toContainEqual(
    expect.objectContaining({ reason: expect.stringMatching(/longer than/) as string }),
  )
})

test('any table is read as csv-parse reads it, however it is cut into pieces', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'é', ' ', ',', '"', '\n', '1', '.'), maxLength: 6 })
  const quoted = (text: string, always: boolean) =>
    always || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  const options: Options = {
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    record_delimiter: ['\n', '\r\n'],
  }
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(cell, fc.boolean()), { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 40 }),
      (table, lineBreak, pieceLength) => {
        const text = table.map((row) => row.map(([value, always]) => quoted(value, always)).join(',')).join(lineBreak)
        const got = read(text, pieceLength).map((record) => ('cells' in record ? record.cells : record.reason))
        // csv-parse takes a line of blanks for a record with one empty cell; we leave it out, as an empty line.
        expect(got.filter(notBlank)).toEqual((parse(text, options) as unknown as string[][]).filter(notBlank))
      },
    ),
    { numRuns: 500 },
  )
})

function notBlank(cells: readonly string[] | string): boolean {
  return cells.length !== 1 || cells[0] !== ''
}
