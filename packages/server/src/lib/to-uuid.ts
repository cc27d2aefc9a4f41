/**
 * The database's form of an id, however it is dressed; undefined for a text that is not what oslo.utils calls UUID-like, which
 * names nothing.
 */
export function toUuid(text: string): string | undefined {
  const digits = text.replaceAll('urn:', '').replaceAll('uuid:', '').replaceAll(/[{}-]/g, '').toLowerCase()
  const parts = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(digits)
  return parts ? parts.slice(1).join('-') : undefined
}
