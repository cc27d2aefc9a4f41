import type { IncomingMessage } from 'node:http'
import { Fault } from '../lib/fault.ts'

const NOTHING: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(DONE) }) }
const DONE = { done: true, value: undefined } as const

/**
 * The request's body as it comes in, at most `bytesMax` of it; more is the fault `request.too_large`. Read from Node's own
 * request where there is one: CloudKitty's v1 clients send JSON bodies with GET and DELETE, which a fetch `Request` drops.
 */
export function bodyStream(
  request: Request,
  incoming: IncomingMessage | undefined,
  bytesMax: number,
): AsyncIterable<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge(bytesMax)
  const source: AsyncIterable<Uint8Array> = incoming ?? (request.body as AsyncIterable<Uint8Array> | null) ?? NOTHING
  return bounded(source, bytesMax)
}

async function* bounded(source: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    yield chunk
  }
}

function tooLarge(bytesMax: number): Fault {
  return new Fault('request.too_large', `The body is longer than the ${bytesMax} bytes that are taken.`)
}

/** The whole body as text. Throws `TypeError` when it is not UTF-8. */
export async function readText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}
