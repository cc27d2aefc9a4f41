import { parse } from 'lossless-json'

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

/**
 * A number literal that a double may not hold as written: more than 15 digits, or an exponent. Inside a string it only
 * costs the slow way.
 */
const LONG_NUMBER = /(?:^|[\s:,[])-?(?:\d[\d.]{15}|[\d.]+[eE])/

/**
 * Reads JSON text without losing digits: a number that a double may not hold becomes what `exact` makes of its literal,
 * every other one is a plain number. The last of several equal keys wins. Throws `SyntaxError` on anything else than JSON,
 * and on nesting that no client needs.
 */
export function parseJson(text: string, exact: (literal: string) => unknown): unknown {
  refuseDeep(text)
  if (!mayLoseDigits(text)) return JSON.parse(text)
  return parse(text, undefined, {
    parseNumber: (literal) => (LONG_NUMBER.test(literal) ? exact(literal) : Number(literal)),
    onDuplicateKey: ({ newValue }) => newValue,
  })
}

/** Whether `JSON.parse` might cut a number in the text. */
export function mayLoseDigits(text: string): boolean {
  return LONG_NUMBER.test(text)
}

function refuseDeep(text: string): void {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (quoted) {
      if (code === 92) i++
      else if (code === 34) quoted = false
    } else if (code === 34) quoted = true
    else if (code === 91 || code === 123) {
      if (++depth > DEPTH_MAX) throw new SyntaxError(`nested more than ${DEPTH_MAX} deep`)
    } else if (code === 93 || code === 125) depth--
  }
}
