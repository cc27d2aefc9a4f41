import { Fault } from '../lib/fault.ts'
import { writeJson } from './json.ts'
import { Content } from './route.ts'

/** A client that takes nothing for so long is given up, and what the answer is read from is let go. */
const IDLE_MS = 60_000

/**
 * A JSON object whose last member is a long list, sent item by item: `head`'s members, then `name: [items]`. An error in
 * the middle cuts the connection, so that no client takes a part for the whole.
 */
export function jsonStream(head: object, name: string, items: AsyncIterable<unknown>, idleMs = IDLE_MS): Content {
  const encoder = new TextEncoder()
  const members = writeJson(head).slice(1, -1)
  const iterator = items[Symbol.asyncIterator]()
  let separator = `{${members}${members === '' ? '' : ', '}${JSON.stringify(name)}: [`
  let idle: NodeJS.Timeout | undefined
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      clearTimeout(idle)
      const { done, value } = await iterator.next()
      if (done) {
        controller.enqueue(encoder.encode(`${separator.startsWith('{') ? separator : ''}]}`))
        controller.close()
        return
      }
      controller.enqueue(encoder.encode(separator + writeJson(value)))
      separator = ', '
      idle = setTimeout(() => {
        controller.error(new Fault('request.timeout', 'The answer was not taken.'))
        void iterator.return?.()
      }, idleMs)
    },
    async cancel() {
      clearTimeout(idle)
      await iterator.return?.()
    },
  })
  return new Content('application/json', stream)
}
