import type { IncomingMessage } from 'node:http'
import { Writable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** One request to ClickHouse's HTTP interface, taken apart. */
export interface ClickHouseRequest {
  /** The statement; for an insert with its data apart, up to and with `FORMAT x`. */
  readonly query: string
  /** An insert's rows in the format that the statement names, when they came in the body. */
  readonly data: Buffer | undefined
  readonly queryId: string | undefined
  readonly sessionId: string | undefined
  readonly database: string | undefined
  /** For answers whose statement names none. */
  readonly defaultFormat: string | undefined
  readonly waitEndOfQuery: boolean
  readonly compress: boolean
  /** Values of `{name:Type}`, in the escaped form of the wire. */
  readonly params: ReadonlyMap<string, string>
  readonly settings: ReadonlyMap<string, string>
}

/** What ClickHouse says when it refuses: its number, and its text, which ends with `(NAME)`. */
export class ClickHouseError extends Error {
  override readonly name = 'ClickHouseError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Known to the HTTP layer alone: the engine would call them unknown settings. */
const NOT_SETTINGS = new Set(
  `buffer_size client_protocol_version close_session compress database decompress default_format enable_http_compression
   http_headers_progress_interval_ms http_native_compression_disable_checksumming_on_decompress http_response_buffer_size
   http_response_compression_method http_send_progress_interval_ms http_zlib_compression_level password query query_id
   quota_key role send_progress_in_http_headers session_check session_id session_timeout stacktrace user
   wait_end_of_query`.split(/\s+/),
)

/**
 * Reads a request whole, since an insert is atomic only when the engine gets it in one piece. Throws `ClickHouseError`
 * for a body over the bound or in an unknown encoding.
 */
export async function readRequest(request: IncomingMessage, bodyBytesMax: number): Promise<ClickHouseRequest> {
  const fields = new URL(request.url ?? '/', 'http://localhost').searchParams
  let body = await readBody(request, bodyBytesMax)
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)/i.exec(request.headers['content-type'] ?? '')?.[1]
  if (boundary !== undefined) {
    for (const [name, value] of readParts(body, boundary)) fields.append(name, value)
    body = Buffer.alloc(0)
  }

  const [params, settings] = [new Map<string, string>(), new Map<string, string>()]
  for (const [name, value] of fields) {
    if (name.startsWith('param_')) params.set(name.slice('param_'.length), value)
    else if (!NOT_SETTINGS.has(name)) settings.set(name, value)
  }
  // What is asked for by GET must not change anything.
  if (request.method !== 'POST' && !settings.has('readonly')) settings.set('readonly', '2')

  const field = (name: string): string | undefined => fields.get(name) || undefined
  const header = request.headers['x-clickhouse-database']
  return {
    ...toStatement(field('query') ?? '', body),
    queryId: field('query_id'),
    sessionId: field('session_id'),
    database: field('database') ?? (typeof header === 'string' ? header : undefined),
    defaultFormat: field('default_format'),
    waitEndOfQuery: field('wait_end_of_query') === '1',
    compress: field('enable_http_compression') === '1' && /\bgzip\b/.test(request.headers['accept-encoding'] ?? ''),
    params,
    settings,
  }
}

/** The body is the rows of an insert in the URL that ends where they begin; else it goes on where the URL's query ends. */
function toStatement(query: string, body: Buffer): Pick<ClickHouseRequest, 'query' | 'data'> {
  if (isInsert(query) && /\b(?:FORMAT\s+\w+|VALUES)\s*$/i.test(query)) return { query, data: body }
  return { query: query + body.toString('utf8'), data: undefined }
}

export function isInsert(query: string): boolean {
  return /^(?:\s|--.*\n|\/\*[^]*?\*\/)*INSERT\b/i.test(query)
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      chunks.push(chunk)
      done(bytes <= bytesMax ? null : new ClickHouseError(307, `Body over ${bytesMax} bytes. (TOO_MANY_BYTES)`))
    },
  })
  const decoder = decoderOf(request.headers['content-encoding'] ?? '')
  await (decoder ? pipeline(request, decoder, sink) : pipeline(request, sink))
  return Buffer.concat(chunks)
}

function decoderOf(encoding: string): Duplex | undefined {
  if (encoding === '' || encoding === 'identity') return undefined
  if (encoding === 'gzip') return createGunzip()
  if (encoding === 'deflate') return createInflate()
  if (encoding === 'br') return createBrotliDecompress()
  throw new ClickHouseError(89, `Unknown compression method: ${encoding}. (UNKNOWN_COMPRESSION_METHOD)`)
}

function* readParts(body: Buffer, boundary: string): Generator<[name: string, value: string]> {
  for (const part of body.toString('utf8').split(`--${boundary}`).slice(1)) {
    if (part.startsWith('--')) return
    const end = part.indexOf('\r\n\r\n')
    const name = /\bname="([^"]*)"/i.exec(part.slice(0, end))?.[1]
    if (end >= 0 && name !== undefined) yield [name, part.slice(end + 4).replace(/\r\n$/, '')]
  }
}
