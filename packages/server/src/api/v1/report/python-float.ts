import { type Decimal, formatDecimal, isZero, roundScale } from '../../../domain/decimal.ts'
import { floatText } from '../../../lib/python-text.ts'

/** A decimal as Python's `str(float)` spells it: `2.0`, `244.944`, `1e-05`, `1e+16`; every digit is kept. */
export function pythonFloat(value: Decimal): string {
  const text = formatDecimal(value)
  const sign = text.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = text.slice(sign.length).split('.')
  const all = whole + fraction
  const zeros = Math.min(/^0*/.exec(all)![0].length, all.length - 1)
  const digits = all.slice(zeros).replace(/(?<=.)0+$/, '')
  return sign + floatText(digits, digits === '0' ? 0 : whole.length - 1 - zeros)
}

/** CloudKitty's v1 summary rounds to five places, and spells nothing at all `0`. */
export function summaryRate(value: Decimal): string {
  return isZero(value) ? '0' : pythonFloat(roundScale(value, 5))
}

/** CloudKitty's v1 total is not rounded. */
export function totalRate(value: Decimal): string {
  return isZero(value) ? '0' : pythonFloat(value)
}
