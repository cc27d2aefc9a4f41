import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a proxy does with a request instead of passing it on. */
export type Disturbance = 'hang' | 'cut' | ((request: IncomingMessage, response: ServerResponse) => void)

/** Stands between a client and a real server on loopback: counts, and disturbs when told to. */
export class CountingProxy implements AsyncDisposable {
  /** `GET /v3/auth/tokens`, in the order of arrival; without query. */
  readonly seen: string[] = []
  disturb: Disturbance | undefined
  readonly #server
  readonly #target: URL

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer((incoming, response) => this.#answer(incoming, response))
  }

  static async open(target: string): Promise<CountingProxy> {
    const proxy = new CountingProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  /** The target's address with the proxy's port. */
  get url(): string {
    const url = new URL(this.#target)
    url.port = String((this.#server.address() as AddressInfo).port)
    return url.href
  }

  count(line: string): number {
    return this.seen.filter((each) => each === line).length
  }

  #answer(incoming: IncomingMessage, response: ServerResponse): void {
    this.seen.push(`${incoming.method} ${incoming.url?.split('?')[0]}`)
    if (this.disturb === 'hang') return
    if (this.disturb === 'cut') {
      incoming.socket.destroy()
      return
    }
    if (this.disturb) {
      this.disturb(incoming, response)
      return
    }
    const { hostname, port } = this.#target
    const { method, url: path, headers } = incoming
    const onward = request({ hostname, port, method, path, headers, agent: false }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(response)
    })
    onward.on('error', () => incoming.socket.destroy())
    incoming.pipe(onward)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
