import { readFile } from 'node:fs/promises'

export const NOT_UTF8 = 'is not UTF-8; save the file as UTF-8'

/** Bytes that are no UTF-8: with replacement characters in their place a password would silently be another one. */
export class NotUtf8 extends Error {
  override readonly name = 'NotUtf8'
  /** From 1. */
  readonly line: number

  constructor(line: number) {
    super(`line ${line} ${NOT_UTF8}`)
    this.line = line
  }
}

/** The text of a file, which must be UTF-8: throws `NotUtf8`, and what reading throws. */
export async function readText(path: string): Promise<string> {
  return decodeUtf8(await readFile(path))
}

export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decode(bytes)
  } catch {
    throw new NotUtf8(lineOfFault(bytes))
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

/** No byte of a longer character of UTF-8 is a line feed: lines can be looked at one by one. */
function lineOfFault(bytes: Uint8Array): number {
  for (let begin = 0, line = 1; ; line++) {
    const end = bytes.indexOf(0x0a, begin)
    try {
      decode(bytes.subarray(begin, end < 0 ? bytes.length : end))
    } catch {
      return line
    }
    if (end < 0) return line
    begin = end + 1
  }
}
