import { z } from 'zod'
import type { PolicyName, PolicyTarget } from '../domain/policy-name.ts'
import type { Principal } from '../domain/principal.ts'

/** Which of the three applications a route belongs to: each has its own way to pass arguments and to word errors. */
type FamilyName = 'root' | 'v1' | 'v2'

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof METHODS)[number]

/** Named schemas, as `z.object` takes them. */
export type Shape = Readonly<Record<string, z.ZodType>>
/** A route that does not declare such parameters has none to read. */
type Nothing = Readonly<Record<string, z.ZodNever>>
type Read<S extends Shape> = z.output<z.ZodObject<S>>

/** The request as a handler may see it. */
export interface RequestInfo {
  readonly method: string
  /** As the client wrote it: scheme, host and mount prefix are those of the proxy in front, when that is trusted. */
  readonly url: URL
  /** `req-<uuid4>`, also in the answer's `x-openstack-request-id`. */
  readonly id: string
  header(name: string): string | undefined
  /** Whose questions wait for one another: a tenant's project, an administrator, or an address where nobody proves who asks. */
  readonly client: string
  /** Aborted when the client goes away or its answer is overdue, and when the answer is taken. */
  readonly signal: AbortSignal
  /** The raw body, for a route with `streams: true`; any other route's body has been read already. Bounded. */
  readonly body: AsyncIterable<Uint8Array>
}

/** What a handler gets: everything parsed, and who asks. */
interface RouteInput<A extends Shape, P extends Shape, Q extends Shape, B extends z.ZodType> {
  /** v1: the named arguments, from path, query and (flat operations) JSON body. */
  readonly args: Read<A>
  /** v2 and root: the path's parameters. */
  readonly path: Read<P>
  /** v2 and root: the query's parameters. */
  readonly query: Read<Q>
  /** The JSON body, when the route declares one. */
  readonly body: z.output<B>
  readonly who: Principal
  readonly request: RequestInfo
}

/** An answer that is more than its value: another status, headers, or no JSON. */
export class Reply<T = unknown> {
  readonly body: T
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(body: T, { status, headers = {} }: { status?: number; headers?: Record<string, string> } = {}) {
    this.body = body
    this.status = status
    this.headers = headers
  }
}

/** A body that leaves as it is, with its own content type. */
export class Content {
  readonly type: string
  readonly data: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

  constructor(type: string, data: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>) {
    this.type = type
    this.data = data
  }
}

export interface RouteDefinition<
  Deps,
  A extends Shape,
  P extends Shape,
  Q extends Shape,
  B extends z.ZodType,
  R extends z.ZodType,
> {
  readonly family: FamilyName
  /** `ANY` answers every method alike. */
  readonly method: Method | 'ANY'
  /** `/v1/rating/modules/{module_id}`; the last segment may be `{rest*}`. The first one is the canonical one. */
  readonly path: string | readonly [string, ...string[]]
  /** The policy rule that must allow it; null leaves it open to every caller that has a valid token. */
  readonly policy: PolicyName | null
  /**
   * `token` (the default) needs an authenticated caller; `public` none; `probe` none either, and the answer carries no
   * request id.
   */
  readonly access?: 'token' | 'public' | 'probe'
  /**
   * CloudKitty checks the policy after the arguments, but for what lies under the configurable rating modules, where its
   * refusal comes first and is no fault but a plain 403.
   */
  readonly guard?: 'before-arguments'
  /** Its name in the API document, and of the method of a client that is made from it: unique, and never changed. */
  readonly operationId: string
  /** False: the API document leaves it out, because it only repeats another route or does nothing. */
  readonly documented?: boolean
  /** One line for the API document. */
  readonly summary: string
  readonly description?: string
  readonly deprecated?: boolean
  readonly args?: A
  readonly pathParameters?: P
  readonly query?: Q
  /** Headers that the handler reads itself, for the API document. */
  readonly headers?: Shape
  readonly body?: B
  /** v1: the name of the argument that the whole JSON body is; it stands in error texts (`service_data`). */
  readonly bodyName?: string
  /** The handler reads the raw body itself, as it comes in; `body` then only documents it. */
  readonly streams?: boolean
  /** Its answer is the same until the service is another one: a client may keep it and ask whether it still is (ETag). */
  readonly steady?: boolean
  readonly reply: {
    readonly status: number
    readonly schema?: R
    readonly description?: string
    /** Of a redirect: what a client gets that follows it with GET, for the API document. */
    readonly follows?: z.ZodType
    /** Media types that it may have, for the API document; JSON when left out. Any but JSON is a text. */
    readonly types?: readonly string[]
    /** Headers that say something of the answer, and what. */
    readonly headers?: Readonly<Record<string, string>>
  }
  /** Error statuses that it may answer beside the family's usual ones, for the API document. */
  readonly errors?: readonly number[]
  /** What the policy is asked about; the caller's own project when left out. */
  target?(input: RouteInput<A, P, Q, B>): PolicyTarget
  handle(
    deps: Deps,
    input: RouteInput<A, P, Q, B>,
  ): Promise<z.output<R> | Reply<z.output<R> | Content>> | z.output<R> | Reply<z.output<R> | Content>
}

/** A route as the application mounts it, whatever its schemas. */
export interface Route<Deps> extends Omit<
  RouteDefinition<Deps, Shape, Shape, Shape, z.ZodType, z.ZodType>,
  'handle' | 'target'
> {
  target?(input: unknown): PolicyTarget
  handle(deps: Deps, input: unknown): unknown
}

/**
 * A route is a value: its schemas, its policy and its handler in one place, from which the service, the API document and
 * the tests are made. `defineRoute<Deps>()({ ... })`: what the handler needs from below is handed in.
 */
export function defineRoute<Deps>() {
  return <
    A extends Shape = Nothing,
    P extends Shape = Nothing,
    Q extends Shape = Nothing,
    B extends z.ZodType = z.ZodUndefined,
    R extends z.ZodType = z.ZodUndefined,
  >(
    definition: RouteDefinition<Deps, A, P, Q, B, R>,
  ): Route<Deps> => definition
}

export function pathsOf(route: Pick<Route<never>, 'path'>): readonly string[] {
  return typeof route.path === 'string' ? [route.path] : route.path
}

/** Of an answer with the header. */
export const LOCATION = { Location: 'The address of what was made or changed.' }

/** The request's own address without its query: what CloudKitty's v1 PUTs point their `Location` at. */
export function selfUrl({ url }: Pick<RequestInfo, 'url'>): string {
  return `${url.origin}${url.pathname}`
}

/** The address of something just created below the request's address. */
export function childUrl(request: Pick<RequestInfo, 'url'>, id: string): string {
  return `${selfUrl(request).replace(/\/$/, '')}/${id}`
}
