import { setImmediate as nextTurn } from 'node:timers/promises'
import { writeJson } from './json.ts'
import { Content } from './route.ts'

/** Texts are sent on in pieces of about so many characters: a client's next one waits until this one is taken. */
const PIECE = 32_768

/**
 * A JSON object whose last member is a list of any length, sent as it is read: `head`'s members, then `name: [items]`, then
 * `end`. `items` is the list's text in pieces (`listText`). An error in the middle cuts the connection, so that no client
 * takes a part for the whole.
 */
export function jsonStream(head: object, name: string, items: AsyncIterable<string>, end = ''): Content {
  const encoder = new TextEncoder()
  const members = writeJson(head).slice(1, -1)
  const iterator = items[Symbol.asyncIterator]()
  let text = `{${members}${members === '' ? '' : ', '}${JSON.stringify(name)}: [`
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Others have their turn between two pieces, however quickly this client takes them.
      await nextTurn()
      while (text.length < PIECE) {
        const { done, value } = await iterator.next()
        if (done) {
          controller.enqueue(encoder.encode(`${text}]}${end}`))
          controller.close()
          return
        }
        text += value
      }
      controller.enqueue(encoder.encode(text))
      text = ''
    },
    async cancel() {
      await iterator.return?.()
    },
  })
  return new Content('application/json', stream)
}

/** Neighbours in a list that stand in a list of their own in the text. */
export interface Nesting<T> {
  isOne(a: T, b: T): boolean
  /** What comes before the first of them. */
  open(first: T): string
  /** What comes after the last of them. */
  readonly close: string
}

/** Lists of items as the text of one list: what stands between its brackets. Outer nestings come first. */
export async function* listText<T>(
  lists: AsyncIterable<readonly T[]>,
  nestings: readonly Nesting<T>[],
  textOf: (item: T) => string,
): AsyncGenerator<string> {
  let before: { readonly item: T } | undefined
  for await (const list of lists) {
    let text = ''
    for (const item of list) {
      const { item: last } = before ?? {}
      const differs = last === undefined ? 0 : nestings.findIndex((nesting) => !nesting.isOne(last, item))
      const from = differs < 0 ? nestings.length : differs
      if (last !== undefined) text += `${closing(nestings, from)}, `
      for (const nesting of nestings.slice(from)) text += nesting.open(item)
      text += textOf(item)
      before = { item }
      if (text.length < PIECE) continue
      yield text
      text = ''
    }
    yield text
  }
  if (before) yield closing(nestings, 0)
}

function closing<T>(nestings: readonly Nesting<T>[], from: number): string {
  return nestings
    .slice(from)
    .map(({ close }) => close)
    .toReversed()
    .join('')
}
