import { OpenAPIHono, z } from '@hono/zod-openapi'
import { pathsOf, type Route } from './route.ts'

const FAULT_V1 = z
  .strictObject({ faultcode: z.enum(['Client', 'Server']), faultstring: z.string(), debuginfo: z.null() })
  .openapi('Fault', { description: 'Every error of API v1 that an operation raises.' })
const MESSAGE_V2 = z.strictObject({ message: z.string() }).openapi('Message', { description: 'Every error of API v2.' })
const UNAUTHORIZED = z
  .strictObject({ error: z.strictObject({ code: z.literal(401), title: z.string(), message: z.string() }) })
  .openapi('Unauthorized')

/** The API document, made from the very routes that are mounted. */
export function openApiDocument(routes: readonly Route<never>[], info: { title: string; version: string }): object {
  const registry = new OpenAPIHono()
  for (const route of routes) {
    // Aliases answer alike; a path that leaves out an id takes it from the query or the body.
    for (const path of pathsOf(route)) registry.openAPIRegistry.registerPath(describe(route, path))
  }
  return registry.getOpenAPI31Document({ openapi: '3.1.0', info, security: [{ token: [] }] })
}

function describe(route: Route<never>, path: string) {
  const inPath = [...path.matchAll(/\{(\w+)\*?\}/g)].map((match) => match[1]!)
  const args = { ...route.args, ...route.pathParameters }
  const parameters = Object.fromEntries(inPath.map((name) => [name, args[name] ?? z.string()]))
  const query = Object.fromEntries(
    Object.entries({ ...route.args, ...route.query }).filter(([name]) => !inPath.includes(name)),
  )
  return {
    method: route.method === 'ANY' ? 'get' : (route.method.toLowerCase() as 'get'),
    path: path.replace('*}', '}'),
    summary: route.summary,
    tags: [route.family],
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.deprecated ? { deprecated: true } : {}),
    ...(route.policy === null ? {} : { 'x-policy': route.policy }),
    request: {
      ...(inPath.length === 0 ? {} : { params: z.strictObject(parameters) }),
      ...(Object.keys(query).length === 0 ? {} : { query: z.strictObject(query) }),
      ...(route.body ? { body: { required: true, content: { 'application/json': { schema: route.body } } } } : {}),
    },
    responses: responses(route),
  }
}

function responses(route: Route<never>): Record<string, object> {
  const { status, schema, description = route.summary } = route.reply
  const all: Record<string, object> = {
    [status]: schema ? { description, content: { 'application/json': { schema } } } : { description },
  }
  const error = route.family === 'v1' ? FAULT_V1 : MESSAGE_V2
  const statuses = [400, ...(route.policy === null ? [] : [403]), ...(route.errors ?? []), 500]
  if (route.family === 'root') return all
  for (const code of statuses) {
    all[code] = { description: DESCRIPTIONS[code] ?? 'Error', content: { 'application/json': { schema: error } } }
  }
  all['401'] = { description: 'No or no valid token', content: { 'application/json': { schema: UNAUTHORIZED } } }
  return all
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  403: 'The policy forbids it',
  404: 'There is no such thing',
  409: 'It exists already, or stands in the way of what exists',
  413: 'The body is too long',
  415: 'The body is no JSON',
  500: 'The service failed',
  503: 'Something that the answer needs does not answer',
}
