import type { IncomingMessage } from 'node:http'
import { Fault } from '../lib/fault.ts'

const NOTHING: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(DONE) }) }
const DONE = { done: true, value: undefined } as const

export interface BodyLimits {
  /** More is the fault `request.too_large`. */
  readonly bytesMax: number
  /** A client that sends nothing for so long gets the fault `request.too_slow`. */
  readonly idleMs: number
}

/**
 * The request's body as it comes in, within the limits. Read from Node's own request where there is one: CloudKitty's v1
 * clients send JSON bodies with GET and DELETE, which a fetch `Request` drops.
 */
export function bodyStream(
  request: Request,
  incoming: IncomingMessage | undefined,
  limits: BodyLimits,
): AsyncIterable<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limits.bytesMax) throw tooLarge(limits.bytesMax)
  const source: AsyncIterable<Uint8Array> = incoming ?? (request.body as AsyncIterable<Uint8Array> | null) ?? NOTHING
  return bounded(source, limits)
}

async function* bounded(
  source: AsyncIterable<Uint8Array>,
  { bytesMax, idleMs }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  let bytes = 0
  for (;;) {
    const { done, value } = await inTime(chunks.next(), idleMs)
    if (done) return
    bytes += value.byteLength
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    yield value
  }
}

async function inTime<T>(next: Promise<T>, idleMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const fault = new Fault('request.too_slow', `Nothing of the body came for ${idleMs / 1000} seconds.`)
    timer = setTimeout(() => reject(fault), idleMs)
  })
  // When the connection is cut afterwards, nobody waits for the chunk any more.
  next.catch(() => {})
  try {
    return await Promise.race([next, late])
  } finally {
    clearTimeout(timer)
  }
}

function tooLarge(bytesMax: number): Fault {
  return new Fault('request.too_large', `The body is longer than the ${bytesMax} bytes that are taken.`)
}

/** The whole body as text. Throws `TypeError` when it is not UTF-8. */
export async function readUtf8(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}
