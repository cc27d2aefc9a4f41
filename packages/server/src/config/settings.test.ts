import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIni } from './ini.ts'
import { Settings } from './settings.ts'

const defaults: Record<string, string> = { 'DEFAULT.b': 'bd', 'DEFAULT.n': '5', 'g.x': '', 'g.y': 'yd' }
const defaultText = (section: string, option: string) => defaults[`${section}.${option}`]

function read(text: string, section: string, option: string): string | undefined {
  const settings = new Settings()
  const faults = settings.addFile('f', text)
  if (faults.length > 0) return `fault ${faults.map(({ where, reason }) => `${where} ${reason}`).join('; ')}`
  const setting = settings.get(section, option)
  if (!setting) return undefined
  const outcome = settings.substitute(setting, defaultText)
  return 'text' in outcome ? outcome.text : `fault ${outcome.reason}`
}

// Each of these was tried with oslo.config 9.0.
describe('a file reads as oslo.config reads it', () => {
  test.each([
    ['equals sign first', '[DEFAULT]\na=b:c\n', 'b:c'],
    ['colon first', '[DEFAULT]\na:b=c\n', 'b=c'],
    ['quotes are taken off in pairs', '[DEFAULT]\na = "  pad  "\n', '  pad  '],
    ['quotes that do not match stay', '[DEFAULT]\na="q \'\n', '"q \''],
    ['one quote alone is an empty pair', "[DEFAULT]\na = '\n", ''],
    ['a later line wins', '[DEFAULT]\na=1\na=2\n', '2'],
    ['no comment after a value', '[DEFAULT]\na = x # y ; z\n', 'x # y ; z'],
    ['comments of both kinds', '# c\n; c\n[DEFAULT]\n#a=1\n;a=2\na=3\n', '3'],
    ['continuation lines, comments in them included', '[DEFAULT]\na=a,\n  b\n  # c\n\td\n', 'a,\nb\n# c\nd'],
    ['a value that begins on the next line', '[DEFAULT]\na =\n  two\n  three\n', '\ntwo\nthree'],
    ['sections without regard to case, twice', '[g]\nz=1\n[Default]\na=1\n[G]\n[DEFAULT]\nz=1\n', '1'],
    ['two dollar signs', '[DEFAULT]\na=pa$$w\n', 'pa$w'],
    ['a backslash before a dollar sign', '[DEFAULT]\na=\\$b\n', '$b'],
    ['a dollar sign before no name', '[DEFAULT]\na= $ 5$ ${bad\n', '$ 5$ ${bad'],
    ['defaults', '[DEFAULT]\na=$b-${n}\n', 'bd-5'],
    ['another section', '[DEFAULT]\na=${g.y}$g.x.\n', 'fault $g.x. refers to no option; write $$ for a dollar sign'],
    ['another section, set', '[DEFAULT]\na=/$g.y/\n[g]\ny=$b\n', '/bd/'],
    ['an option without default', '[DEFAULT]\na=<${g.x}>\n', '<>'],
    [
      'names that are no option',
      '[DEFAULT]\na=pa$word\n',
      'fault $word refers to no option; write $$ for a dollar sign',
    ],
    ['itself', '[DEFAULT]\na=$z\nz=$a\n', 'fault $a refers to itself'],
    ['windows line ends and a byte order mark', '\uFEFF[DEFAULT]\r\na = 1\r\n', '1'],
  ])('%s', (_what, text, wanted) => expect(read(text, 'DEFAULT', 'a')).toBe(wanted))

  test('the own section comes first, then DEFAULT', () => {
    expect(read('[DEFAULT]\nq=d\nr=e\n[g]\nq=g\na=$q$r\n', 'g', 'a')).toBe('ge')
  })

  test('option names mind the letter case, hyphens are underscores', () => {
    expect(read('[g]\nA=1\n', 'g', 'a')).toBeUndefined()
    expect(read('[g]\nauth-url=1\n', 'g', 'auth_url')).toBe('1')
  })
})

test('all faults of a file are told at once, with their lines', () => {
  const { faults, entries } = parseIni('a=1\n[g\nb=1\n[h]\nnonsense\n  more\n=x\n\n  lost\n[]\nc=1\n[i]\nd=1\n')
  expect(faults.map(({ line }) => line)).toEqual([1, 2, 5, 7, 9, 10])
  expect(entries).toEqual([{ section: 'i', option: 'd', text: '1', line: 13 }])
})

test('the environment wins over files, and knows its own name', () => {
  const settings = new Settings()
  settings.addFile('f', '[DEFAULT]\na=1\n[storage_duckdb]\npath=x\n')
  settings.addEnvironment({ OS_DEFAULT__A: '2', OS_STORAGE_DUCKDB__PATH: '/p', OS_AUTH_URL: 'ignored', HOME: 'x' })
  expect(settings.get('DEFAULT', 'a')).toMatchObject({ text: '2', where: 'OS_DEFAULT__A' })
  expect(settings.get('storage_duckdb', 'path')).toMatchObject({ text: '/p' })
  expect(settings.sectionNames()).toEqual(['DEFAULT', 'storage_duckdb'])
})

test('a later file wins, option by option', () => {
  const settings = new Settings()
  settings.addFile('one', '[g]\na=1\nb=1\n')
  settings.addFile('two', '[g]\nb=2\n')
  expect(settings.options('g').map(({ option, text, where }) => [option, text, where])).toEqual([
    ['a', '1', 'one:2'],
    ['b', '2', 'two:2'],
  ])
})

test('what is written is read back, and random text never stops the reader', () => {
  const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/)
  const plain = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/).filter((text) => !/^["']/.test(text))
  fc.assert(
    fc.property(fc.dictionary(name, plain, { minKeys: 1 }), (options) => {
      const text = Object.entries(options).map(([key, value]) => `${key} = ${value}`)
      const { entries, faults } = parseIni(['[g]', ...text].join('\n'))
      expect(faults).toEqual([])
      expect(Object.fromEntries(entries.map((entry) => [entry.option, entry.text]))).toEqual({ ...options })
    }),
  )
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => void parseIni(text)))
})

test('a few lines that name each other many times are a fault at once, with the place', () => {
  const names = Array.from('abcdefghijkl')
  const lines = names.map((name, i) => {
    const next = names[i + 1]
    return `${name}=${next === undefined ? 'x' : `$${next}`.repeat(40)}`
  })
  const settings = new Settings()
  settings.addFile('a.conf', `[DEFAULT]\n${lines.join('\n')}\n`)
  const first = settings.get('DEFAULT', 'a')!
  expect(first.where).toBe('a.conf:2')
  expect(settings.substitute(first, () => undefined)).toEqual({
    reason: 'stands for more than 1000 other options; write some of them out',
  })
  settings.addFile('b.conf', `[DEFAULT]\nlong=${'x'.repeat(1000)}\ntwice=${'$long '.repeat(70)}\n`)
  expect(settings.substitute(settings.get('DEFAULT', 'twice')!, () => undefined)).toEqual({
    reason: 'becomes longer than 65536 characters when its names are replaced',
  })
})
