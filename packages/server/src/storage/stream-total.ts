import type { Total, TotalRow, TotalStream } from './point-store.ts'

type Rows = readonly (readonly unknown[])[]

/** An answer of which an engine sends the rows in parts; `read` says what a part holds, an empty one included. */
export async function streamTotal(
  parts: AsyncGenerator<Rows, void, undefined>,
  read: (rows: Rows) => Total,
): Promise<TotalStream> {
  const first = await parts.next()
  const { total, rows } = read(first.done ? [] : first.value)
  let ahead: readonly TotalRow[] | undefined = rows
  return {
    total,
    rows: {
      [Symbol.asyncIterator]() {
        return this
      },
      async next() {
        const value = ahead
        ahead = undefined
        if (value) return { value }
        const part = await parts.next()
        return part.done ? { done: true, value: undefined } : { value: read(part.value).rows }
      },
      // Not a generator's: one that was never asked for anything would let go of nothing.
      async return() {
        ahead = undefined
        await parts.return()
        return { done: true, value: undefined }
      },
    },
  }
}

/** An answer that is here already. */
export function wholeStream({ total, rows }: Total): TotalStream {
  return {
    total,
    rows: (async function* () {
      yield rows
    })(),
  }
}
