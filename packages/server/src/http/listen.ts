import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { App } from './create-app.ts'

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** A client that has not sent its headers, or the whole request, by then is told so (408) and cut off. */
  readonly headersTimeoutMs?: number
  readonly requestTimeoutMs?: number
  /** The request line and all headers together, or 431; Keystone tokens and long filters must fit. */
  readonly headerBytesMax?: number
  /** Connections at a time, idle ones too; one more is cut before it is read. */
  readonly connectionsMax?: number
  /** Told that some were cut, once a minute at most. */
  readonly onCrowded?: () => void
  /** On disposal, requests under way get so long to end. */
  readonly drainMs?: number
}

const CONNECTIONS_MAX = 2000
const CROWDED_MS = 60_000

/** A server that listens. Disposal stops taking connections, waits for requests under way, then cuts the rest. */
export class Listener implements AsyncDisposable {
  readonly #server: Server
  readonly #drainMs: number

  constructor(server: Server, drainMs: number) {
    this.#server = server
    this.#drainMs = drainMs
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    const cut = setTimeout(() => this.#server.closeAllConnections(), this.#drainMs)
    await closed
    clearTimeout(cut)
  }
}

/** Starts to answer on a port. Throws Node's own error (`EADDRINUSE`, `EACCES`) when it cannot be taken. */
export async function listen(app: App, options: ListenOptions): Promise<Listener> {
  const { host, port, headersTimeoutMs = 30_000, requestTimeoutMs = 900_000 } = options
  const { headerBytesMax = 64 * 1024, drainMs = 10_000, connectionsMax = CONNECTIONS_MAX, onCrowded } = options
  const listener = getRequestListener((request, env) => app.fetch(request, env as object), {
    overrideGlobalObjects: false,
    hostname: host,
  })
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Node looks for late clients in such intervals only.
      connectionsCheckingInterval: Math.min(5000, Math.ceil(headersTimeoutMs / 4)),
      maxHeaderSize: headerBytesMax,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  )
  server.maxConnections = connectionsMax
  let toldAtMs = -Infinity
  server.on('drop', () => {
    if (performance.now() - toldAtMs < CROWDED_MS) return
    toldAtMs = performance.now()
    onCrowded?.()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return new Listener(server, drainMs)
}
