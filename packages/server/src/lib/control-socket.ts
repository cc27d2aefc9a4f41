import { once } from 'node:events'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http'
import { dirname, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { Fault, type FaultCode, FAULTS } from './fault.ts'

/** A request is a little JSON. */
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

/** An answer is a line of JSON for each of these; the last one is not `progress`. */
type Message = { progress: object } | { done: unknown } | { fault: { code: string; message: string; detail: object } }

/**
 * Listens for commands of this machine's same user: HTTP on a Unix socket that nobody else may open. A socket that a dead
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
  const limits = { headersTimeout: SILENCE_MS, requestTimeout: SILENCE_MS, keepAliveTimeout: 1 }
  const server = createServer(limits, (request, response) => {
    const work = serve(request, response, handle, stop.signal)
    working.add(work)
    void work.finally(() => working.delete(work))
  })
  server.maxConnections = CONNECTIONS_MAX
  server.listen(address)
  await once(server, 'listening')
  await chmod(path, 0o600)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Fault('state.unavailable', 'the service is stopping'))
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await Promise.all(working)
      server.closeIdleConnections()
      await closed
      await rm(path, { force: true })
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  handle: ControlHandler,
  stopping: AbortSignal,
): Promise<void> {
  const gone = new AbortController()
  const ended = new Promise<void>((resolve) => {
    response.on('close', () => {
      gone.abort(new Error('the command is gone'))
      resolve()
    })
  })
  const send = (message: Message) => void (response.writable && response.write(`${JSON.stringify(message)}\n`))
  response.setHeader('content-type', 'application/x-ndjson')
  try {
    const asked = await readRequest(request)
    const signal = AbortSignal.any([gone.signal, stopping])
    send({ done: (await handle(asked, (progress) => send({ progress }), signal)) ?? null })
  } catch (error) {
    const { code, detail } = error instanceof Fault ? error : { code: 'internal', detail: {} }
    send({ fault: { code, message: error instanceof Error ? error.message : String(error), detail } })
  }
  response.end()
  await ended
}

async function readRequest(request: IncomingMessage): Promise<unknown> {
  const length = Number(request.headers['content-length'] ?? Infinity)
  if (length > REQUEST_BYTES_MAX) {
    request.resume()
    throw new Error('the request is too long')
  }
  return JSON.parse(await text(request))
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
  const response = await post(address, JSON.stringify(request), signal)
  if (!response) return undefined
  try {
    for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
      const message = JSON.parse(line) as Message
      if ('progress' in message) onProgress(message.progress)
      else if ('done' in message) return { done: message.done }
      else throw toError(message.fault)
    }
    throw wasEnded()
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    response.destroy()
  }
}

function wasEnded(cause?: Error): Fault {
  return new Fault('state.unavailable', 'the service was ended before it had done what it was asked for', {}, { cause })
}

function toError({ code, message, detail }: { code: string; message: string; detail: object }): Error {
  if (Object.hasOwn(FAULTS, code)) return new Fault(code as FaultCode, message, { ...detail })
  return new Error(message)
}

/** The answer as it begins. Hangs up when the signal fires, whenever that is. */
function post(socketPath: string, body: string, signal: AbortSignal): Promise<IncomingMessage | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = httpRequest({ socketPath, method: 'POST', path: '/', headers, agent: false, signal }, (response) => {
      // A connection that is cut ends the lines; that nothing was done is seen by that.
      response.on('error', () => {})
      resolve(response)
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason as Error)
      else if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined)
      else reject(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? wasEnded(error) : error)
    })
    sent.end(body)
  })
}

/** A socket's path may be a hundred bytes long; from the working folder it may be shorter. */
function shortest(path: string): string | undefined {
  return [path, relative(process.cwd(), path)].find((each) => Buffer.byteLength(each) <= PATH_BYTES_MAX)
}
