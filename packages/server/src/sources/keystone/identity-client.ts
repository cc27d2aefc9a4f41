import { Agent, request } from 'undici'
import { Fault } from '../../lib/fault.ts'
import { readTlsFiles, type TlsFiles } from '../http/tls-files.ts'
import { withAbort } from '../../lib/with-abort.ts'

export interface IdentityClientOptions extends TlsFiles {
  /** The section of cloudkitty.conf that the options are from; messages name it. */
  readonly section: string
  /** With or without `/v3` at its end. */
  readonly authUrl: string
  /** From the request's first byte to the answer's last. */
  readonly timeoutSeconds: number
}

export interface IdentityRequest {
  readonly method: 'GET' | 'POST' | 'HEAD'
  /** Below `/v3`: `/auth/tokens`. */
  readonly path: string
  readonly query?: URLSearchParams
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface IdentityReply {
  readonly status: number
  /** The answer's JSON; `undefined` when it is empty or none. */
  readonly body: unknown
  readonly subjectToken: string | undefined
}

/** Enough for a token with the catalog of a large cloud, and for a page of thousands of projects. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024
const CONNECTIONS = 16
const RETRY_AFTER_SECONDS = 10
const RETRY_AFTER_SECONDS_MAX = 300
/** A kept-alive connection that the other side has just closed. The request was not heard, and is sent once more. */
const STALE_CONNECTION = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** Asks one Keystone, at its v3 API: bounded in time, size and connections. */
export class IdentityClient implements AsyncDisposable {
  /** Ends in `/v3`. */
  readonly baseUrl: string
  readonly #options: IdentityClientOptions
  readonly #agent: Agent

  /** Throws `config.invalid` when the address or a TLS file cannot be used. */
  constructor(options: IdentityClientOptions) {
    this.#options = options
    this.baseUrl = toBaseUrl(options)
    this.#agent = new Agent({
      connections: CONNECTIONS,
      pipelining: 1,
      // The whole exchange has one deadline, set in `send`.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: options.timeoutSeconds * 1000,
        ...readTlsFiles(options, options.section, { section: options.section }),
      },
    })
  }

  /**
   * Keystone's answer, whatever it says about the request. Throws `auth.unavailable` (with
   * `retryAfterSeconds`) when there is none, or it is overloaded or broken (429, 5xx); the signal's reason when aborted.
   */
  async send(ask: IdentityRequest, signal: AbortSignal): Promise<IdentityReply> {
    const { timeoutSeconds } = this.#options
    return withAbort(signal, async (inner) => {
      const timer = setTimeout(() => inner.abort(new DeadlinePassed()), timeoutSeconds * 1000)
      try {
        return await this.#tryTwice(ask, inner.signal)
      } catch (error) {
        if (signal.aborted || error instanceof Fault) throw error
        const late = error instanceof DeadlinePassed || codeOf(error) === 'UND_ERR_CONNECT_TIMEOUT'
        const reason = late ? `does not answer within ${timeoutSeconds} s` : `cannot be reached: ${messageOf(error)}`
        throw this.unavailable(reason, { cause: error })
      } finally {
        clearTimeout(timer)
      }
    })
  }

  unavailable(reason: string, { cause, retryAfterSeconds = RETRY_AFTER_SECONDS }: Unavailability = {}): Fault {
    const { section } = this.#options
    const message = `[${section}]: Keystone at ${this.baseUrl} ${reason}`
    return new Fault('auth.unavailable', message, { section, url: this.baseUrl }, { cause, retryAfterSeconds })
  }

  async #tryTwice(ask: IdentityRequest, signal: AbortSignal): Promise<IdentityReply> {
    try {
      return await this.#exchange(ask, signal)
    } catch (error) {
      if (signal.aborted || !STALE_CONNECTION.has(codeOf(error) ?? '')) throw error
      return this.#exchange(ask, signal)
    }
  }

  async #exchange(
    { method, path, query, json, headers }: IdentityRequest,
    signal: AbortSignal,
  ): Promise<IdentityReply> {
    const search = query && query.size > 0 ? `?${query.toString()}` : ''
    const reply = await request(`${this.baseUrl}${path}${search}`, {
      dispatcher: this.#agent,
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'cloudtabby',
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: json === undefined ? null : JSON.stringify(json),
      signal,
    })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_RESPONSE_BYTES) throw this.unavailable('answers with more than is taken')
      chunks.push(chunk)
    }
    if (reply.statusCode === 429 || reply.statusCode >= 500) {
      const seconds = retryAfter(reply.headers['retry-after'])
      throw this.unavailable(`answers ${reply.statusCode} to ${method} ${path}`, { retryAfterSeconds: seconds })
    }
    const subject = reply.headers['x-subject-token']
    return {
      status: reply.statusCode,
      body: parse(Buffer.concat(chunks, size).toString('utf8')),
      subjectToken: typeof subject === 'string' ? subject : undefined,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}

interface Unavailability {
  readonly cause?: unknown
  readonly retryAfterSeconds?: number | undefined
}

class DeadlinePassed extends Error {}

/** Deployments write the address with and without the version; all of them mean the third. */
function toBaseUrl({ section, authUrl }: IdentityClientOptions): string {
  const detail = { section, option: 'auth_url' }
  const url = URL.canParse(authUrl) ? new URL(authUrl) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Fault('config.invalid', `[${section}] auth_url: expected an http:// or https:// address`, detail)
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/v(?:2\.0|3)$/, '')}/v3`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function retryAfter(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,9}$/.test(header)) return undefined
  return Math.min(Math.max(1, Number(header)), RETRY_AFTER_SECONDS_MAX)
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
}
