import { type Decimal, formatDecimal, isZero, roundScale } from '../../../domain/decimal.ts'

/** A decimal as Python's `str(float)` spells it: `2.0`, `244.944`, `1e-05`, `1e+16`; every digit is kept. */
export function pythonFloat(value: Decimal): string {
  const text = formatDecimal(value)
  const sign = text.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = text.slice(sign.length).split('.')
  if (whole.length > 16) return sign + scientific(whole + fraction, whole.length - 1)
  const zeros = /^0*/.exec(fraction)![0].length
  if (whole === '0' && fraction !== '' && zeros >= 4) return sign + scientific(fraction.slice(zeros), -zeros - 1)
  return fraction === '' ? `${sign}${whole}.0` : text
}

function scientific(digits: string, exponent: number): string {
  const rest = digits.slice(1).replace(/0+$/, '')
  const power = String(Math.abs(exponent)).padStart(2, '0')
  return `${digits[0]}${rest === '' ? '' : `.${rest}`}e${exponent < 0 ? '-' : '+'}${power}`
}

/** CloudKitty's v1 summary rounds to five places, and spells nothing at all `0`. */
export function summaryRate(value: Decimal): string {
  return isZero(value) ? '0' : pythonFloat(roundScale(value, 5))
}

/** CloudKitty's v1 total is not rounded. */
export function totalRate(value: Decimal): string {
  return isZero(value) ? '0' : pythonFloat(value)
}
