import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { constants, createGzip, gzip, type ZlibOptions } from 'node:zlib'
import type { MiddlewareHandler } from 'hono'
import { accepts } from 'hono/accepts'

/** What is shorter is sent as it is. */
const LENGTH_MIN = 1024
/** Usage as JSON becomes a tenth by the quickest level already; the best one makes a little less of it in three times the time. */
const OPTIONS: ZlibOptions = { level: constants.Z_BEST_SPEED }

/**
 * Sends answers packed to clients that take gzip. Hono's own middleware would hold a streamed answer back until a window is full,
 * however long that takes: here each piece goes out when it is there.
 */
export const compress: MiddlewareHandler = async (c, next) => {
  await next()
  const { body, headers } = c.res
  const length = headers.get('content-length')
  if (body === null || (length !== null && Number(length) < LENGTH_MIN)) return
  headers.append('vary', 'Accept-Encoding')
  if (accepts(c, { header: 'Accept-Encoding', supports: ['gzip'], default: 'identity' }) !== 'gzip') return
  const packed = length === null ? packStream(body) : await packWhole(await c.res.arrayBuffer(), OPTIONS)
  c.res = new Response(packed, c.res)
  c.res.headers.set('content-encoding', 'gzip')
  if (packed instanceof ReadableStream) c.res.headers.delete('content-length')
  else c.res.headers.set('content-length', String(packed.byteLength))
  const etag = headers.get('etag')
  if (etag !== null && !etag.startsWith('W/')) c.res.headers.set('etag', `W/${etag}`)
}

const packWhole = promisify(gzip)

/** Lets go of the body when nobody reads on, and fails as the body does. */
function packStream(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const packer = createGzip({ ...OPTIONS, flush: constants.Z_SYNC_FLUSH })
  // Whoever reads the packer hears of a failure: it is handed on.
  pipeline(Readable.fromWeb(body), packer, () => {})
  return Readable.toWeb(packer) as ReadableStream<Uint8Array>
}
