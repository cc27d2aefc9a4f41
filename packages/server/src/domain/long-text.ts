import { attributeText, type SeriesIdentity } from './series.ts'

/** The longest text of a series, in bytes of UTF-8, unless configuration says otherwise. */
export const TEXT_BYTES_MAX = 65_536

/** A text of a series that is longer than is kept. */
export interface LongText {
  /** `groupby`, `metadata`, `type` or `unit`. */
  readonly part: 'groupby' | 'metadata' | 'type' | 'unit'
  /** The attribute's name, cut when it is itself too long; undefined for type and unit. */
  readonly name: string | undefined
  readonly reason: string
}

/** The first text of a series that has more bytes than these; names of attributes count as well. */
export function longText({ type, unit, groupby, metadata }: SeriesIdentity, bytesMax: number): LongText | undefined {
  for (const [part, text] of [
    ['type', type],
    ['unit', unit],
  ] as const) {
    const reason = tooLong(text, bytesMax)
    if (reason !== undefined) return { part, name: undefined, reason }
  }
  for (const [part, attributes] of [
    ['groupby', groupby],
    ['metadata', metadata],
  ] as const) {
    for (const [name, value] of Object.entries(attributes)) {
      const reason = tooLong(name, bytesMax) ?? tooLong(attributeText(value), bytesMax)
      if (reason !== undefined) return { part, name: name.slice(0, 100), reason }
    }
  }
  return undefined
}

/** Why a text is not kept; undefined when it is. */
export function tooLong(text: string, bytesMax: number): string | undefined {
  // No character takes more than three bytes a unit.
  if (text.length * 3 <= bytesMax) return undefined
  const bytes = Buffer.byteLength(text)
  if (bytes <= bytesMax) return undefined
  return `${bytes} bytes, and at most ${bytesMax} are kept ([storage] max_attribute_bytes); shorten it at its source`
}
