/**
 * A ClickHouse that answers on loopback, for tests and for trying a layout where no server can be installed: the engine
 * is the real one (npm's `chdb`, ClickHouse in-process; `npm run install:chdb` brings it), the server round it is not. It
 * speaks as much of the HTTP interface as `@clickhouse/client` uses. Not for production: it knows no users, no quotas, no
 * cluster and no limits but its own.
 *
 *   npx tsx scripts/services/clickhouse-server.ts --dir DIR [--port P] [--body-bytes-max N] [--with-stdin]
 *
 * DIR is made when missing, and belongs to one process at a time. Port 0, the default, takes a free one. Prints
 * `http://127.0.0.1:PORT` when it can be asked. SIGTERM and SIGINT, and with `--with-stdin` the end of standard input,
 * let what runs end and close the directory. What was acknowledged survives SIGKILL.
 */
import { mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createGzip } from 'node:zlib'
import { randomUUID } from 'node:crypto'
import { ClickHouseEngine } from './clickhouse-engine.ts'
import { ClickHouseError, readRequest } from './clickhouse-request.ts'

/** Requests under way get so long to end. */
const DRAIN_MS = 10_000
/** The statuses of `exceptionCodeToHTTPStatus`, as far as they are not 500: by ClickHouse's error codes. */
const STATUSES = new Map<number, readonly number[]>([
  [400, [6, 26, 27, 38, 41, 43, 53, 62, 69, 70, 72, 89, 117, 130, 164, 168, 321, 386, 456, 457]],
  [404, [46, 47, 50, 56, 60, 63, 73, 78, 79, 81, 115]],
  [408, [159]],
  [413, [307]],
  [501, [48]],
  [503, [202]],
])

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    port: { type: 'string', default: '0' },
    'body-bytes-max': { type: 'string', default: String(512 * 1024 * 1024) },
    'with-stdin': { type: 'boolean', default: false },
  },
})
await main(values.dir, Number(values.port), Number(values['body-bytes-max']), values['with-stdin'])

async function main(dir: string | undefined, port: number, bodyBytesMax: number, withStdin: boolean): Promise<void> {
  if (dir === undefined || !Number.isInteger(port) || !(bodyBytesMax > 0)) {
    process.stderr.write('clickhouse-server.ts --dir DIR [--port P] [--body-bytes-max N] [--with-stdin]\n')
    process.exitCode = 2
    return
  }
  await mkdir(dir, { recursive: true })
  await using engine = new ClickHouseEngine(dir)
  const version = await engine.version()
  const server = createServer({ requestTimeout: 0, maxHeaderSize: 1024 * 1024 }, (request, response) => {
    void answer(engine, version, bodyBytesMax, request, response)
  })
  // Longer than the client keeps its connections.
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)

  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
    if (withStdin) process.stdin.resume().once('close', () => resolve())
  })
  process.stdin.destroy()
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearTimeout(cut)
}

async function answer(
  engine: ClickHouseEngine,
  version: string,
  bodyBytesMax: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    response.setHeader('X-ClickHouse-Server-Display-Name', 'chdb')
    const path = (request.url ?? '/').split('?')[0]
    if (path === '/ping') return void response.end('Ok.\n')
    if (path !== '/') return void response.writeHead(404).end(`There is no handle ${path}\n`)
    const startedMs = performance.now()
    const parsed = await readRequest(request, bodyBytesMax)
    response.setHeader('X-ClickHouse-Query-Id', parsed.queryId ?? randomUUID())
    response.setHeader('X-ClickHouse-Timezone', 'UTC')
    const { format, writtenRows, readRows, chunks } = await engine.run(parsed)
    response.setHeader('X-ClickHouse-Format', format)
    response.setHeader('X-ClickHouse-Summary', summary(readRows, writtenRows, performance.now() - startedMs))
    response.setHeader('Content-Type', format.startsWith('JSON') ? 'application/json; charset=UTF-8' : 'text/plain')
    const body = Readable.from(chunks, { objectMode: false })
    if (!parsed.compress) return await pipeline(body, response)
    response.setHeader('Content-Encoding', 'gzip')
    await pipeline(body, createGzip(), response)
  } catch (error) {
    fail(response, error, version)
  }
}

/** As the server tells it; an answer that has begun is cut off instead, so that nobody takes it for the whole. */
function fail(response: ServerResponse, error: unknown, version: string): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const { code, message } =
    error instanceof ClickHouseError ? error : { code: 1001, message: `${String(error)} (STD_EXCEPTION)` }
  const status = [...STATUSES].find(([, codes]) => codes.includes(code))?.[0] ?? 500
  response.removeHeader('Content-Encoding')
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'X-ClickHouse-Exception-Code': code })
  response.end(`Code: ${code}. DB::Exception: ${message} (version ${version})\n`)
}

function summary(readRows: number, writtenRows: number, elapsedMs: number): string {
  const figures = {
    read_rows: readRows,
    read_bytes: 0,
    written_rows: writtenRows,
    written_bytes: 0,
    total_rows_to_read: 0,
    result_rows: readRows,
    result_bytes: 0,
    elapsed_ns: Math.round(elapsedMs * 1e6),
  }
  return JSON.stringify(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, String(value)])))
}
