import { isUtf8 } from 'node:buffer'
import { DEPTH_MAX } from './json-text.ts'

/** To begin with; a longer value makes it grow. */
const MEMORY_BYTES = 256 * 1024
const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/**
 * Reads a JSON document step by step as its bytes come in, so that a document of any length needs no more memory than the
 * longest value that is taken as a whole. The caller walks the structure (`enter`, `nextMember`, `nextItem`) and takes the
 * text of the values it wants (`value`), which it parses itself. Throws `SyntaxError` on what is no JSON, on text that is no
 * UTF-8, and on a value that is longer than `valueBytesMax` or nested deeper than any client needs.
 */
export class JsonPull {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #valueBytesMax: number
  /** One piece of memory for all that passes through: a new one for each chunk would pile up as garbage. */
  #memory = Buffer.allocUnsafeSlow(MEMORY_BYTES)
  /** What was read into it. */
  #buffer = this.#memory.subarray(0, 0)
  #at = 0
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>, { valueBytesMax }: { valueBytesMax: number }) {
    this.#source = source[Symbol.asyncIterator]()
    this.#valueBytesMax = valueBytesMax
  }

  /** Steps into an object or array; false when another kind of value comes, which is left unread. */
  async enter(kind: 'object' | 'array'): Promise<boolean> {
    if ((await this.#peek()) !== (kind === 'object' ? OPEN_BRACE : OPEN_BRACKET)) return false
    this.#at++
    return true
  }

  /** The name of the next member, with its value to be read next; undefined at the object's end, which is left behind. */
  async nextMember(first: boolean): Promise<string | undefined> {
    if (!(await this.#more(first, CLOSE_BRACE))) return undefined
    if ((await this.#peek()) !== QUOTE) throw this.#unexpected()
    const name = JSON.parse(await this.value()) as string
    if ((await this.#peek()) !== COLON) throw this.#unexpected()
    this.#at++
    return name
  }

  /** Whether an item comes, to be read next; false at the array's end, which is left behind. */
  async nextItem(first: boolean): Promise<boolean> {
    return this.#more(first, CLOSE_BRACKET)
  }

  /**
   * As many of the array's next items as are there in whole, at most `max`, without waiting: their text with the commas
   * between them, and their number, which may be 0. The array's end is left for `nextItem`.
   */
  itemsNow(first: boolean, max: number): { text: string; count: number } {
    let count = 0
    let begin = this.#at
    let end = begin
    while (count < max && end - begin <= this.#valueBytesMax) {
      let at = skipBlanks(this.#buffer, end)
      if (!first || count > 0) {
        if (this.#buffer[at] !== COMMA) break
        at = skipBlanks(this.#buffer, at + 1)
      }
      const code = this.#buffer[at]
      const next = code === undefined || code === CLOSE_BRACKET ? undefined : this.#valueEnd(at)
      if (next === undefined) break
      if (count === 0) begin = at
      end = next
      count++
    }
    if (count === 0) return { text: '', count }
    this.#at = end
    return { text: this.#text(begin, end, 2 * this.#valueBytesMax), count }
  }

  /** The text of the next value, whole. */
  async value(): Promise<string> {
    await this.#peek()
    for (;;) {
      const end = this.#valueEnd(this.#at)
      if (end !== undefined) {
        const text = this.#text(this.#at, end)
        this.#at = end
        return text
      }
      if (this.#buffer.length - this.#at > this.#valueBytesMax) throw this.#tooLong()
      if (this.#ended) throw new SyntaxError('the document ends in the middle')
      await this.#fill()
    }
  }

  /** Throws unless nothing but blanks comes. */
  async end(): Promise<void> {
    if ((await this.#peek()) !== undefined) throw this.#unexpected()
  }

  async #more(first: boolean, close: number): Promise<boolean> {
    let code = await this.#peek()
    if (code === close) {
      this.#at++
      return false
    }
    if (first) return true
    if (code !== COMMA) throw this.#unexpected()
    this.#at++
    code = await this.#peek()
    if (code === close) throw this.#unexpected()
    return true
  }

  /** The next byte that is no blank; undefined at the end of the document. */
  async #peek(): Promise<number | undefined> {
    for (;;) {
      this.#at = skipBlanks(this.#buffer, this.#at)
      if (this.#at < this.#buffer.length) return this.#buffer[this.#at]
      if (!(await this.#fill())) return undefined
    }
  }

  /** Reads on; at least as much as is there unread, so that a long value in small pieces is not looked at ever again. */
  async #fill(): Promise<boolean> {
    let unread = this.#buffer.length - this.#at
    this.#memory.copyWithin(0, this.#at, this.#buffer.length)
    this.#at = 0
    const wanted = 2 * Math.max(unread, 1)
    let got = false
    while (!this.#ended && (!got || unread < wanted)) {
      const { done, value } = await this.#source.next()
      if (done) this.#ended = true
      else if (value.byteLength > 0) {
        this.#reserve(unread + value.byteLength)
        this.#memory.set(value, unread)
        unread += value.byteLength
        got = true
      }
    }
    this.#buffer = this.#memory.subarray(0, unread)
    return got
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#memory.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#memory.length))
    larger.set(this.#memory)
    this.#memory = larger
  }

  /** Where the value that begins at `at` ends; undefined when that is not known yet. */
  #valueEnd(at: number): number | undefined {
    const buffer = this.#buffer
    const first = buffer[at]
    if (first === QUOTE) return stringEnd(buffer, at)
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      let depth = 0
      for (let i = at; i < buffer.length; i++) {
        const code = buffer[i]!
        if (code === QUOTE) {
          const end = stringEnd(buffer, i)
          if (end === undefined) return undefined
          i = end - 1
        } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
          if (++depth > DEPTH_MAX) throw new SyntaxError(`nested more than ${DEPTH_MAX} deep`)
        } else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return i + 1
      }
      return undefined
    }
    for (let i = at; i < buffer.length; i++) {
      const code = buffer[i]!
      if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 32) {
        if (i === at) throw this.#unexpected()
        return i
      }
    }
    // A number may go on in the next chunk, unless there is none.
    return this.#ended && at < buffer.length ? buffer.length : undefined
  }

  #text(start: number, end: number, bytesMax = this.#valueBytesMax): string {
    if (end - start > bytesMax) throw this.#tooLong()
    const bytes = this.#buffer.subarray(start, end)
    if (!isUtf8(bytes)) throw new SyntaxError('the document is no UTF-8')
    return bytes.toString('utf8')
  }

  #tooLong(): SyntaxError {
    return new SyntaxError(`a value is longer than ${this.#valueBytesMax} bytes`)
  }

  #unexpected(): SyntaxError {
    const code = this.#buffer[this.#at]
    return new SyntaxError(code === undefined ? 'the document ends in the middle' : 'the document is not valid JSON')
  }
}

function skipBlanks(buffer: Buffer, at: number): number {
  for (;;) {
    const code = buffer[at]
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at
    at++
  }
}

/** Behind the closing quote of the string that begins at `at`. */
function stringEnd(buffer: Buffer, at: number): number | undefined {
  for (let quote = buffer.indexOf(QUOTE, at + 1); quote !== -1; quote = buffer.indexOf(QUOTE, quote + 1)) {
    let slashes = 0
    while (buffer[quote - 1 - slashes] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return quote + 1
  }
  return undefined
}
