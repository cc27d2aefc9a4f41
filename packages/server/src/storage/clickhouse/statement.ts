/** What a statement may be given: a whole number, a text, or a list of either. */
export type Param = number | bigint | string | readonly (number | bigint)[] | readonly string[]

/** One statement with its parameters by name, `{p0:Int64}`, ...; no value ever stands in the SQL itself. */
export interface Statement {
  readonly sql: string
  readonly params: Readonly<Record<string, Param>>
}

/** A server refuses a single field longer than 128 KiB (`http_max_field_value_size`), so that long lists go in parts. */
const LIST_BYTES_MAX = 60_000

/** Collects the parameters of one statement: each method answers with the placeholder that stands for the value. */
export class Params {
  readonly list: Record<string, Param> = {}
  #count = 0

  add(param: number | bigint | string): string {
    return this.#put(param, typeof param === 'string' ? 'String' : 'Int64')
  }

  integers(integers: readonly (number | bigint)[]): string {
    return this.#parts(integers, 'Array(Int64)', () => 20)
  }

  texts(texts: readonly string[]): string {
    // Every character may be escaped, and every one may take three bytes.
    return this.#parts(texts, 'Array(String)', (text) => 3 * text.length + 3)
  }

  #parts<T extends number | bigint | string>(list: readonly T[], type: string, bytesOf: (item: T) => number): string {
    const parts: T[][] = [[]]
    let bytes = 0
    for (const item of list) {
      bytes += bytesOf(item)
      if (bytes > LIST_BYTES_MAX && parts.at(-1)!.length > 0) {
        parts.push([])
        bytes = bytesOf(item)
      }
      parts.at(-1)!.push(item)
    }
    const placeholders = parts.map((part) => this.#put(part as Param, type))
    return placeholders.length === 1 ? placeholders[0]! : `arrayConcat(${placeholders.join(', ')})`
  }

  #put(param: Param, type: string): string {
    const name = `p${this.#count++}`
    this.list[name] = param
    return `{${name}:${type}}`
  }
}
