import { type Decimal, power10, STORED_SCALE, toFixed, toStored } from '../../domain/decimal.ts'

/** Bodies of insertions: lines of ClickHouse's `TabSeparated`. */

const BLOCK_ROWS_MAX = 100_000
const BLOCK_CHARACTERS_MAX = 8_000_000

/** Puts lines together to bodies of a bounded size, the same for the same lines. */
export class Blocks {
  readonly #blocks: string[] = []
  #lines: string[] = []
  #characters = 0

  add(line: string): void {
    this.#lines.push(line)
    this.#characters += line.length
    if (this.#lines.length >= BLOCK_ROWS_MAX || this.#characters >= BLOCK_CHARACTERS_MAX) this.#cut()
  }

  take(): readonly string[] {
    if (this.#lines.length > 0) this.#cut()
    return this.#blocks
  }

  #cut(): void {
    this.#blocks.push(this.#lines.join(''))
    this.#lines = []
    this.#characters = 0
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' }

export function textField(text: string): string {
  // oxlint-disable-next-line no-control-regex -- tabs, line ends and NUL are what is escaped here
  return text.toWellFormed().replace(/[\\\t\n\r\0]/g, (character) => ESCAPES[character]!)
}

/** A `Map(String, String)`: its texts are quoted, and escaped once. */
export function mapField(entries: readonly (readonly [string, string])[]): string {
  const quoted = (text: string) => `'${textField(text).replaceAll("'", "\\'")}'`
  return `{${entries.map(([key, value]) => `${quoted(key)}:${quoted(value)}`).join(',')}}`
}

/** Undefined when the value does not fit `DECIMAL(38,18)`. Digits after the eighteenth are cut half-even. */
export function decimalField(value: Decimal): string | undefined {
  if (value.scale > STORED_SCALE) {
    const stored = toStored(value)
    return stored === undefined ? undefined : toFixed({ coefficient: stored, scale: STORED_SCALE }, STORED_SCALE)
  }
  const limit = power10(WHOLE_DIGITS + value.scale)
  if (value.coefficient >= limit || value.coefficient <= -limit) return undefined
  return value.scale === 0 ? value.coefficient.toString() : toFixed(value, value.scale)
}

const WHOLE_DIGITS = 38 - STORED_SCALE
