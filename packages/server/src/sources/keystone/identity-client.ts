import { Fault } from '../../lib/fault.ts'
import { isOverloaded, SourceClient, type SourceReply, whyUnreachable } from '../http/source-client.ts'
import type { TlsFiles } from '../http/tls-files.ts'

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

const CONNECTIONS = 16
const RETRY_AFTER_SECONDS = 10
const RETRY_AFTER_SECONDS_MAX = 300

/** Asks one Keystone, at its v3 API: bounded in time, size and connections. */
export class IdentityClient implements AsyncDisposable {
  /** Ends in `/v3`. */
  readonly baseUrl: string
  readonly #options: IdentityClientOptions
  readonly #client: SourceClient

  /** Throws `config.invalid` when the address or a TLS file cannot be used. */
  constructor(options: IdentityClientOptions) {
    this.#options = options
    this.baseUrl = toBaseUrl(options)
    this.#client = new SourceClient({
      source: options.section,
      url: this.baseUrl,
      timeoutSeconds: options.timeoutSeconds,
      connections: CONNECTIONS,
      tls: options,
      // For a kept-alive connection that the other side has just closed: the request was not heard, and is sent once more.
      retries: 1,
      retryPauseMs: 0,
    })
  }

  /**
   * Keystone's answer, whatever it says about the request. Throws `auth.unavailable` (with
   * `retryAfterSeconds`) when there is none, or it is overloaded or broken (429, 5xx); the signal's reason when aborted.
   */
  async send(ask: IdentityRequest, signal: AbortSignal): Promise<IdentityReply> {
    const { method, path, json, headers } = ask
    let reply: SourceReply
    try {
      const query = ask.query && ask.query.size > 0 ? { query: ask.query } : {}
      reply = await this.#client.send(
        { method, path, json, ...(headers && { headers }), ...query, repeatable: true, worthRetrying: () => false },
        signal,
      )
    } catch (error) {
      if (signal.aborted || !(error instanceof Fault)) throw error
      throw this.unavailable(this.#whyNoAnswer(error), { cause: error })
    }
    if (isOverloaded(reply.status) || reply.status >= 500) {
      throw this.unavailable(`answers ${reply.status} to ${method} ${path}`, { retryAfterSeconds: waitFor(reply) })
    }
    return { status: reply.status, body: parse(reply.body.toString('utf8')), subjectToken: reply.subjectToken }
  }

  unavailable(reason: string, { cause, retryAfterSeconds = RETRY_AFTER_SECONDS }: Unavailability = {}): Fault {
    const { section } = this.#options
    const message = `[${section}]: Keystone at ${this.baseUrl} ${reason}`
    return new Fault('auth.unavailable', message, { section, url: this.baseUrl }, { cause, retryAfterSeconds })
  }

  #whyNoAnswer(fault: Fault): string {
    if (fault.code === 'collect.timeout') return `does not answer within ${this.#options.timeoutSeconds} s`
    if (fault.code === 'collect.too_large') return 'answers with more than is taken'
    return `cannot be reached: ${whyUnreachable(fault)}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }
}

interface Unavailability {
  readonly cause?: unknown
  readonly retryAfterSeconds?: number | undefined
}

/** Deployments write the address with and without the version; all of them mean the third. */
function toBaseUrl({ section, authUrl }: IdentityClientOptions): string {
  const detail = { section, option: 'auth_url' }
  const url = URL.canParse(authUrl) ? new URL(authUrl) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Fault('config.invalid', `[${section}] auth_url: expected an http:// or https:// address`, detail)
  }
  return `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, '').replace(/\/v(?:2\.0|3)$/, '')}/v3`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What Keystone asks for, within bounds; undefined when it asks for nothing. */
function waitFor({ retryAfterMs = 0 }: SourceReply): number | undefined {
  return retryAfterMs === 0 ? undefined : Math.min(Math.ceil(retryAfterMs / 1000), RETRY_AFTER_SECONDS_MAX)
}
