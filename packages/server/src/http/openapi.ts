import { OpenAPIHono, z } from '@hono/zod-openapi'
import { pathsOf, type Route } from './route.ts'

const FAULT_V1 = z
  .strictObject({ faultcode: z.enum(['Client', 'Server']), faultstring: z.string(), debuginfo: z.null() })
  .openapi('Fault', { description: 'Every error of API v1 that an operation raises.' })
const MESSAGE_V2 = z.strictObject({ message: z.string() }).openapi('Message', { description: 'Every error of API v2.' })
const UNAUTHORIZED = z
  .strictObject({ error: z.strictObject({ code: z.literal(401), title: z.string(), message: z.string() }) })
  .openapi('Unauthorized')

/** What holds for every route, and is therefore not said at each. */
const GENERAL = `CloudKitty's API, and what is ours beside it.

API v1: arguments of GET and DELETE may also stand in a JSON object in the body, and one trailing slash is always taken.
Errors are a Fault. API v2: unknown parameters and members are refused. Errors are a Message. Every path under
/v1/rating/ answers under /v1/billing/ too.

Any request may also be answered with 406 (v1, when the client takes no JSON), 408 and 431 (headers that are slow or too
long), 413 (a body that is too long), 429 (too many requests; Retry-After) and 503 (what the answer needs does not answer;
Retry-After). Every answer but that of /healthcheck carries X-OpenStack-Request-ID.`

/** The API document, made from the very routes that are mounted. */
export function openApiDocument(routes: readonly Route<never>[], info: { title: string; version: string }): object {
  const registry = new OpenAPIHono()
  registry.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'apiKey',
    in: 'header',
    name: 'X-Auth-Token',
    description: 'A token of Keystone; not looked at where `auth_strategy` is `noauth`.',
  })
  for (const route of routes) {
    // Aliases answer alike; a path that leaves out an id takes it from the query or the body.
    for (const path of pathsOf(route)) registry.openAPIRegistry.registerPath(describe(route, path))
  }
  const document = registry.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { ...info, description: GENERAL },
    security: [{ token: [] }],
  })
  for (const route of routes) for (const path of pathsOf(route)) complete(document, route, path)
  return document
}

function describe(route: Route<never>, path: string) {
  const inPath = parametersOf(path)
  const args = { ...route.args, ...route.pathParameters }
  const parameters = Object.fromEntries(inPath.map((name) => [name, required(args[name])]))
  const inBody = new Set(route.body ? pathsOf(route).flatMap(parametersOf) : [])
  const query = Object.fromEntries(
    Object.entries({ ...route.args, ...route.query })
      .filter(([name]) => !inPath.includes(name))
      .map(([name, schema]) => [name, inBody.has(name) ? schema.optional() : schema]),
  )
  return {
    method: methodOf(route),
    path: toTemplate(path),
    summary: route.summary,
    tags: [route.family],
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.deprecated ? { deprecated: true } : {}),
    ...(route.policy === null ? {} : { 'x-policy': route.policy }),
    ...((route.access ?? 'token') === 'token' ? {} : { security: [] }),
    request: {
      ...(inPath.length === 0 ? {} : { params: z.strictObject(parameters) }),
      ...(Object.keys(query).length === 0 ? {} : { query: z.strictObject(query) }),
      ...(route.headers ? { headers: z.strictObject(route.headers) } : {}),
      ...(route.body ? { body: { required: true, content: { 'application/json': { schema: route.body } } } } : {}),
    },
    responses: responses(route),
  }
}

function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\*?\}/g)].map((match) => match[1]!)
}

function methodOf(route: Route<never>) {
  return route.method === 'ANY' ? 'get' : (route.method.toLowerCase() as 'get')
}

function toTemplate(path: string): string {
  return path.replace('*}', '}')
}

/** A parameter in the path is always there, also where another path of the route leaves it out. */
function required(schema: z.ZodType = z.string()): z.ZodType {
  const isLoose = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable
  return isLoose ? required(schema.unwrap() as z.ZodType) : schema
}

/** JSON Schema, as far as it is looked at here. */
interface JsonSchema {
  type?: string | string[]
  enum?: unknown[]
  default?: unknown
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  additionalProperties?: JsonSchema | boolean
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: JsonSchema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
}

/** The library says neither default nor null of types that are read by a function. */
function complete(document: object, route: Route<never>, path: string): void {
  const { paths } = document as { paths: Record<string, Record<string, Operation>> }
  const { parameters = [], requestBody } = paths[toTemplate(path)]![methodOf(route)]!
  const given = { ...route.args, ...route.query }
  for (const { name, in: where, schema } of parameters) {
    if (where === 'query' && given[name]) addDefaults(schema, given[name], false)
  }
  const body = requestBody?.content['application/json']?.schema
  if (body && route.body) addDefaults(body, route.body, true)
}

function addDefaults(json: JsonSchema, schema: z.ZodType, nulls: boolean): void {
  let inner: z.core.$ZodType = schema
  for (;;) {
    if (inner instanceof z.ZodDefault) json.default = inner.def.defaultValue
    else if (inner instanceof z.ZodNullable && nulls) addNull(json)
    else if (!(inner instanceof z.ZodOptional) && !(inner instanceof z.ZodNullable)) break
    inner = inner.def.innerType
  }
  if (inner instanceof z.ZodObject) {
    for (const [name, member] of Object.entries(inner.shape)) {
      const described = json.properties?.[name]
      if (described) addDefaults(described, member, nulls)
    }
  } else if (inner instanceof z.ZodArray && json.items) addDefaults(json.items, inner.element as z.ZodType, nulls)
}

function addNull(json: JsonSchema): void {
  const types = typeof json.type === 'string' ? [json.type] : (json.type ?? [])
  if (types.length > 0 && !types.includes('null')) json.type = [...types, 'null']
  if (json.enum && !json.enum.includes(null)) json.enum = [...json.enum, null]
}

function responses(route: Route<never>): Record<string, object> {
  const { status, schema, description = route.summary, types = ['application/json'] } = route.reply
  const content = Object.fromEntries(types.map((type) => [type, { schema }]))
  const all: Record<string, object> = { [status]: schema ? { description, content } : { description } }
  const told = (code: number) => ({ description: DESCRIPTIONS[code] ?? 'Error' })
  if (route.family === 'root') {
    for (const code of route.errors ?? []) all[code] = told(code)
    return all
  }
  const error = route.family === 'v1' ? FAULT_V1 : MESSAGE_V2
  const ofPolicy = route.policy === null ? [] : [403]
  const ofBody = route.body ? [413, 415] : []
  for (const code of [400, ...ofPolicy, ...ofBody, ...(route.errors ?? []), 500]) {
    all[code] = { ...told(code), content: { 'application/json': { schema: error } } }
  }
  all['401'] = { description: 'No or no valid token', content: { 'application/json': { schema: UNAUTHORIZED } } }
  return all
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  403: 'The policy forbids it',
  404: 'There is no such thing',
  405: 'What is asked for cannot be told: the metrics file is wrong',
  409: 'It exists already, or stands in the way of what exists',
  413: 'The body is too long',
  415: 'The body is no JSON',
  500: 'The service failed',
  503: 'Something that the answer needs does not answer',
}
