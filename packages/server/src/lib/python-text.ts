/**
 * A JSON number that Python prints in another way than JavaScript: `8.0`, `1e-05`, an integer of twenty digits. All others are
 * plain numbers.
 */
export class PythonNumber {
  /** As Python prints it, which is a JSON number too. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

/** A number of a JSON document, by the literal that stands there; what no double holds is the text `inf` or `-inf`. */
export function readNumber(literal: string): number | PythonNumber | 'inf' | '-inf' {
  const text = literalText(literal)
  if (text === 'inf' || text === '-inf') return text
  const number = Number(text)
  return String(number) === text ? number : new PythonNumber(text)
}

/**
 * What Python's `str` makes of a JSON value that is neither list nor object. CloudKitty compares attributes by that text,
 * so `8` and `8.0` are two things, and `null` is `None`.
 */
export function pythonText(value: string | boolean | null | number | PythonNumber): string {
  if (typeof value === 'string') return value
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value instanceof PythonNumber) return value.text
  return Number.isInteger(value) ? String(value) : pythonFloat(value)
}

function literalText(literal: string): string {
  return /^-?\d+$/.test(literal) ? literal.replace(/^-0+$/, '0') : pythonFloat(Number(literal))
}

/** Python's `repr` of a float: the shortest digits that give it back. */
function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [, sign = '', lead = '', rest = '', power = ''] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(
    Object.is(value, -0) ? '-0e+0' : value.toExponential(),
  )!
  return sign + floatText(lead + rest, Number(power))
}

/**
 * How Python's `repr` lays out a float, with an exponent below 1e-4 and from 1e16 on. `digits` are the significant ones without
 * zeros at their end; the first one stands for so many powers of ten.
 */
export function floatText(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= 16) {
    const rest = digits.slice(1)
    const power = String(Math.abs(exponent)).padStart(2, '0')
    return `${digits[0]}${rest === '' ? '' : `.${rest}`}e${exponent < 0 ? '-' : '+'}${power}`
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${whole}.${digits.slice(exponent + 1) || '0'}`
}
