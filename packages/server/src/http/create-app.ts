import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Hono } from 'hono'
import type { Logger } from 'pino'
import type { Asker, HeaderReader } from '../domain/asker.ts'
import type { PolicyName, PolicyTarget } from '../domain/policy-name.ts'
import { NOBODY, type Principal } from '../domain/principal.ts'
import { Fault, faultIn } from '../lib/fault.ts'
import { secure, tagged } from './answer-headers.ts'
import { clientAddress, clientName, type ClientsBy } from './client-address.ts'
import { addCorsHeaders, answerPreflight, CORS_OFF, type CorsOptions } from './cors.ts'
import { compress } from './compress.ts'
import { cutUntaken } from './cut-untaken.ts'
import type { Answer, Family, RawRequest } from './family.ts'
import { familyV1 } from './family-v1.ts'
import { allow, familyV2 } from './family-v2.ts'
import { writeJson } from './json.ts'
import { type RateLimit, RateLimiter } from './rate-limiter.ts'
import { bodyStream, readUtf8 } from './read-body.ts'
import { clientUrl, isCrooked } from './request-url.ts'
import { Content, pathsOf, Reply, type RequestInfo, type Route } from './route.ts'
import { tellFailure } from './tell-failure.ts'
import { isMatch, type Match, type Miss, RouteTable, toSegments } from './route-table.ts'

/** Nothing that a client sends or waits for is without a bound. */
export interface Limits {
  /** The longest body of a request that is read whole. */
  readonly bodyBytes: number
  /** The longest body of a request that is read as it comes in. */
  readonly streamBytes: number
  /** A client that sends nothing of a body for so long is told so and cut off. */
  readonly bodyIdleMs: number
  /** A request whose answer is not there and taken by then is given up: its signal is aborted and the client told so, or cut off. */
  readonly answerMs: number
  /** The same for a request whose body is read as it comes in. */
  readonly streamMs: number
  /** A client that takes nothing of its answer for so long is cut off. */
  readonly untakenMs: number
}

const LIMITS: Limits = {
  bodyBytes: 1024 * 1024,
  streamBytes: 2 * 1024 ** 3,
  bodyIdleMs: 30_000,
  answerMs: 120_000,
  streamMs: 900_000,
  untakenMs: 30_000,
}

export interface AppOptions<Deps> {
  readonly routes: readonly Route<Deps>[]
  readonly deps: Deps
  /**
   * Finds out who asks. Throws `auth.unauthenticated` (its `challenge` becomes WWW-Authenticate), or
   * `auth.unavailable` or `request.too_many` (their `retryAfterSeconds` becomes Retry-After).
   */
  readonly authenticate: (header: HeaderReader, signal: AbortSignal, asker: Asker) => Promise<Principal> | Principal
  /** Throws `policy.forbidden` unless the policy rule allows it. */
  readonly authorize: (who: Principal, policy: PolicyName, target: PolicyTarget) => Promise<void> | void
  readonly log: Pick<Logger, 'error' | 'debug'>
  readonly limits?: Partial<Limits>
  readonly cors?: Partial<CorsOptions>
  /** `user` if absent: a client is a user in a project. */
  readonly clientsBy?: ClientsBy
  /** How often a client may ask what needs a token. */
  readonly rateLimit?: RateLimit | undefined
  /**
   * How often an address may ask without proving who it is: public paths, no token, tokens that are not valid. Probes are not
   * counted, and who has a token that is known to be valid never waits for others of its address.
   */
  readonly strangerLimit?: RateLimit | undefined
  /** Believe the headers of a proxy in front about scheme, host and mount prefix. */
  readonly trustProxy?: boolean
  /** Told of every answer, for metrics. */
  onAnswer?(answer: { route: Route<Deps> | undefined; method: string; status: number; seconds: number }): void
}

export interface App {
  /** Answers a request; `env` is what @hono/node-server hands in, and absent in a test without a server. */
  fetch(request: Request, env?: { incoming?: IncomingMessage; outgoing?: ServerResponse }): Promise<Response>
}

/** Mounts routes: one dispatcher for all of them, which reads arguments, asks the policy, and turns faults into answers. */
export function createApp<Deps>(options: AppOptions<Deps>): App {
  const dispatcher = new Dispatcher(options)
  const app = new Hono<{ Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse } }>()
  app.use(secure, compress)
  for (const path of options.routes.filter(({ steady }) => steady).flatMap(pathsOf)) app.use(path, tagged)
  app.all('*', (c) => dispatcher.answer(c.req.raw, c.env ?? {}))
  return { fetch: async (request, env = {}) => app.fetch(request, env) }
}

class Dispatcher<Deps> {
  readonly #options: AppOptions<Deps>
  readonly #limits: Limits
  readonly #cors: CorsOptions
  readonly #table: RouteTable<Deps>
  readonly #limiter: RateLimiter | undefined
  readonly #strangers: RateLimiter | undefined

  constructor(options: AppOptions<Deps>) {
    this.#options = options
    this.#limiter = options.rateLimit && new RateLimiter(options.rateLimit)
    this.#strangers = options.strangerLimit && new RateLimiter(options.strangerLimit)
    this.#limits = { ...LIMITS, ...options.limits }
    this.#cors = { ...CORS_OFF, ...options.cors }
    this.#table = new RouteTable(options.routes)
  }

  async answer(
    request: Request,
    { incoming, outgoing }: { incoming?: IncomingMessage; outgoing?: ServerResponse },
  ): Promise<Response> {
    const started = performance.now()
    const id = `req-${randomUUID()}`
    const url = new URL(request.url)
    const family = familyOf(url.pathname)
    const segments = toSegments(url.pathname)
    if (family.trailingSlash && segments.length > 1 && segments.at(-1) === '') segments.pop()
    const asked = request.method === 'HEAD' && family.head ? 'GET' : request.method
    const found = isCrooked(incoming?.url ?? url.pathname)
      ? NOWHERE
      : this.#table.find(asked, segments.map(decodeSegment))
    const route = isMatch(found) ? found.route : undefined
    const response =
      answerPreflight(request.method, request.headers, this.#cors) ??
      (await this.#respond({ request, incoming, outgoing, id, url, family, found }))
    if (route?.access !== 'probe') {
      response.headers.set('x-openstack-request-id', id)
      addCorsHeaders(response.headers, request.headers, this.#cors)
    }
    const seconds = (performance.now() - started) / 1000
    this.#options.onAnswer?.({ route, method: request.method, status: response.status, seconds })
    return response
  }

  async #respond(call: Call<Deps>): Promise<Response> {
    const { request, outgoing, family, found } = call
    const abort = new AbortController()
    const streams = isMatch(found) && found.route.streams === true
    const timer = setTimeout(
      () => {
        abort.abort(new Fault('request.timeout', 'The request took too long.'))
        if (outgoing?.headersSent) outgoing.destroy()
      },
      streams ? this.#limits.streamMs : this.#limits.answerMs,
    )
    const gone = () => {
      clearTimeout(timer)
      abort.abort(new Error('the client went away'))
    }
    // The request's own signal is asked for only where there is no Node request: reading it takes the body away.
    if (outgoing) outgoing.once('close', gone)
    else request.signal.addEventListener('abort', gone, { once: true })
    try {
      return await Promise.race([this.#operate(call, abort.signal), rejectOnAbort(abort.signal)])
    } catch (error) {
      return this.#failed(error, call, abort.signal)
    } finally {
      if (outgoing) cutUntaken(outgoing, this.#limits.untakenMs)
      else clearTimeout(timer)
      this.#options.log.debug(
        { ...logIds(call), method: request.method, family: family === familyV1 ? 'v1' : 'v2' },
        'answered',
      )
    }
  }

  async #operate(call: Call<Deps>, signal: AbortSignal): Promise<Response> {
    const { request, family, found, url, incoming, id } = call
    const { authorize, deps, clientsBy = 'user', trustProxy = false } = this.#options
    const open = found === NOWHERE || PUBLIC_PATHS.has(url.pathname)
    const access = isMatch(found) ? (found.route.access ?? 'token') : open ? 'public' : 'token'
    const header: HeaderReader = (name) => request.headers.get(name) ?? undefined
    const who = await this.#whoAsks(access, call, header, signal)
    if (access === 'token') this.#count(who, call)
    if (!isMatch(found)) return missed(call, found)

    const { route } = found
    const { streamBytes, bodyIdleMs: idleMs } = this.#limits
    const bytesMax = route.streams ? streamBytes : this.#bodyBytes(route)
    const stream = bodyStream(request, incoming, { bytesMax, idleMs })
    const info: RequestInfo = {
      method: request.method,
      url: clientUrl(url, request.headers, trustProxy),
      id,
      header,
      client: clientName(who, this.#addressOf(call), clientsBy),
      signal,
      body: stream,
    }
    if (route.guard === 'before-arguments') await this.#guard(route, who)
    family.negotiate(request.headers)
    // Nothing is read of a body, and nothing parsed, for whom the policy refuses: only where it asks what is in the arguments
    // do they come first, and these are short.
    const { policy } = route
    if (policy !== null && !route.target) await authorize(who, policy, { projectId: who.projectId ?? null })
    const raw: RawRequest = {
      parameters: found.parameters,
      search: url.searchParams,
      headers: request.headers,
      readText: () => (route.streams ? Promise.resolve('') : readWhole(stream)),
    }
    const input = { ...(await family.readArguments(route, raw)), who, request: info }
    if (policy !== null && route.target) await authorize(who, policy, route.target(input))
    return toResponse(route, this.#told(await route.handle(deps, input), call, signal), family, request.method)
  }

  /** What goes wrong once an answer has begun is told like every failure; the client's connection is cut. */
  #told(result: unknown, call: Call<Deps>, signal: AbortSignal): unknown {
    const { log } = this.#options
    const content = result instanceof Reply ? result.body : result
    if (!(content instanceof Content && content.data instanceof ReadableStream)) return result
    const failed = (error: unknown) => {
      // Who has gone, or was cut off for its time, is told of elsewhere or not at all.
      if (!signal.aborted)
        log.error({ err: faultIn(error) ?? error, ...logIds(call) }, 'an answer failed in its middle')
    }
    const { outgoing } = call
    const data = tellFailure(content.data, { failed, cut: outgoing && (() => void outgoing.destroy()) })
    const told = new Content(content.type, data)
    if (!(result instanceof Reply)) return told
    return new Reply(told, {
      ...(result.status === undefined ? {} : { status: result.status }),
      headers: { ...result.headers },
    })
  }

  /** The caller behind a token; nobody where none is needed. */
  async #whoAsks(
    access: 'token' | 'public' | 'probe',
    call: Call<Deps>,
    header: HeaderReader,
    signal: AbortSignal,
  ): Promise<Principal> {
    if (access === 'probe') return NOBODY
    const strangers = this.#strangers
    const address = this.#addressOf(call)
    let taken = false
    const take = () => {
      taken = true
      return strangers?.take(address) ?? 0
    }
    if (access === 'public') {
      refuseTooMany(take())
      return NOBODY
    }
    try {
      return await this.#options.authenticate(header, signal, {
        address,
        take,
        giveBack: () => strangers?.giveBack(address),
      })
    } catch (error) {
      if (!taken && faultIn(error)?.code === 'auth.unauthenticated') refuseTooMany(take())
      throw error
    }
  }

  #addressOf({ request, incoming }: Call<Deps>): string {
    return clientAddress(incoming, request.headers, this.#options.trustProxy ?? false) ?? ''
  }

  /** A body that only names arguments, where most send none, needs no megabyte. */
  #bodyBytes(route: Route<Deps>): number {
    return route.body ? this.#limits.bodyBytes : Math.min(this.#limits.bodyBytes, ARGUMENT_BYTES)
  }

  #count(who: Principal, call: Call<Deps>): void {
    if (!this.#limiter) return
    const byUser = (this.#options.clientsBy ?? 'user') === 'user'
    refuseTooMany(this.#limiter.take(byUser ? `${who.userId ?? ''} ${who.projectId ?? ''}` : this.#addressOf(call)))
  }

  async #guard(route: Route<Deps>, who: Principal): Promise<void> {
    if (route.policy === null) return
    try {
      await this.#options.authorize(who, route.policy, { projectId: who.projectId ?? null })
    } catch (error) {
      throw error instanceof Fault && error.code === 'policy.forbidden' ? new GuardRefusal(error) : error
    }
  }

  #failed(error: unknown, call: Call<Deps>, signal: AbortSignal): Response {
    const { family, request } = call
    if (error instanceof GuardRefusal) return fromAnswer(family.refused(error.fault, request.headers), request.method)
    const fault = faultIn(error)
    if (fault) {
      if (fault.status >= 500) this.#options.log.error({ err: fault, ...logIds(call) }, 'a request failed')
      if (fault.code === 'auth.unauthenticated') return unauthenticated(fault, request.method)
      const response = fromAnswer(family.fault(fault), request.method)
      // The rest of such a body is not waited for.
      if (fault.code === 'request.too_large' || fault.code === 'request.too_slow') {
        response.headers.set('connection', 'close')
      }
      const wait = fault.retryAfterSeconds
      if (wait !== undefined) response.headers.set('retry-after', String(Math.ceil(wait)))
      return response
    }
    if (!signal.aborted) this.#options.log.error({ err: error, ...logIds(call) }, 'a request failed unexpectedly')
    return fromAnswer(family.unexpected(), request.method)
  }
}

interface Call<Deps> {
  readonly request: Request
  readonly incoming: IncomingMessage | undefined
  readonly outgoing: ServerResponse | undefined
  readonly id: string
  readonly url: URL
  readonly family: Family
  readonly found: Match<Deps> | Miss
}

/**
 * By what a request is found in the logs: the id that its answer carries, and the one that other services know the caller's
 * whole operation by.
 */
function logIds({ id, request }: Pick<Call<never>, 'id' | 'request'>): { requestId: string; globalRequestId?: string } {
  const given = request.headers.get('x-openstack-request-id') ?? ''
  return { requestId: id, ...(REQUEST_ID.test(given) ? { globalRequestId: given } : {}) }
}

const REQUEST_ID = /^req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A refusal that came before the operation was reached, which has another shape. */
class GuardRefusal extends Error {
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }
}

/** The longest body of an operation that has no body of its own: a JSON object or a form of arguments. */
const ARGUMENT_BYTES = 64 * 1024

function refuseTooMany(retryAfterSeconds: number): void {
  if (retryAfterSeconds > 0) throw new Fault('request.too_many', 'Too many requests.', {}, { retryAfterSeconds })
}

/** What stands at no path: 404 in both APIs. */
const NOWHERE: Miss = { methods: [], tooDeep: true }

/** Keystone's token check lets these pass, whether or not anything answers there. */
const PUBLIC_PATHS = new Set(['/', '/v1', '/v1/', '/v2', '/v2/'])

function familyOf(path: string): Family {
  return path === '/v1' || path.startsWith('/v1/') ? familyV1 : familyV2
}

function decodeSegment(segment: string): string {
  try {
    const text = decodeURIComponent(segment)
    return text.includes('\0') ? segment : text
  } catch {
    return segment
  }
}

async function readWhole(stream: AsyncIterable<Uint8Array>): Promise<string> {
  try {
    return await readUtf8(stream)
  } catch (error) {
    if (error instanceof TypeError) throw new Fault('request.invalid', 'Request is not in valid JSON format: no UTF-8')
    throw error
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function missed<Deps>({ request, family }: Call<Deps>, miss: Miss): Response {
  if (family.options && request.method === 'OPTIONS' && miss.methods.length > 0) {
    return new Response(null, { status: 200, headers: { allow: allow(miss.methods) } })
  }
  return fromAnswer(family.missed(miss.methods, miss.tooDeep, request.headers), request.method)
}

function unauthenticated(fault: Fault, method: string): Response {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (fault.challenge !== undefined) headers['www-authenticate'] = fault.challenge
  const body = { error: { code: 401, title: 'Unauthorized', message: fault.publicText } }
  return new Response(method === 'HEAD' ? null : writeJson(body), { status: 401, headers })
}

function fromAnswer({ status, headers = {}, text, type }: Answer, method: string): Response {
  const all: Record<string, string> = { ...headers, ...(type !== undefined && { 'content-type': type }) }
  if (text !== undefined && method !== 'HEAD') all['content-length'] = lengthOf(text)
  return new Response(method === 'HEAD' ? null : (text ?? null), { status, headers: all })
}

function toResponse<Deps>(route: Route<Deps>, result: unknown, family: Family, method: string): Response {
  const reply = result instanceof Reply ? result : new Reply(result)
  const status = reply.status ?? route.reply.status
  if (reply.body instanceof Content) {
    const { type, data } = reply.body
    const headers: Record<string, string> = { ...reply.headers, 'content-type': type }
    if (!(data instanceof ReadableStream) && method !== 'HEAD') headers['content-length'] = lengthOf(data)
    return new Response(method === 'HEAD' ? null : data, { status, headers })
  }
  if (reply.body === undefined) return new Response(null, { status, headers: reply.headers })
  const text = writeJson(reply.body) + family.newline
  return fromAnswer({ status, headers: reply.headers, type: 'application/json', text }, method)
}

/** By it short answers are known, which are not worth packing. */
function lengthOf(body: string | Uint8Array): string {
  return String(Buffer.byteLength(body))
}
