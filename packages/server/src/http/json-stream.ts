import { writeJson } from './json.ts'
import { Content } from './route.ts'

/**
 * A JSON object whose last member is a long list, sent item by item: `head`'s members, then `name: [items]`. An error in
 * the middle cuts the connection, so that no client takes a part for the whole.
 */
export function jsonStream(head: object, name: string, items: AsyncIterable<unknown>): Content {
  const encoder = new TextEncoder()
  const members = writeJson(head).slice(1, -1)
  const iterator = items[Symbol.asyncIterator]()
  let separator = `{${members}${members === '' ? '' : ', '}${JSON.stringify(name)}: [`
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) {
        controller.enqueue(encoder.encode(`${separator.startsWith('{') ? separator : ''}]}`))
        controller.close()
        return
      }
      controller.enqueue(encoder.encode(separator + writeJson(value)))
      separator = ', '
    },
    async cancel() {
      await iterator.return?.()
    },
  })
  return new Content('application/json', stream)
}
