import { Fault } from '../../lib/fault.ts'
import { toAuthRequest, type KeystoneauthOptions } from './auth-request.ts'
import { IdentityClient, type IdentityReply, type IdentityRequest } from './identity-client.ts'
import { SingleFlight } from '../../lib/single-flight.ts'
import { TokenBody, type Catalog } from './token-body.ts'

export interface KeystoneSessionOptions {
  /** The section of cloudkitty.conf that the options are from; messages name it. */
  readonly section: string
  /** Where the section says nothing. */
  readonly timeoutSeconds?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** The service's own token, as Keystone gave it. */
export interface ServiceToken {
  readonly id: string
  readonly userId: string
  readonly projectId: string | undefined
  readonly roles: readonly string[]
  readonly catalog: Catalog
}

export interface EndpointQuery {
  readonly type: string
  /** `public`, `internal` or `admin`; `publicURL` and the like are taken too. */
  readonly interface: string
  readonly region?: string | undefined
}

const TIMEOUT_SECONDS = 10
/** A token is renewed so long before it expires, or a tenth of its life before if that is less. */
const RENEW_BEFORE_MS = 60_000
/** Keystone locks accounts after a few wrong passwords; every request would be one more try. */
const REFUSED_FOR_MS = 10_000

/** A section's service user at Keystone: its token, got when first needed and renewed before it expires, and the catalog. */
export class KeystoneSession implements AsyncDisposable {
  readonly #client: IdentityClient
  readonly #section: string
  readonly #request: unknown
  readonly #now: () => number
  readonly #logIns = new SingleFlight<ServiceToken>()
  readonly #lifetime = new AbortController()
  #current: { token: ServiceToken; renewAt: number } | undefined
  #refused: { until: number; fault: Fault } | undefined

  /** Asks nothing yet. Throws `config.invalid` when the options describe no token. */
  constructor(options: KeystoneauthOptions, { section, timeoutSeconds, now = Date.now }: KeystoneSessionOptions) {
    if (options.auth_url === undefined || options.auth_url === '') {
      throw new Fault('config.invalid', `[${section}] auth_url: needed to find Keystone`, {
        section,
        option: 'auth_url',
      })
    }
    this.#section = section
    this.#now = now
    this.#request = toAuthRequest(options, section)
    this.#client = new IdentityClient({
      section,
      authUrl: options.auth_url,
      // oslo.config has no "not set" in an environment variable; keystoneauth's 0 means it too.
      timeoutSeconds: options.timeout || timeoutSeconds || TIMEOUT_SECONDS,
      cafile: options.cafile,
      certfile: options.certfile,
      keyfile: options.keyfile,
      insecure: options.insecure,
    })
  }

  /** Keystone's address, with `/v3` at its end. */
  get authUrl(): string {
    return this.#client.baseUrl
  }

  /** The service's token, good for some time to come. Throws `auth.unavailable` when Keystone gives none. */
  async token(signal?: AbortSignal): Promise<ServiceToken> {
    if (this.#current && this.#now() < this.#current.renewAt) return this.#current.token
    return this.#logIns.run('', () => this.#logIn(), signal)
  }

  /** For who was answered 401 with this token: the next `token` call gets a new one. */
  reject(id: string): void {
    if (this.#current?.token.id === id) this.#current = undefined
  }

  /** Keystone's answer to a request with the service's token, which is renewed once if Keystone does not know it. */
  async send(request: IdentityRequest, signal: AbortSignal): Promise<IdentityReply> {
    const attempt = async () => {
      const { id } = await this.token(signal)
      const reply = await this.#client.send({ ...request, headers: { ...request.headers, 'x-auth-token': id } }, signal)
      if (reply.status === 401) this.reject(id)
      return reply
    }
    const reply = await attempt()
    return reply.status === 401 ? attempt() : reply
  }

  /** The address that the catalog gives for a service, without a slash at its end. Throws `config.invalid` if it gives none. */
  async endpoint(query: EndpointQuery, signal?: AbortSignal): Promise<string> {
    const { catalog } = await this.token(signal)
    const wanted = query.interface.replace(/URL$/, '')
    const found = catalog
      .filter((service) => service.type === query.type)
      .flatMap((service) => service.endpoints)
      .find(
        (endpoint) =>
          endpoint.interface === wanted &&
          (query.region === undefined || (endpoint.region_id ?? endpoint.region) === query.region),
      )
    if (found) return found.url.replace(/(?<!\/)\/+$/, '')
    const where = query.region === undefined ? '' : ` in region ${query.region}`
    throw new Fault(
      'config.invalid',
      `[${this.#section}]: the catalog has no ${wanted} endpoint of type ${query.type}${where}`,
      { section: this.#section, ...query },
    )
  }

  /** The fault for an answer of Keystone that a service user should never get. */
  unexpected(reply: IdentityReply, what: string): Fault {
    return this.#client.unavailable(`answers ${reply.status} to ${what}`)
  }

  async #logIn(): Promise<ServiceToken> {
    if (this.#refused && this.#now() < this.#refused.until) throw this.#refused.fault
    const reply = await this.#client.send(
      { method: 'POST', path: '/auth/tokens', json: this.#request },
      this.#lifetime.signal,
    )
    if (reply.status !== 201) throw this.#refusal(reply)
    const body = TokenBody.safeParse(reply.body)
    if (!body.success || reply.subjectToken === undefined) {
      throw this.#client.unavailable('answers with what is not a token', { cause: body.error })
    }
    const { user, project, roles, catalog, issued_at, expires_at } = body.data.token
    // Both by Keystone's clock, so that it does not matter how far ours is off.
    const lifeMs = expires_at - issued_at
    const token = {
      id: reply.subjectToken,
      userId: user.id,
      projectId: project?.id,
      roles: roles.map((role) => role.name),
      catalog,
    }
    this.#refused = undefined
    this.#current = { token, renewAt: this.#now() + lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 10) }
    return token
  }

  #refusal(reply: IdentityReply): Fault {
    const hint =
      reply.status === 401
        ? ` to the service user; look at the user, its password and its project in [${this.#section}]`
        : ''
    const fault = this.#client.unavailable(`answers ${reply.status} to POST /auth/tokens${hint}`)
    this.#refused = { until: this.#now() + REFUSED_FOR_MS, fault }
    return fault
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('the session is closed'))
    await this.#client[Symbol.asyncDispose]()
  }
}
