import { z } from 'zod'
import { errorResponses, replyContent, responseComponents } from './openapi-errors.ts'
import { type JsonSchema, OpenApiSchemas } from './openapi-schemas.ts'
import { pathsOf, type Route } from './route.ts'

/** What the document says beside its operations. */
export interface DocumentInfo {
  readonly title: string
  readonly version: string
  readonly summary: string
  readonly description: string
  readonly license: { readonly name: string; readonly identifier: string }
  readonly servers: readonly { readonly url: string; readonly description: string }[]
  /** What the operations of a tag are for; the tags are those of the paths (`tagOf`). */
  readonly tags: Readonly<Record<string, string>>
}

/**
 * The API as an OpenAPI 3.1 document, made from the very routes that are mounted. A route is one operation, at the first of its
 * paths; the others are named there. Routes that only repeat another one are left out.
 */
export function openApiDocument(routes: readonly Route<never>[], info: DocumentInfo): object {
  const schemas = new OpenApiSchemas()
  const documented = routes.filter((route) => route.documented !== false)
  const paths: Record<string, Record<string, object>> = {}
  const ids = new Set<string>()
  for (const route of documented) {
    if (ids.has(route.operationId)) throw new Error(`two operations are called ${route.operationId}`)
    ids.add(route.operationId)
    const operations = (paths[toTemplate(pathsOf(route)[0]!)] ??= {})
    operations[route.method === 'ANY' ? 'get' : route.method.toLowerCase()] = operation(route, schemas)
  }
  const { tags, servers, ...about } = info
  const used = [...new Set(documented.map(tagOf))]
  return {
    openapi: '3.1.0',
    info: about,
    servers,
    security: [{ token: [] }],
    tags: used.map((name) => ({ name, description: tags[name] ?? `The rules of the rating module ${name}.` })),
    paths,
    components: {
      ...responseComponents(documented, schemas),
      schemas: schemas.components(),
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Auth-Token',
          description: 'A token of Keystone; not looked at where `auth_strategy` is `noauth`.',
        },
      },
    },
  }
}

/** `hashmap` of `/v1/rating/module_config/hashmap/types`, `v1 info` of `/v1/info/config`, `service` of `/healthcheck`. */
function tagOf(route: Pick<Route<never>, 'family' | 'path'>): string {
  const [, version, resource, ...rest] = pathsOf(route)[0]!.split('/')
  if (route.family === 'root') return 'service'
  return rest[0] === 'module_config' && rest[1] !== undefined ? rest[1] : `${version} ${resource}`
}

function operation(route: Route<never>, schemas: OpenApiSchemas): object {
  const [path, ...others] = pathsOf(route)
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [tagOf(route)],
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.deprecated ? { deprecated: true } : {}),
    ...(route.policy === null ? {} : { 'x-policy': route.policy }),
    ...(others.length === 0 ? {} : { 'x-other-paths': others.map(toTemplate) }),
    ...((route.access ?? 'token') === 'token' ? {} : { security: [] }),
    ...parameters(route, path!, schemas),
    ...requestBody(route, schemas),
    responses: {
      ...followed(route, schemas),
      [route.reply.status]: success(route, schemas),
      ...unchanged(route),
      ...errorResponses(route),
    },
  }
}

function parameters(route: Route<never>, path: string, schemas: OpenApiSchemas): { parameters?: object[] } {
  const inPath = parametersOf(path)
  const given = { ...route.args, ...route.pathParameters, ...route.query }
  const inBody = new Set(route.body ? pathsOf(route).flatMap(parametersOf) : [])
  // A parameter of another path only is not asked for here, where the query has another word for it.
  const elsewhere = new Set(Object.keys(route.pathParameters ?? {}).filter((name) => !inPath.includes(name)))
  const all = [
    ...inPath.map((name) => parameter(name, 'path', given[name] ?? z.string(), true, schemas)),
    ...Object.entries(given)
      .filter(([name]) => !inPath.includes(name) && !elsewhere.has(name))
      .map(([name, schema]) => parameter(name, 'query', schema, !inBody.has(name) && isRequired(schema), schemas)),
    ...Object.entries(route.headers ?? {}).map(([name, schema]) =>
      parameter(name, 'header', schema, isRequired(schema), schemas),
    ),
  ]
  return all.length === 0 ? {} : { parameters: all }
}

function parameter(
  name: string,
  where: 'path' | 'query' | 'header',
  type: z.ZodType,
  required: boolean,
  schemas: OpenApiSchemas,
): object {
  const { description, examples, ...schema } = withoutNull(schemas.render(type, 'input'))
  return {
    name,
    in: where,
    ...(required ? { required } : {}),
    ...(description === undefined ? {} : { description }),
    schema,
    ...(examples?.[0] === undefined ? {} : { example: examples[0] }),
  }
}

function requestBody({ body, operationId }: Route<never>, schemas: OpenApiSchemas): { requestBody?: object } {
  if (!body) return {}
  const named = body.meta({ ...body.meta(), id: body.meta()?.id ?? `${capitalized(operationId)}Body` })
  return {
    requestBody: { required: true, content: { 'application/json': { schema: schemas.render(named, 'input') } } },
  }
}

function followed({ reply: { follows } }: Route<never>, schemas: OpenApiSchemas): Record<string, object> {
  if (!follows) return {}
  const content = { 'application/json': { schema: schemas.render(follows, 'output') } }
  return { 200: { description: 'What a client gets that follows the redirect with GET', content } }
}

function unchanged({ steady }: Route<never>): Record<string, object> {
  return steady ? { 304: { description: 'What `If-None-Match` names is still the answer' } } : {}
}

function success({ reply, summary }: Route<never>, schemas: OpenApiSchemas): object {
  const { description = summary, headers } = reply
  const told = Object.entries(headers ?? {}).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ])
  return {
    description,
    ...(told.length === 0 ? {} : { headers: Object.fromEntries(told) as object }),
    ...replyContent(reply, schemas),
  }
}

function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\*?\}/g)].map((match) => match[1]!)
}

function toTemplate(path: string): string {
  return path.replace('*}', '}')
}

function isRequired(schema: z.ZodType): boolean {
  return !schema.safeParse(undefined).success
}

/** Null is said in a body only. */
function withoutNull(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema.type)) {
    const types = (schema.type as string[]).filter((type) => type !== 'null')
    return { ...schema, type: (types.length === 1 ? types[0] : types) as never }
  }
  const { anyOf = [], ...rest } = schema
  const others = anyOf.filter(({ type }) => type !== 'null')
  return others.length === 1 ? { ...others[0], ...rest } : schema
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
