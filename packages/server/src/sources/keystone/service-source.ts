import { Fault } from '../../lib/fault.ts'
import {
  SourceClient,
  type SourceClientOptions,
  type Source,
  type SourceReply,
  type SourceRequest,
} from '../http/source-client.ts'
import type { EndpointQuery, KeystoneSession, ServiceToken } from './session.ts'

export interface ServiceSourceOptions extends Omit<SourceClientOptions, 'url' | 'username' | 'password'> {
  readonly endpoint: EndpointQuery
  /** The service's address as the catalog has it to the one that requests' paths are appended to. */
  readonly toBaseUrl?: (endpoint: string) => string
}

/**
 * A service that the catalog names, asked with the token of a session. Where it is, is looked up for every request (which
 * costs nothing, the catalog comes with the token), so that a service that has moved is found again.
 */
export class ServiceSource implements Source {
  readonly #session: KeystoneSession
  readonly #options: ServiceSourceOptions
  /** By address: one, but for requests still under way when the service has moved. */
  readonly #clients = new Map<string, SourceClient>()

  /** The session is the source's own from now on, and is closed with it. */
  constructor(session: KeystoneSession, options: ServiceSourceOptions) {
    this.#session = session
    this.#options = options
  }

  get timeoutSeconds(): number {
    return this.#options.timeoutSeconds
  }

  /** As `SourceClient.send`; a Keystone that gives no token is `collect.unreachable` too. */
  async send(request: SourceRequest, signal: AbortSignal): Promise<SourceReply> {
    const first = await this.#token(signal)
    const reply = await this.#attempt(first, request, signal)
    if (reply.status !== 401) return reply
    // It was revoked, or Keystone has forgotten it.
    this.#session.reject(first.id)
    return this.#attempt(await this.#token(signal), request, signal)
  }

  async #attempt({ id }: ServiceToken, request: SourceRequest, signal: AbortSignal): Promise<SourceReply> {
    const { endpoint, toBaseUrl = (url: string) => url } = this.#options
    const client = this.#clientAt(toBaseUrl(await this.#session.endpoint(endpoint, signal)))
    return client.send({ ...request, headers: { ...request.headers, 'x-auth-token': id } }, signal)
  }

  async #token(signal: AbortSignal): Promise<ServiceToken> {
    try {
      return await this.#session.token(signal)
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'auth.unavailable') throw error
      throw error.passedOn('collect.unreachable', error.message)
    }
  }

  #clientAt(url: string): SourceClient {
    let client = this.#clients.get(url)
    if (!client) this.#clients.set(url, (client = new SourceClient({ ...this.#options, url })))
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client[Symbol.asyncDispose]()))
    await this.#session[Symbol.asyncDispose]()
  }
}
