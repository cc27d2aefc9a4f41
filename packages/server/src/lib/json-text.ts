import { randomUUID } from 'node:crypto'

/**
 * A value as JSON text, spaced as Python's `json.dumps` does (`", "` and `": "`), because CloudKitty's own test suites
 * compare raw text. Keys keep their order, undefined members are left out. `literal` may give the text of an object that
 * stands for a number, so that decimals leave as exact number literals.
 */
export function jsonText(value: unknown, literal?: (value: object) => string | undefined): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null'
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object': {
      if (value === null) return 'null'
      const text = literal?.(value)
      if (text !== undefined) return text
      return Array.isArray(value) ? arrayText(value, literal) : objectText(value, literal)
    }
    default:
      return 'null'
  }
}

function arrayText(items: readonly unknown[], literal?: (value: object) => string | undefined): string {
  let text = '['
  for (let i = 0; i < items.length; i++) text += (i === 0 ? '' : ', ') + jsonText(items[i], literal)
  return `${text}]`
}

function objectText(value: object, literal?: (value: object) => string | undefined): string {
  let text = '{'
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue
    text += `${text === '{' ? '' : ', '}${JSON.stringify(key)}: ${jsonText(member, literal)}`
  }
  return `${text}}`
}

/** How deep arrays and objects may be nested in a text that `parseJson` takes. */
export const DEPTH_MAX = 100

/** A number literal that a double may not hold as written: more than 15 digits, or an exponent. A string may hold the like. */
const LONG_NUMBER = /(?:^|[\s:,[])-?(?:\d[\d.]{15}|[\d.]+[eE])/
/** A whole number literal, as JSON has it. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** A number literal with a point and nothing but zeros behind it: JavaScript makes an integer of it. A string may hold the like. */
const WHOLE_FLOAT = /\d\.0+(?!\d)/

/**
 * Reads JSON text without losing anything of a number: one that a double may not hold, or that is a whole one written with a
 * point, becomes what `exact` makes of its literal; every other one is a plain number. The last of several equal keys wins.
 * Throws `SyntaxError` on anything else than JSON, and on nesting that no client needs. Takes a time that grows with the
 * text, whatever is in it.
 */
export function parseJson(text: string, exact: (literal: string) => unknown): unknown {
  refuseDeep(text)
  if (!mayLoseDigits(text) && !mayLosePoints(text)) return JSON.parse(text)
  // The platform's parser tells nobody how a number was written. A long one is therefore handed to it as a text, which begins
  // with what no client can guess.
  const mark = randomUUID()
  const marked = markNumbers(text, mark)
  if (marked === undefined) return JSON.parse(text)
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? exact(value.slice(mark.length)) : value,
  )
}

/** Whether `JSON.parse` might cut a number in the text. */
export function mayLoseDigits(text: string): boolean {
  return LONG_NUMBER.test(text)
}

/** Whether `JSON.parse` might make an integer of a number that was written with a point. */
export function mayLosePoints(text: string): boolean {
  return WHOLE_FLOAT.test(text)
}

/** The text with every such number made a text that begins with `mark`; undefined when there is none outside of strings. */
function markNumbers(text: string, mark: string): string | undefined {
  const parts: string[] = []
  let copied = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      i = endOfString(text, i)
    } else if (isNumberPart(code)) {
      const begin = i
      while (i + 1 < text.length && isNumberPart(text.charCodeAt(i + 1))) i++
      const literal = text.slice(begin, i + 1)
      // What is no number, or stands where a key belongs, is for the parser to refuse.
      if (!(LONG_NUMBER.test(literal) || WHOLE_FLOAT.test(literal))) continue
      if (!NUMBER.test(literal) || nextIsColon(text, i + 1)) continue
      parts.push(text.slice(copied, begin), `"${mark}${literal}"`)
      copied = i + 1
    }
  }
  return parts.length === 0 ? undefined : parts.join('') + text.slice(copied)
}

const QUOTE = 34
const BACKSLASH = 92

/** Where the string that begins at `begin` ends: its closing quote, or the text's end. */
function endOfString(text: string, begin: number): number {
  for (let i = begin + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === QUOTE) return i
  }
  return text.length
}

/** Digits, `.`, `+`, `-`, `e` and `E`. */
function isNumberPart(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 46 || code === 43 || code === 45 || code === 101 || code === 69
}

function nextIsColon(text: string, from: number): boolean {
  let i = from
  while (i < text.length && text.charCodeAt(i) <= 32) i++
  return text.charCodeAt(i) === 58
}

function refuseDeep(text: string): void {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i)
    else if (code === 91 || code === 123) {
      if (++depth > DEPTH_MAX) throw new SyntaxError(`nested more than ${DEPTH_MAX} deep`)
    } else if (code === 93 || code === 125) depth--
  }
}
