import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export const NET_FAULTS = ['refuse', 'stall', 'cut', 'lose', 'slow'] as const
/**
 * `refuse`: nobody listens, and connections break. `stall`: nothing moves, either way, until it is lifted. `cut`: each
 * connection breaks somewhere in the next answer. `lose`: requests are delivered, and the connection breaks instead of the
 * answer. `slow`: answers trickle.
 */
export type NetFault = (typeof NET_FAULTS)[number]

interface Link {
  readonly client: Socket
  readonly server: Socket
  /** Bytes of answers that still pass while the fault is `cut`. */
  passing: number
}

/** Between a client and a TCP server on loopback; without a fault it only passes on. */
export class FaultProxy implements AsyncDisposable {
  readonly #target: { readonly host: string; readonly port: number }
  readonly #random: () => number
  readonly #links = new Set<Link>()
  #listener: Server | undefined
  #port = 0
  #fault: NetFault | undefined
  #turn = 0
  #lifted = gate()

  private constructor(target: { host: string; port: number }, random: () => number) {
    this.#target = target
    this.#random = random
  }

  static async start(target: { host: string; port: number }, random: () => number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, random)
    await proxy.#listen()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  /** Has a fault for so long, unless another one comes meanwhile and takes its place. */
  async hold(fault: NetFault, ms: number): Promise<void> {
    const turn = ++this.#turn
    await this.set(fault)
    await sleep(ms)
    if (turn === this.#turn) await this.lift()
  }

  /** Connections that are there are hit too. */
  async set(fault: NetFault): Promise<void> {
    await this.lift()
    this.#fault = fault
    this.#lifted = gate()
    for (const link of this.#links) link.passing = this.#allowance()
    if (fault === 'refuse') await this.#close()
  }

  async lift(): Promise<void> {
    const before = this.#fault
    this.#fault = undefined
    this.#lifted.open()
    if (before === 'refuse') await this.#listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifted.open()
    await this.#close()
  }

  async #listen(): Promise<void> {
    // Somebody may hold the port for a moment as the near end of a connection.
    for (let attempt = 0; ; attempt++) {
      const server = createServer({ allowHalfOpen: true }, (client) => this.#link(client))
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject)
          server.listen(this.#port, '127.0.0.1', resolve)
        })
        this.#port = (server.address() as AddressInfo).port
        this.#listener = server
        return
      } catch (error) {
        if (attempt >= 50) throw error
        await sleep(100)
      }
    }
  }

  async #close(): Promise<void> {
    const closed = new Promise((resolve) => (this.#listener ? this.#listener.close(resolve) : resolve(undefined)))
    for (const link of this.#links) breakOff(link)
    await closed
    this.#listener = undefined
  }

  #allowance(): number {
    return Math.floor(this.#random() * 600)
  }

  #link(client: Socket): void {
    const server = connect({ ...this.#target, allowHalfOpen: true })
    const link: Link = { client, server, passing: this.#allowance() }
    this.#links.add(link)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => breakOff(link))
      socket.on('close', () => {
        this.#links.delete(link)
        breakOff(link)
      })
    }
    this.#pass(client, server, async () => true)
    this.#pass(server, client, (chunk) => this.#answer(link, chunk))
  }

  /** Chunk by chunk; `deliver` says whether the connection goes on. */
  #pass(from: Socket, to: Socket, deliver: (chunk: Buffer) => Promise<boolean>): void {
    const move = async (chunk: Buffer): Promise<void> => {
      while (this.#fault === 'stall') await this.#lifted.opened
      if (from.destroyed || to.destroyed || !(await deliver(chunk)) || to.destroyed) return
      if (!to.write(chunk)) await new Promise<void>((resolve) => void to.once('drain', resolve).once('close', resolve))
    }
    from.on('data', (chunk: Buffer) => {
      from.pause()
      void move(chunk).then(() => from.resume())
    })
    from.on('end', () => to.end())
  }

  async #answer(link: Link, chunk: Buffer): Promise<boolean> {
    if (this.#fault === 'slow') {
      for (let left = chunk.length; left > 0 && this.#fault === 'slow'; left -= 16_384)
        await sleep(20 + this.#random() * 60)
    }
    if (this.#fault === 'lose' || (this.#fault === 'cut' && chunk.length > link.passing)) {
      if (this.#fault === 'cut') link.client.write(chunk.subarray(0, link.passing))
      // What was written goes out first.
      setImmediate(() => breakOff(link))
      return false
    }
    link.passing -= chunk.length
    return true
  }
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

function breakOff({ client, server }: Link): void {
  client.destroy()
  server.destroy()
}
