import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { LRUCache } from 'lru-cache'
import type { Asker, HeaderReader } from '../../domain/asker.ts'
import type { Principal } from '../../domain/principal.ts'
import { Fault } from '../../lib/fault.ts'
import type { Authenticator } from '../authenticator.ts'
import type { Claims } from '../claims.ts'
import type { AuthtokenOptions } from './authtoken-options.ts'
import { ValidationQueue } from './validation-queue.ts'
import { KeystoneSession } from '../../sources/keystone/session.ts'
import type { Probe } from '../../lib/probe.ts'
import { SingleFlight } from '../../lib/single-flight.ts'
import { TokenBody, type Token } from '../../sources/keystone/token-body.ts'

export interface KeystoneAuthenticatorContext {
  /** The policy's `context_is_admin`. Asked on every request, so that what is remembered of a token outlives a policy. */
  isAdmin(claims: Claims): boolean
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const SECTION = 'keystone_authtoken'
/** A Fernet token has 200 letters, a signed one 2,000. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/
/** Keystone's workers are few, and others need them too; the client keeps 16 connections. */
const QUEUE = { running: 12, strangers: 8, waiting: 1000, perAddress: 200 }
/** A token that Keystone refused is refused for so long without asking again. */
const REFUSED_MS = 5000
/** Refused tokens, and addresses of known callers, that are remembered. */
const REMEMBERED_MAX = 10_000

interface Remembered {
  readonly claims: Claims
  readonly until: number
}

/**
 * Validates `X-Auth-Token` at Keystone v3, as keystonemiddleware's auth_token does. What Keystone said is remembered for
 * `token_cache_time` seconds, not beyond the token's end; identity headers that the client sends are never read.
 */
export class KeystoneAuthenticator implements Authenticator {
  readonly #session: KeystoneSession
  readonly #context: KeystoneAuthenticatorContext
  readonly #now: () => number
  readonly #cacheMs: number
  /** By hash: a dump of the memory holds no tokens that were used long ago. */
  readonly #remembered: LRUCache<string, Remembered>
  /** Tokens that Keystone refused, by hash, until when they are refused without asking. */
  readonly #refused = new LRUCache<string, number>({ max: REMEMBERED_MAX })
  /** Tokens that were valid once, by hash, and addresses that had one: their callers are known. */
  readonly #known = new LRUCache<string, true>({ max: REMEMBERED_MAX })
  readonly #validations = new SingleFlight<Claims | undefined>()
  readonly #queue = new ValidationQueue(QUEUE)
  readonly #lifetime = new AbortController()
  readonly #challenge: string

  /** Asks nothing yet. Throws `config.invalid` when the options cannot work. */
  constructor(options: AuthtokenOptions, context: KeystoneAuthenticatorContext) {
    this.#context = context
    // As many validations as may be pending listen to it; Node would take more than ten for a leak.
    setMaxListeners(0, this.#lifetime.signal)
    this.#now = context.now ?? Date.now
    this.#session = new KeystoneSession(options, {
      section: SECTION,
      now: this.#now,
      ...(options.http_connect_timeout !== undefined && { timeoutSeconds: options.http_connect_timeout }),
    })
    this.#cacheMs = Math.max(0, options.token_cache_time) * 1000
    this.#remembered = new LRUCache({ max: options.token_cache_size })
    this.#challenge = `Keystone uri="${challengeUri(options)}"`
  }

  async authenticate(header: HeaderReader, signal?: AbortSignal, asker?: Asker): Promise<Principal> {
    const token = header('X-Auth-Token')
    if (token === undefined || !TOKEN.test(token)) throw this.#unauthenticated()
    const key = createHash('sha256').update(token).digest('base64')
    const claims = this.#recall(key) ?? (await this.#validate(key, token, signal, asker))
    if (!claims) throw this.#unauthenticated()
    return { ...claims, isAdmin: this.#context.isAdmin(claims) }
  }

  /** Whether the service user gets a token, and may have one validated: its own. */
  get probe(): Probe {
    return {
      asks: this.#session.authUrl,
      run: async (signal) => {
        const { id, roles } = await this.#session.token(signal)
        if (!(await this.#ask('', id, signal))) {
          throw new Fault('auth.unavailable', `Keystone at ${this.#session.authUrl} does not know its own token`)
        }
        return `the service user (${roles.length === 0 ? 'no role' : roles.join(', ')}) may validate tokens`
      },
    }
  }

  /** How many tokens are remembered. */
  get remembered(): number {
    return this.#remembered.size
  }

  #recall(key: string): Claims | undefined {
    const found = this.#remembered.get(key)
    if (!found) return undefined
    if (this.#now() < found.until) return found.claims
    this.#remembered.delete(key)
    return undefined
  }

  async #validate(
    key: string,
    token: string,
    signal: AbortSignal | undefined,
    asker: Asker | undefined,
  ): Promise<Claims | undefined> {
    const known = this.#known.has(key)
    // Who joins a validation that is under way costs nothing.
    const counts = !known && !this.#validations.has(key)
    const wait = counts ? (asker?.take() ?? 0) : 0
    if (wait > 0)
      throw new Fault('request.too_many', 'Too many tokens that are not known.', {}, { retryAfterSeconds: wait })
    const refusedUntil = this.#refused.get(key)
    if (refusedUntil !== undefined && this.#now() < refusedUntil) return undefined
    const address = asker?.address ?? ''
    const claimant = { known: known || (address !== '' && this.#known.has(address)), address }
    const validation = this.#validations.run(key, () => this.#queue.run(claimant, () => this.#ask(key, token)), signal)
    // While Keystone does not answer, nobody has claimed anything that is not true.
    validation.catch(() => counts && asker?.giveBack())
    const claims = await validation
    if (claims === undefined) {
      this.#known.delete(key)
      this.#refused.set(key, this.#now() + REFUSED_MS)
      return undefined
    }
    if (counts) asker?.giveBack()
    this.#known.set(key, true)
    if (address !== '') this.#known.set(address, true)
    return claims
  }

  /** What Keystone says of the token; `undefined` when it is none, or no longer. */
  async #ask(key: string, token: string, signal = this.#lifetime.signal): Promise<Claims | undefined> {
    const request = {
      method: 'GET',
      path: '/auth/tokens',
      query: new URLSearchParams({ nocatalog: '' }),
      headers: { 'x-subject-token': token },
    } as const
    const reply = await this.#session.send(request, signal)
    if (reply.status === 404) return undefined
    if (reply.status !== 200)
      throw this.#session.unexpected(reply, 'the validation of a token; look at the roles of the service user')
    const body = TokenBody.safeParse(reply.body)
    if (!body.success) throw this.#session.unexpected(reply, 'the validation of a token, with what is not a token')
    const claims = toClaims(body.data.token)
    const until = Math.min(this.#now() + this.#cacheMs, body.data.token.expires_at)
    if (until > this.#now()) this.#remembered.set(key, { claims, until })
    return claims
  }

  #unauthenticated(): Fault {
    const message = 'The request you have made requires authentication.'
    return new Fault('auth.unauthenticated', message, {}, { challenge: this.#challenge })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('the service stops'))
    await this.#session[Symbol.asyncDispose]()
  }
}

function toClaims(token: Token): Claims {
  return {
    userId: token.user.id,
    projectId: token.project?.id,
    domainId: token.domain?.id,
    systemScope: token.system?.all === true ? 'all' : undefined,
    roles: token.roles.map((role) => role.name),
    isAdminProject: token.is_admin_project,
  }
}

/** It goes into a quoted text of a header. */
function challengeUri(options: AuthtokenOptions): string {
  const uri = options.www_authenticate_uri ?? options.auth_url ?? ''
  if (/^[\x21\x23-\x7e]*$/.test(uri)) return uri
  const message = `[${SECTION}] www_authenticate_uri: expected an address`
  throw new Fault('config.invalid', message, { section: SECTION, option: 'www_authenticate_uri' })
}
