import type { Fault } from '../lib/fault.ts'
import type { Method, Route } from './route.ts'

/** A request before its arguments are read. */
export interface RawRequest {
  /** The path's parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  readonly search: URLSearchParams
  readonly headers: Headers
  /** The whole body as text; throws a `Fault` when it is too long or no UTF-8. Once only. */
  readText(): Promise<string>
}

/** What a route's schemas made of a request. */
export interface Arguments {
  readonly args: unknown
  readonly path: unknown
  readonly query: unknown
  readonly body: unknown
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON text or plain text, as the content type says; undefined for none. */
  readonly text?: string
  readonly type?: string
}

/** How one of the three applications reads arguments and words errors. */
export interface Family {
  /** Throws `request.not_acceptable` before anything is done for a client that could not read the answer. */
  negotiate(headers: Headers): void
  /** Throws a `Fault` with status 4xx that says what is wrong with the request. */
  readArguments(route: Route<never>, request: RawRequest): Promise<Arguments>
  /** HEAD is answered as GET. */
  readonly head: boolean
  /** OPTIONS is answered with the methods that the path has. */
  readonly options: boolean
  /** Whether `/path/` is `/path`. */
  readonly trailingSlash: boolean
  /** After the JSON text of an answer. */
  readonly newline: string
  /** An error raised by an operation, or while its arguments are read. */
  fault(fault: Fault): Answer
  /** The refusal of a guard that stands before the operation. */
  refused(fault: Fault, headers: Headers): Answer
  unexpected(): Answer
  /** No route matched; `tooDeep`: one ends at a shorter path. */
  missed(methods: readonly Method[], tooDeep: boolean, headers: Headers): Answer
}
