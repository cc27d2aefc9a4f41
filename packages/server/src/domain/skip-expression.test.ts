import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fault } from '../lib/fault.ts'
import { decimal } from './decimal.ts'
import { NO_RULES, type Point } from './point.ts'
import { toSeries } from './series.ts'
import { parseSkipExpression } from './skip-expression.ts'
import { TimeZone, UTC } from './time-zone.ts'

const POINT: Point = {
  series: toSeries({
    scopeId: 'alpha',
    type: 'instance',
    unit: 'instance',
    groupby: { project_id: 'alpha', id: 'vm-1' },
    metadata: {
      flavor_name: 'm1.large',
      vcpus: '8',
      disk: 20,
      tags: ['a', 'b'],
      spot: true,
      note: null,
      é: { k: 'v' },
    },
  }),
  begin: Date.UTC(2024, 0, 7) / 1000,
  end: Date.UTC(2024, 0, 7, 1) / 1000,
  quantity: decimal('1.5'),
  price: decimal('0.30'),
  rules: NO_RULES,
}

function skips(text: string, point = POINT, zone = UTC): boolean {
  const parsed = parseSkipExpression(text)
  if (!parsed.ok) throw new Error(`${parsed.position}: ${parsed.reason}`)
  return parsed.expression.skips(point, zone)
}

function fault(text: string): { position: number; reason: string } {
  const parsed = parseSkipExpression(text)
  if (parsed.ok) throw new Error(`${text} was accepted`)
  return { position: parsed.position, reason: parsed.reason }
}

describe('it means what Python means', () => {
  test.each([
    ['False', false],
    ['True', true],
    ['datapoint.get("vol", {}).get("qty", 0) == 0', false],
    ['datapoint.get("vol", {}).get("qty", 0) == 1.5', true],
    ['datapoint.get("vol", {}).get("unit") == "instance"', true],
    ["datapoint['rating']['price'] == 0.3", true],
    ["datapoint['rating']['price'] < 0.3", false],
    ["0 < datapoint['rating']['price'] <= 0.3", true],
    ["1 < datapoint['rating']['price'] <= 0.3", false],
    ["datapoint['metadata']['flavor_name'] in ('m1.tiny', 'm1.large')", true],
    ["datapoint['metadata']['flavor_name'] not in {'m1.tiny', 'm1.large'}", false],
    ["'large' in datapoint['metadata']['flavor_name']", true],
    ["'vcpus' in datapoint['metadata']", true],
    ["'gpus' in datapoint['metadata']", false],
    ["'a' in datapoint['metadata']['tags'] and len(datapoint['metadata']['tags']) == 2", true],
    ["int(datapoint['metadata']['vcpus']) > 4", true],
    ["float(datapoint['metadata'].get('gpus', '0')) * 2 >= 1", false],
    ["datapoint['metadata']['disk'] // 3 == 6 and datapoint['metadata']['disk'] % 3 == 2", true],
    ['-7 // 2 == -4 and -7 % 2 == 1 and 7 // -2 == -4 and 7 % -2 == -1', true],
    ['1 / 3 * 3 == 0.9999999999999999999999999999', true],
    ['10 / 4 == 2.5 and 1 / -4 == -0.25 and 0 / 5 == 0', true],
    ['0.1 + 0.2 == 0.3', true],
    ['1_000 == 1e3', true],
    ["datapoint['metadata']['spot'] == 1 and datapoint['metadata']['spot'] is True", true],
    ["datapoint['metadata']['note'] is None", true],
    ["datapoint['metadata'].get('gpus') is not None", false],
    ["datapoint['metadata'].get('note', 1) is None", true],
    ["not datapoint['metadata'].get('gpus')", true],
    ["datapoint['metadata'].get('gpus') or 'x' == 'y'", false],
    ["str(datapoint['vol']['qty']) == '1.5'", true],
    ["datapoint['metadata']['flavor_name'].startswith('m1.') and not 'abc'.endswith(('x', 'y'))", true],
    ["' AbC '.strip().lower() == 'abc' and 'a'.upper() == 'A'", true],
    ["datapoint['metadata']['é']['k'] == 'v'", true],
    ["datapoint['metadata']['tags'][-1] == 'b' and 'abc'[0] == 'a'", true],
    ["datapoint.get('groupby').get('month') == '1' and datapoint['groupby']['year'] == '2024'", true],
    ["datapoint['groupby']['week_of_the_year'] == '01' and datapoint['groupby']['day_of_the_year'] == '7'", true],
    ["{'a': 1}['a'] == 1 and {'a': 1} == {'a': True} and {} != {'a': 1}", true],
    ['[1, 2] == (1, 2.0) and () == []', true],
    ['min(1, 2) == 1 and max([1, 3, 2]) == 3 and abs(-2) == 2', true],
    ["'a' 'b' == 'ab' and 'a' + 'b' == \"ab\" and 'it\\'s' == \"it's\"", true],
    ["'\u{1F600}' > '\uFFFD'", true],
    ['not not 1 == 1', true],
    ['datapoint', true],
    ['""', false],
  ])('%s is %s', (text, wanted) => expect(skips(text)).toBe(wanted))
})

test('what does not look at the point is decided once', () => {
  const constantOf = (text: string) => {
    const parsed = parseSkipExpression(text)
    return parsed.ok ? parsed.expression.constant : 'fault'
  }
  expect(constantOf('False')).toBe(false)
  expect(constantOf('1 < 2 and "a" in ["a"]')).toBe(true)
  expect(constantOf('datapoint.get("vol")')).toBeUndefined()
  expect(constantOf('1 / 0')).toBeUndefined()
})

describe('what is not understood is refused with its place', () => {
  test.each([
    ['', 0, /expected a value, found the end/],
    ['datapoint.get("vol"', 19, /expected ',' or '\)', found the end/],
    ['__import__("os").system("id")', 0, /'__import__' is not known here/],
    ['datapoint.__class__', 10, /expected one of get/],
    ['datapoint.get.__globals__', 13, /expected '\('/],
    ['(lambda: 1)()', 1, /'lambda' is not known/],
    ['[x for x in datapoint]', 1, /'x' is not known/],
    ['1 == ', 5, /a value/],
    ['1 = 1', 2, /unexpected character "="/],
    ['"open', 0, /without closing quote/],
    ['"\\x41"', 1, /escape/],
    ['1 2', 2, /an operator or the end, found a number/],
    ['a; b', 1, /unexpected character ";"/],
    ['2 ** 3', 3, /expected a value/],
    ['datapoint.get()', 10, /wrong number of arguments/],
    ['float(1, 2)', 0, /wrong number of arguments/],
    ['float', 0, /not known/],
    ['1 if True else 2', 2, /found 'if'/],
    ['f"{1}"', 0, /not known/],
    ['1 not 2', 6, /expected 'in'/],
    ['and', 0, /expected a value, found 'and'/],
    ['(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1', 64, /nested deeper/],
  ])('%s', (text, position, reason) => {
    expect(fault(text).position).toBe(position)
    expect(fault(text).reason).toMatch(reason)
  })
  test('a long one', () => expect(fault('1'.repeat(5000)).reason).toMatch(/longer than 4096/))
  test('many signs', () => expect(fault(`${'-'.repeat(4000)}1`).reason).toMatch(/nested deeper/))
})

describe('where Python would raise, the point is neither kept nor dropped', () => {
  test.each([
    ["datapoint['metadata']['gpus'] == 1", /there is no "gpus"/],
    ["datapoint['metadata']['flavor_name'] > 1", /have no order/],
    ["datapoint['vol']['qty'] / 0", /division by zero/],
    ["datapoint['metadata']['vcpus'] + 1", /not a number/],
    ["int(datapoint['metadata']['flavor_name'])", /"m1.large" is not a number/],
    ["datapoint['vol']['qty'].get('x')", /1.5 has no get/],
    ["datapoint['metadata']['tags'][5]", /out of range/],
    ["1 in datapoint['vol']['qty']", /has no items/],
    [`datapoint['vol']['qty'] * ${Array.from({ length: 20 }, () => '1e200').join(' * ')}`, /out of range/],
  ])('%s', (text, reason) => {
    expect(() => skips(text)).toThrow(Fault)
    expect(() => skips(text)).toThrow(reason)
    expect(() => skips(text)).toThrow(/type instance/)
  })
})

test('no text whatever does anything but parse or be refused', () => {
  const words = [
    'datapoint',
    '.',
    'get',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"vol"',
    '"qty"',
    "'x'",
    '0',
    '1.5',
    '1e300',
    '==',
    '<',
    'in',
    'not',
    'and',
    'or',
    '+',
    '-',
    '*',
    '/',
    '//',
    '%',
    'float',
    'str',
    'len',
    'None',
    'True',
    'is',
    '__class__',
    ' ',
  ]
  const anyText = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((list) => list.join(' ')),
  )
  fc.assert(
    fc.property(anyText, (text) => {
      const parsed = parseSkipExpression(text)
      if (!parsed.ok) {
        expect(parsed.position).toBeLessThanOrEqual(text.length)
        return
      }
      try {
        expect(typeof parsed.expression.skips(POINT, UTC)).toBe('boolean')
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }),
    { numRuns: 2000 },
  )
})

test('the calendar is that of the zone', () => {
  const begins = ['2026-06-30T18:29:59Z', '2026-06-30T18:30:00Z'].map((text) => Date.parse(text) / 1000)
  const expression = "datapoint['groupby']['month'] == '7'"
  const dropped = begins.map((begin) => skips(expression, { ...POINT, begin }, TimeZone.named('Asia/Kolkata')))
  expect(dropped).toEqual([false, true])
})
