import { chmod, mkdir, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { dirname, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { Fault, type FaultCode, FAULTS } from './fault.ts'

/** A request is one line of JSON, and not a long one. */
const REQUEST_BYTES_MAX = 64 * 1024
/** Who connects and says nothing is cut off. */
const SILENCE_MS = 10_000
const CONNECTIONS_MAX = 16
/** What the operating systems take as a socket's path, all of them. */
const PATH_BYTES_MAX = 100

/** Does what a local command asks for; `tell` says how far it is. The signal fires when the command is gone. */
export type ControlHandler = (
  request: unknown,
  tell: (progress: object) => void,
  signal: AbortSignal,
) => Promise<unknown>

type Message = { progress: object } | { done: unknown } | { fault: { code: string; message: string; detail: object } }

/**
 * Listens for commands of this machine's same user, on a Unix socket that nobody else may open. A socket that a dead
 * process left is taken over: call it only while holding the folder (`lockFolder`). Undefined when the path is too long for
 * a socket. Disposal ends what is under way.
 */
export async function listenControl(path: string, handle: ControlHandler): Promise<AsyncDisposable | undefined> {
  const address = shortest(path)
  if (address === undefined) return undefined
  // Nobody else gets into its folder, so that it is private from the instant on at which it is made.
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await rm(path, { force: true })
  const stop = new AbortController()
  const working = new Set<Promise<void>>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const work = serve(socket, handle, stop.signal)
    working.add(work)
    void work.finally(() => working.delete(work))
  })
  server.maxConnections = CONNECTIONS_MAX
  await listening(server, address)
  await chmod(path, 0o600)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Fault('state.unavailable', 'the service is stopping'))
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await Promise.all(working)
      await closed
      await rm(path, { force: true })
    },
  }
}

async function serve(socket: Socket, handle: ControlHandler, stopping: AbortSignal): Promise<void> {
  const gone = new AbortController()
  socket.on('error', () => {})
  socket.on('close', () => gone.abort(new Error('the command is gone')))
  const send = (message: Message) => void (socket.writable && socket.write(`${JSON.stringify(message)}\n`))
  try {
    const request = await readRequest(socket)
    // From here on the other side only waits: its end is the end of what it wanted.
    socket.on('end', () => gone.abort(new Error('the command is gone')))
    socket.resume()
    const signal = AbortSignal.any([gone.signal, stopping])
    send({ done: (await handle(request, (progress) => send({ progress }), signal)) ?? null })
  } catch (error) {
    if (error instanceof Fault) send({ fault: { code: error.code, message: error.message, detail: error.detail } })
    else
      send({ fault: { code: 'internal', message: error instanceof Error ? error.message : String(error), detail: {} } })
  }
  socket.end()
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()).destroySoon())
}

async function readRequest(socket: Socket): Promise<unknown> {
  let text = ''
  const late = setTimeout(() => socket.destroy(), SILENCE_MS)
  try {
    return await new Promise((resolve, reject) => {
      socket.setEncoding('utf8')
      socket.on('close', () => reject(new Error('closed before the request')))
      socket.on('data', (chunk: string) => {
        text += chunk
        if (text.length > REQUEST_BYTES_MAX) reject(new Error('the request is too long'))
        const end = text.indexOf('\n')
        if (end < 0) return
        socket.removeAllListeners('data')
        try {
          resolve(JSON.parse(text.slice(0, end)))
        } catch (error) {
          reject(error)
        }
      })
    })
  } finally {
    clearTimeout(late)
  }
}

/**
 * Asks whoever listens there, and answers with what it says at the end; throws its faults. An aborted signal hangs up, which
 * ends the work. Undefined when nobody listens.
 */
export async function askControl(
  path: string,
  request: object,
  { onProgress, signal }: { onProgress: (progress: object) => void; signal: AbortSignal },
): Promise<{ readonly done: unknown } | undefined> {
  const address = shortest(path)
  if (address === undefined) return undefined
  const socket = await connect(address)
  if (!socket) return undefined
  const hangUp = () => socket.destroy(signal.reason as Error)
  signal.addEventListener('abort', hangUp, { once: true })
  try {
    signal.throwIfAborted()
    socket.write(`${JSON.stringify(request)}\n`)
    for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
      const message = JSON.parse(line) as Message
      if ('progress' in message) onProgress(message.progress)
      else if ('done' in message) return { done: message.done }
      else throw toError(message.fault)
    }
    signal.throwIfAborted()
    throw new Fault('state.unavailable', 'the service was ended before it had done what it was asked for')
  } finally {
    signal.removeEventListener('abort', hangUp)
    socket.destroy()
  }
}

function toError({ code, message, detail }: { code: string; message: string; detail: object }): Error {
  if (Object.hasOwn(FAULTS, code)) return new Fault(code as FaultCode, message, { ...detail })
  return new Error(message)
}

async function connect(address: string): Promise<Socket | undefined> {
  const socket = createConnection(address)
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      socket.on('error', () => {})
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined)
      else reject(error)
    })
  })
}

function listening(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A socket's path may be a hundred bytes long; from the working folder it may be shorter. */
function shortest(path: string): string | undefined {
  return [path, relative(process.cwd(), path)].find((each) => Buffer.byteLength(each) <= PATH_BYTES_MAX)
}
