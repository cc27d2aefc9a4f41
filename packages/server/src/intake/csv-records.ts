import { type CsvError, parse } from 'csv-parse/sync'

/** One record of a CSV text. */
export interface CsvRecord {
  /** The line on which it begins, counted from 1. */
  readonly line: number
  /** Without the blanks around unquoted cells. */
  readonly cells: readonly string[]
}

/** What stands where a record should be. */
export interface CsvBroken {
  readonly line: number
  readonly reason: string
}

const RECORD_LENGTH_MAX = 1024 * 1024

/**
 * Cuts CSV text (RFC 4180, lines ended by LF or CRLF), which comes in pieces of any size, into records. Empty lines are
 * left out. Only records with a quote go through csv-parse: cutting the others at their commas is several times faster,
 * and files of samples have millions of them.
 */
export class CsvRecords {
  #line = 0
  /** The text after the last line break. */
  #rest = ''
  /** A record whose quotes are still open, and the line on which it begins. */
  #open: { readonly lines: string[]; readonly line: number; length: number } | undefined;

  *push(text: string): Generator<CsvRecord | CsvBroken> {
    const piece = this.#rest + text
    let begin = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', begin)) {
      const record = this.#endLine(piece.slice(begin, end))
      if (record) yield record
      begin = end + 1
    }
    this.#rest = piece.slice(begin)
    if (this.#rest.length > RECORD_LENGTH_MAX) {
      this.#rest = ''
      yield { line: this.#line + 1, reason: TOO_LONG }
    }
  }

  /** What is left when the text is over. */
  *end(): Generator<CsvRecord | CsvBroken> {
    const record = this.#rest === '' ? undefined : this.#endLine(this.#rest)
    if (record) yield record
    if (this.#open) yield { line: this.#open.line, reason: 'a quote is opened here, and not closed' }
  }

  #endLine(ended: string): CsvRecord | CsvBroken | undefined {
    this.#line++
    const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended
    if (!this.#open && !line.includes('"')) {
      if (line.trim() === '') return undefined
      return { line: this.#line, cells: line.split(',').map((cell) => cell.trim()) }
    }
    const open = (this.#open ??= { lines: [], line: this.#line, length: 0 })
    const wasOpen = open.lines.length > 0
    open.lines.push(line)
    open.length += line.length + 1
    if (open.length > RECORD_LENGTH_MAX) {
      this.#open = undefined
      return { line: open.line, reason: `${TOO_LONG}; is a quote not closed?` }
    }
    // Quotes come in pairs, also those that stand for a quote.
    if (hasOddQuotes(line) !== wasOpen) return undefined
    this.#open = undefined
    return parseQuoted(open.lines.join('\n'), open.line)
  }
}

const TOO_LONG = `the line is longer than ${RECORD_LENGTH_MAX} characters`

function hasOddQuotes(text: string): boolean {
  let odd = false
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd
  return odd
}

function parseQuoted(text: string, line: number): CsvRecord | CsvBroken {
  try {
    const [cells = []] = parse(text, { trim: true, record_delimiter: [], relax_column_count: true })
    return { line, cells }
  } catch (error) {
    const { code } = error as CsvError
    const misplaced = code === 'CSV_INVALID_CLOSING_QUOTE' || code === 'INVALID_OPENING_QUOTE'
    return {
      line,
      reason: misplaced
        ? 'a quote stands in the middle of a cell; quote the whole cell, and double the quotes in it'
        : (error as Error).message,
    }
  }
}
