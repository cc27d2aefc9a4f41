/**
 * What Python's `str` makes of a JSON value that is neither list nor object. CloudKitty compares attributes by that text,
 * so `8` and `8.0` are two things, and `null` is `None`. `literal` is the text of a number as it stands in the JSON.
 */
export function pythonText(value: string | boolean | null | { readonly literal: string }): string {
  if (typeof value === 'string') return value
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  return /^-?\d+$/.test(value.literal) ? value.literal.replace(/^-0+$/, '0') : pythonFloat(Number(value.literal))
}

/** Python's `repr` of a float: the shortest digits that give it back, with an exponent below 1e-4 and from 1e16 on. */
function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [, sign = '', lead = '', rest = '', power = ''] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(
    Object.is(value, -0) ? '-0e+0' : value.toExponential(),
  )!
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    const digits = rest === '' ? lead : `${lead}.${rest}`
    return `${sign}${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  const digits = lead + rest
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}
