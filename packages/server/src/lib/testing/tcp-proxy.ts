import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export const NET_FAULTS = ['refuse', 'stall', 'cut', 'lose', 'slow'] as const
/**
 * `refuse`: nobody listens, and connections break. `stall`: nothing moves, either way, until it is lifted. `cut`: each
 * connection ends somewhere in the next answer. `lose`: requests are delivered, and the connection is reset instead of the
 * answer. `slow`: answers trickle.
 */
export type NetFault = (typeof NET_FAULTS)[number]

/** Where a connection breaks: when the server has done what it was asked and begins to answer, or amid the question. */
export type Place = 'answer' | 'question'

export interface TcpProxyOptions {
  /** From 0 to below 1; draws where answers are cut and how slowly they trickle. */
  readonly random?: () => number
  /** Asked with each part of what a client sends, as it comes: where the connection is to break, if it is. */
  readonly placeOf?: (question: Buffer) => Place | undefined
}

interface Link {
  readonly client: Socket
  readonly server: Socket
  /** Bytes of answers that still pass while the fault is `cut`. */
  passing: number
  place: Place | undefined
}

/** Between clients and a TCP server on this machine; without a fault it only passes on. */
export class TcpProxy implements AsyncDisposable {
  readonly #target: URL
  readonly #random: () => number
  readonly #placeOf: (question: Buffer) => Place | undefined
  readonly #links = new Set<Link>()
  #listener: Server | undefined
  #port = 0
  #fault: NetFault | undefined
  #changed = gate()
  #settled = Promise.resolve()
  #cuts = 0

  private constructor(target: string, { random = Math.random, placeOf = () => undefined }: TcpProxyOptions) {
    this.#target = new URL(target)
    this.#random = random
    this.#placeOf = placeOf
  }

  /** `target`: a URL of any scheme that names its port. */
  static async start(target: string, options: TcpProxyOptions = {}): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, options)
    await proxy.lift()
    return proxy
  }

  /** The target's, by way of the proxy; stays the same whatever happens. */
  get url(): string {
    const url = new URL(this.#target)
    url.host = `127.0.0.1:${this.#port}`
    return url.href
  }

  /** Connections that were broken in or instead of an answer, or amid a question. */
  get cuts(): number {
    return this.#cuts
  }

  /** Resets every connection there is; new ones can be made. */
  reset(): void {
    for (const link of this.#links) breakOff(link, 'resetAndDestroy')
  }

  /** Has the fault instead of what there was, if any; connections that are there are hit too. */
  async set(fault: NetFault | undefined): Promise<void> {
    this.#fault = fault
    this.#changed.open()
    this.#changed = gate()
    for (const link of this.#links) link.passing = this.#allowance()
    // One after the other, each as is wanted by then.
    this.#settled = this.#settled.then(() => (this.#fault === 'refuse' ? this.#close() : this.#listen()))
    await this.#settled
  }

  async lift(): Promise<void> {
    await this.set(undefined)
  }

  /** Has a fault for so long, unless another one comes meanwhile and takes its place. */
  async hold(fault: NetFault, ms: number): Promise<void> {
    const set = this.set(fault)
    const changed = this.#changed
    await set
    await sleep(ms)
    if (changed === this.#changed) await this.lift()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.set('refuse')
  }

  async #listen(): Promise<void> {
    // Somebody may hold the port for a moment as the near end of a connection.
    for (let attempt = 0; !this.#listener; attempt++) {
      const server = createServer({ allowHalfOpen: true }, (client) => this.#link(client))
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject)
          server.listen(this.#port, '127.0.0.1', resolve)
        })
        this.#port = (server.address() as AddressInfo).port
        this.#listener = server
      } catch (error) {
        if (attempt >= 50) throw error
        await sleep(100)
      }
    }
  }

  async #close(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    const closed = new Promise((resolve) => (listener ? listener.close(resolve) : resolve(undefined)))
    for (const link of this.#links) breakOff(link, 'destroy')
    await closed
  }

  #allowance(): number {
    return Math.floor(this.#random() * 600)
  }

  #link(client: Socket): void {
    const { hostname, port } = this.#target
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    const link: Link = { client, server, passing: this.#allowance(), place: undefined }
    this.#links.add(link)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => breakOff(link, 'destroy'))
      socket.on('close', () => {
        this.#links.delete(link)
        breakOff(link, 'destroy')
      })
    }
    this.#pass(link, client, server, async (question) => this.#roomForQuestion(link, question))
    this.#pass(link, server, client, (answer) => this.#roomForAnswer(link, answer))
  }

  /** Part by part; `room` says how many of its bytes pass. When that is not all, the connection breaks after them. */
  #pass(link: Link, from: Socket, to: Socket, room: (part: Buffer) => Promise<number>): void {
    const move = async (part: Buffer): Promise<void> => {
      while (this.#fault === 'stall') await this.#changed.opened
      const passing = await room(part)
      if (from.destroyed || to.destroyed) return
      if (passing > 0) await new Promise<void>((resolve) => void to.write(part.subarray(0, passing), () => resolve()))
      if (passing === part.length) return
      this.#cuts++
      // What is cut short ends as if that were all of it; what is lost is reset.
      breakOff(link, passing > 0 ? 'destroy' : 'resetAndDestroy')
    }
    from.on('data', (part: Buffer) => {
      from.pause()
      void move(part).then(() => from.resume())
    })
    from.on('end', () => to.end())
  }

  #roomForQuestion(link: Link, question: Buffer): number {
    link.place ??= this.#placeOf(question)
    return link.place === 'question' ? Math.floor(question.length / 2) : question.length
  }

  async #roomForAnswer(link: Link, answer: Buffer): Promise<number> {
    for (let left = answer.length; left > 0 && this.#fault === 'slow'; left -= 16_384)
      await sleep(20 + this.#random() * 60)
    if (this.#fault === 'lose' || link.place === 'answer') return 0
    if (this.#fault === 'cut' && answer.length > link.passing) return link.passing
    link.passing -= answer.length
    return answer.length
  }
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

function breakOff({ client, server }: Link, how: 'destroy' | 'resetAndDestroy'): void {
  client[how]()
  server[how]()
}
