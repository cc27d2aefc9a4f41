import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string
  /** Connections that were broken. */
  readonly cuts: number
}

/** Where a connection breaks: when the server has done what it was asked and begins to answer, or amid the question. */
export type Place = 'answer' | 'question'

/** Passes HTTP on to a server, and breaks the connection at the place that `cut` says for a request's head. */
export async function cuttingProxy(target: string, cut: (head: string) => Place | undefined): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const seen = { cuts: 0 }
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) })
    const breakOff = () => {
      seen.cuts++
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
    let place: Place | undefined
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (data) => {
      const text = data.toString('latin1')
      if (/^(?:POST|GET) /.test(text))
        place = cut(decodeURIComponent(text.slice(0, text.indexOf(' HTTP/')).replaceAll('+', ' ')))
      if (place !== 'question') upstream.write(data)
      else {
        upstream.write(data.subarray(0, Math.floor(data.length / 2)))
        breakOff()
      }
    })
    upstream.on('data', (data) => {
      if (place === 'answer') breakOff()
      else client.write(data)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cuts() {
      return seen.cuts
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
