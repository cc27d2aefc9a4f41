/** A header's line should be no longer: proxies cut off more than 8 kB of all headers together. */
const LENGTH_MAX = 1000

/** Of an answer that may have the header. */
export const WARNING = { Warning: 'What is worth knowing though the answer is right, one text after the other.' }

/**
 * What is worth knowing of an answer that is right all the same, as a header that older clients ignore: RFC 7234's
 * `Warning: 199 cloudtabby "text"`, one text after the other. No header when there is nothing to say.
 */
export function warningHeaders(texts: readonly string[]): Record<string, string> {
  if (texts.length === 0) return {}
  return { warning: texts.map((text) => `199 cloudtabby "${quoted(text)}"`).join(', ') }
}

/** A header holds ASCII only; what is not stands there as in a URL. */
function quoted(text: string): string {
  const cut = text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}...` : text
  const wellFormed = cut.replace(/\p{Surrogate}/gu, '\ufffd')
  return wellFormed.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/gu, encodeURIComponent)
}
