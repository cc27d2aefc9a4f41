import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server that a test can cut, close and stall. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Breaks every connection there is; new ones can be made. */
  cut(): void
  /** Breaks every connection there is, and refuses new ones from now on, as a server that is down; or takes them again. */
  refuse(refused: boolean): void
  /** Holds back whatever comes from now on, in both directions, and breaks nothing; or lets it all pass again. */
  stall(stalled: boolean): void
}

/** Passes on what it gets to a server on this machine. */
export async function tcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const state = { refused: false, stalled: false }
  const keep = (socket: Socket, other: () => Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      other().destroy()
    })
    if (state.stalled) socket.pause()
  }
  const server = createServer((client) => {
    if (state.refused) {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(target)
    keep(client, () => upstream)
    keep(upstream, () => client)
    client.on('data', (data) => upstream.write(data))
    upstream.on('data', (data) => client.write(data))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    refuse(refused) {
      state.refused = refused
      if (refused) cut()
    },
    stall(stalled) {
      state.stalled = stalled
      for (const socket of sockets) {
        if (stalled) socket.pause()
        else socket.resume()
      }
    },
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
