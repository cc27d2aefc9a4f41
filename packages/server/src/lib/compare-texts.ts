/** Orders texts by code point, as UTF-8 and Python do; JavaScript's own `<` goes by UTF-16 unit. */
export function compareTexts(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return place(x) - place(y)
  }
  return a.length - b.length
}

/** Orders lists of as many texts by the first that differs. */
export function compareTextLists(a: readonly string[], b: readonly string[]): number {
  for (const [i, text] of a.entries()) {
    const order = compareTexts(text, b[i]!)
    if (order !== 0) return order
  }
  return 0
}

/** Surrogates stand for what comes after all other units. */
function place(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
