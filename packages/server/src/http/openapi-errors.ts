import { z } from 'zod'
import type { OpenApiSchemas } from './openapi-schemas.ts'
import type { Route } from './route.ts'

const Fault = z
  .strictObject({
    faultcode: z.enum(['Client', 'Server']),
    faultstring: z.string().describe('What is wrong, for people.'),
    debuginfo: z.null(),
  })
  .meta({ id: 'Fault', description: 'Every error of API v1 that an operation raises.' })

const Message = z
  .strictObject({ message: z.string().describe('What is wrong, for people.') })
  .meta({ id: 'Message', description: 'Every error of API v2.' })

const Unauthorized = z
  .strictObject({ error: z.strictObject({ code: z.literal(401), title: z.string(), message: z.string() }) })
  .meta({ id: 'Unauthorized', description: 'The words of Keystone’s token check, in both APIs.' })

const Refusal = z.strictObject({ code: z.literal(403), title: z.string(), description: z.string() }).meta({
  id: 'Refusal',
  description: 'API v1, before an operation is reached, for clients whose `Accept` names JSON.',
})

interface ErrorKind {
  readonly name: string
  readonly description: string
  /** It says when to ask again. */
  readonly retry?: boolean
}

const KINDS: Readonly<Record<number, ErrorKind>> = {
  400: { name: 'BadRequest', description: 'The request is malformed' },
  401: { name: 'Unauthorized', description: 'No or no valid token' },
  403: { name: 'Forbidden', description: 'The policy forbids it' },
  404: { name: 'NotFound', description: 'There is no such thing' },
  405: { name: 'NotTold', description: 'What is asked for cannot be told: the metrics file is wrong' },
  406: { name: 'NotAcceptable', description: 'The client takes no JSON' },
  409: { name: 'Conflict', description: 'It exists already, or stands in the way of what exists' },
  413: { name: 'TooLarge', description: 'The body is too long' },
  415: { name: 'UnsupportedType', description: 'The body is no JSON' },
  429: { name: 'TooManyRequests', description: 'Too many requests', retry: true },
  431: { name: 'HeadersTooLong', description: 'The request’s headers are too long; the answer has no body' },
  500: { name: 'Failed', description: 'The service failed' },
  503: { name: 'Unavailable', description: 'Something that the answer needs does not answer', retry: true },
}

interface ErrorAnswer extends ErrorKind {
  readonly status: number
  /** One of them; none: it has no body. */
  readonly shapes: readonly z.ZodType[]
  /** A probe fails in the words, and the media types, of its success. */
  readonly like?: Route<never>['reply']
}

/** What may go wrong with a route, by status; each is a component that other routes share. */
export function errorResponses(route: Route<never>): Record<string, object> {
  return Object.fromEntries(
    errorsOf(route).map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }]),
  )
}

/** The components that `errorResponses` of these routes refers to. */
export function responseComponents(
  routes: readonly Route<never>[],
  schemas: OpenApiSchemas,
): { headers: object; responses: object } {
  const answers = new Map<string, ErrorAnswer>()
  for (const route of routes) for (const answer of errorsOf(route)) answers.set(answer.name, answer)
  const sorted = [...answers.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    headers: {
      RetryAfter: { description: 'Seconds after which it may be asked again.', schema: { type: 'integer' } },
    },
    responses: Object.fromEntries(sorted.map((answer) => [answer.name, component(answer, schemas)])),
  }
}

function component({ description, retry, shapes, like }: ErrorAnswer, schemas: OpenApiSchemas): object {
  const [first, ...more] = shapes
  const schema = first && more.length > 0 ? z.xor([first, ...more]) : first
  return {
    description,
    ...(retry ? { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } } : {}),
    ...replyContent(like ?? { schema }, schemas),
  }
}

/** The body of an answer, by media type; any but JSON is a text. */
export function replyContent(
  { schema, types = ['application/json'] }: { schema?: z.ZodType | undefined; types?: readonly string[] },
  schemas: OpenApiSchemas,
): { content?: object } {
  if (!schema) return {}
  const shown = (type: string) => (type === 'application/json' ? schemas.render(schema, 'output') : { type: 'string' })
  return { content: Object.fromEntries(types.map((type) => [type, { schema: shown(type) }])) }
}

function errorsOf(route: Route<never>): ErrorAnswer[] {
  return statusesOf(route).map((status) => answerOf(status, route))
}

function statusesOf(route: Route<never>): number[] {
  const { access = 'token', family, policy, body, errors = [] } = route
  // Nothing of a probe is read but its headers.
  if (access === 'probe') return [431, ...errors]
  if (access === 'public') return [429, ...errors, 500]
  const ofFamily = family === 'v1' ? [406] : []
  const ofPolicy = policy === null ? [] : [403]
  const ofBody = body ? [413, 415] : []
  const all = [400, 401, ...ofPolicy, ...ofFamily, ...ofBody, ...errors, 429, 500, 503]
  return [...new Set(all)].toSorted((a, b) => a - b)
}

function answerOf(status: number, { access, family, guard, reply }: Route<never>): ErrorAnswer {
  const kind = KINDS[status] ?? { name: `Status${status}`, description: 'Error' }
  if (status === 401) return { ...kind, status, shapes: [Unauthorized] }
  if (status === 431) return { ...kind, status, shapes: [] }
  if (access === 'probe') {
    return { name: `Probe${kind.name}`, description: 'What is wrong', status, shapes: [], like: reply }
  }
  if (family !== 'v1') return { ...kind, status, shapes: [Message] }
  if (status === 403 && guard) return { ...kind, name: 'ForbiddenRulesV1', status, shapes: [Fault, Refusal] }
  return { ...kind, name: `${kind.name}V1`, status, shapes: [Fault] }
}
