import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { Fault } from '../../lib/fault.ts'
import { Semaphore } from '../../lib/semaphore.ts'
import { readTlsFiles, type TlsFiles } from './tls-files.ts'
import { withAbort } from '../../lib/with-abort.ts'

/** One HTTP exchange with a source, as counters see it. */
export interface SourceExchange {
  /** The client's name: `collector_prometheus`. */
  readonly source: string
  /** The HTTP status, or why there was none. */
  readonly status: number | 'timeout' | 'unreachable' | 'too_large' | 'aborted'
  readonly seconds: number
  /** What was asked, as it went over the wire; headers, which may hold secrets, are left out. */
  readonly request: Pick<SourceRequest, 'method' | 'query' | 'form' | 'json'> & { readonly url: string }
}

export type SourceObserver = (exchange: SourceExchange) => void

export interface SourceClientOptions {
  /** What the source is called in messages and counters: the section of cloudkitty.conf. */
  readonly source: string
  /** http or https. A user and password in it are used for basic authentication, and never shown. */
  readonly url: string
  /** From the request's first byte to the answer's last. */
  readonly timeoutSeconds: number
  /** How many requests are under way at a time; others wait their turn, and their time does not run yet. */
  readonly connections: number
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly tls?: TlsFiles
  readonly maxResponseBytes?: number
  /** How often a request that may be repeated is tried again. */
  readonly retries?: number
  /** The first pause before another try; each further one is twice as long, and a random part of it is waited. */
  readonly retryPauseMs?: number
  readonly onRequest?: SourceObserver | undefined
}

export interface SourceRequest {
  readonly method: 'GET' | 'POST' | 'HEAD'
  /** Appended to the client's URL: `/query_range`. */
  readonly path: string
  readonly query?: URLSearchParams
  /** Sent form-encoded. */
  readonly form?: URLSearchParams
  /** Sent as JSON. */
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Asking twice does no harm. Default: true for GET. */
  readonly repeatable?: boolean
  /** Whether an answer 429, 502, 503 or 504 is worth another try. Default: yes. */
  readonly worthRetrying?: (reply: SourceReply) => boolean
}

export interface SourceReply {
  readonly status: number
  readonly body: Buffer
  /** Without credentials and query: for messages. */
  readonly url: string
  /** Where a redirection points to; redirections are not followed. */
  readonly location?: string | undefined
  /** The header `Link`, which some sources name the next page in. */
  readonly link?: string | undefined
  /** The header `X-Subject-Token`, in which Keystone names a token. */
  readonly subjectToken?: string | undefined
  /** How long the source asks to be left alone, by the header `Retry-After`. */
  readonly retryAfterMs?: number | undefined
}

/** Who can ask one source: a `SourceClient`, or something before it that knows where the source is and who may ask. */
export interface Source extends AsyncDisposable {
  readonly timeoutSeconds: number
  /** As `SourceClient.send`. */
  send(request: SourceRequest, signal: AbortSignal): Promise<SourceReply>
}

const MEBIBYTE = 1024 * 1024
const MAX_RESPONSE_BYTES = 64 * MEBIBYTE
const RETRIES = 2
const RETRY_PAUSE_MS = 250
/** A source that asks for a longer pause than this is not waited for here: the caller decides. */
const RETRY_AFTER_MS_MAX = 10_000
const OVERLOADED = new Set([429, 502, 503, 504])

/** Whether a source says by its status that it has too much to do: smaller questions may help. */
export function isOverloaded(status: number): boolean {
  return status === 429 || status === 503
}

function bodyOf({ query, form, json }: SourceRequest): Pick<SourceRequest, 'query' | 'form' | 'json'> {
  return { ...(query && { query }), ...(form && { form }), ...(json !== undefined && { json }) }
}

/** Asks one HTTP source: keep-alive, bounded in time, size and connections, with faults that tell an operator where to look. */
export class SourceClient implements Source {
  readonly #options: SourceClientOptions
  readonly #base: string
  readonly #authorization: string | undefined
  readonly #agent: Agent
  readonly #turns: Semaphore

  /** Throws the fault `config.invalid` when the URL or a TLS file cannot be used. */
  constructor(options: SourceClientOptions) {
    this.#options = options
    const { base, username, password } = parseUrl(options)
    this.#base = base
    this.#authorization =
      username === undefined || password === undefined
        ? undefined
        : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    this.#agent = new Agent({
      connections: options.connections,
      pipelining: 1,
      // The whole exchange has one deadline, set in `#exchange`.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: options.timeoutSeconds * 1000,
        ...readTlsFiles(options.tls ?? {}, options.source, { source: options.source }),
      },
    })
    this.#turns = new Semaphore(options.connections)
  }

  get timeoutSeconds(): number {
    return this.#options.timeoutSeconds
  }

  /**
   * The source's answer, whatever its status. Faults: `collect.unreachable` (refused, cut, DNS, TLS), `collect.timeout`,
   * `collect.too_large`. When aborted, throws the signal's reason.
   */
  async send(request: SourceRequest, signal: AbortSignal): Promise<SourceReply> {
    const { retries = RETRIES, retryPauseMs = RETRY_PAUSE_MS } = this.#options
    const repeatable = request.repeatable ?? request.method === 'GET'
    for (let attempt = 0; ; attempt++) {
      const last = !repeatable || attempt >= retries
      let pause = Math.random() * retryPauseMs * 2 ** attempt
      try {
        const reply = await this.#exchange(request, signal)
        if (last || !OVERLOADED.has(reply.status) || request.worthRetrying?.(reply) === false) return reply
        if (reply.retryAfterMs !== undefined && reply.retryAfterMs > RETRY_AFTER_MS_MAX) return reply
        pause += reply.retryAfterMs ?? 0
      } catch (error) {
        if (last || !isPassing(error)) throw error
      }
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }

  async #exchange(ask: SourceRequest, signal: AbortSignal): Promise<SourceReply> {
    const url = `${this.#base}${ask.path}`
    const release = await this.#turns.acquire(signal)
    const startedAt = performance.now()
    let status: SourceExchange['status'] = 'aborted'
    try {
      const reply = await withAbort(signal, async (inner) => {
        const deadline = new Deadline(inner, this.#options.timeoutSeconds)
        try {
          return await this.#roundTrip(url, ask, inner.signal)
        } finally {
          deadline.clear()
        }
      })
      status = reply.status
      return reply
    } catch (error) {
      if (signal.aborted) throw error
      const fault = this.#toFault(error, url)
      if (fault.code === 'collect.timeout') status = 'timeout'
      else if (fault.code === 'collect.too_large') status = 'too_large'
      else status = 'unreachable'
      throw fault
    } finally {
      release()
      this.#options.onRequest?.({
        source: this.#options.source,
        status,
        seconds: (performance.now() - startedAt) / 1000,
        request: { method: ask.method, url, ...bodyOf(ask) },
      })
    }
  }

  async #roundTrip(url: string, ask: SourceRequest, signal: AbortSignal) {
    const { statusCode, headers, body } = await request(ask.query ? `${url}?${ask.query.toString()}` : url, {
      dispatcher: this.#agent,
      method: ask.method,
      headers: {
        accept: 'application/json',
        'user-agent': 'cloudtabby',
        ...(this.#authorization !== undefined && { authorization: this.#authorization }),
        ...(ask.form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(ask.json !== undefined && { 'content-type': 'application/json' }),
        ...ask.headers,
      },
      body: ask.form ? ask.form.toString() : ask.json === undefined ? null : JSON.stringify(ask.json),
      signal,
    })
    const limit = this.#options.maxResponseBytes ?? MAX_RESPONSE_BYTES
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit) throw new TooLarge(limit)
      chunks.push(chunk)
    }
    return {
      status: statusCode,
      body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size),
      url,
      location: single(headers['location']),
      link: single(headers['link']),
      subjectToken: single(headers['x-subject-token']),
      retryAfterMs: retryAfterMs(single(headers['retry-after'])),
    }
  }

  #toFault(error: unknown, url: string): Fault {
    const { source, timeoutSeconds } = this.#options
    const detail = { source, url }
    if (error instanceof TooLarge) {
      const message = `${source}: ${url} answered with more than ${error.limit / MEBIBYTE} MiB`
      return new Fault('collect.too_large', message, detail)
    }
    if (error instanceof DeadlinePassed || codeOf(error) === 'UND_ERR_CONNECT_TIMEOUT') {
      const message = `${source}: ${url} did not answer within ${timeoutSeconds} s`
      return new Fault('collect.timeout', message, detail, { cause: error })
    }
    const { reason, tls } = explain(error)
    const message = `${source}: ${url} cannot be reached: ${reason}`
    return new Fault('collect.unreachable', message, tls ? { ...detail, tls } : detail, { cause: error })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}

/** Why a source could not be reached, for a message that names it by itself; of a fault that `SourceClient.send` threw. */
export function whyUnreachable(fault: Fault): string {
  return explain(fault.cause).reason
}

/** The beginning of an answer, on one line, for a message. */
export function excerpt(body: Buffer | string, length = 200): string {
  const text = body.toString('utf8').slice(0, length * 4)
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= length ? line : `${line.slice(0, length)}…`
}

class DeadlinePassed extends Error {}

class TooLarge extends Error {
  readonly limit: number

  constructor(limit: number) {
    super(`more than ${limit} bytes`)
    this.limit = limit
  }
}

class Deadline {
  readonly #timer: NodeJS.Timeout

  constructor(controller: AbortController, seconds: number) {
    this.#timer = setTimeout(() => controller.abort(new DeadlinePassed('the time is up')), seconds * 1000)
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}

function parseUrl(options: SourceClientOptions): {
  base: string
  username: string | undefined
  password: string | undefined
} {
  const { source } = options
  if (!URL.canParse(options.url)) throw new Fault('config.invalid', `[${source}]: the URL cannot be read`, { source })
  const url = new URL(options.url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Fault('config.invalid', `[${source}]: the URL must begin with http:// or https://`, { source })
  }
  const base = `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, '')}`
  if (options.username !== undefined && options.password !== undefined) {
    return { base, username: options.username, password: options.password }
  }
  if (url.username === '') return { base, username: undefined, password: undefined }
  return { base, username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

/** Seconds or a date. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
}

function explain(error: unknown): { reason: string; tls: boolean } {
  const code = codeOf(error)
  const reason = code === undefined ? undefined : REASONS[code]
  if (reason !== undefined) return { reason, tls: false }
  const message = error instanceof Error ? error.message : String(error)
  // OpenSSL's verdicts on a certificate have codes like CERT_HAS_EXPIRED, SELF_SIGNED_CERT_IN_CHAIN, ERR_TLS_…, ERR_SSL_….
  const tls = code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO|^ERR_(?:TLS|SSL|OSSL)/.test(code)
  return { reason: tls ? `TLS: ${message}` : message, tls }
}

/** Whether another try may help: a certificate that is not trusted will not be trusted then. */
function isPassing(error: unknown): boolean {
  return error instanceof Fault && error.code === 'collect.unreachable' && !explain(error.cause).tls
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && code !== 'UND_ERR_SOCKET') return code
  // An AggregateError (several addresses tried) and a socket error keep the reason inside.
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause
  return codeOf(inner) ?? code
}
