import { z } from 'zod'
import { Fault } from '../lib/fault.ts'
import type { Answer, Arguments, Family, RawRequest } from './family.ts'
import { JsonRefusal, readJson, shorten, writeJson } from './json.ts'
import type { Shape } from './route.ts'
import { REQUIRED } from './v2-types.ts'

/**
 * API v2, which CloudKitty serves with flask and voluptuous: strict schemas for query and body, errors as
 * `{"message": ...}`. The root application (`/`, `/healthcheck`) answers the same way.
 */
export const familyV2: Family = {
  head: true,
  options: true,
  trailingSlash: false,
  newline: '\n',

  negotiate() {},

  async readArguments(route, request) {
    if (route.body && route.streams) requireJson(request.headers)
    return {
      args: {},
      path: parse(route.pathParameters ?? {}, decoded(request.parameters)),
      // Probes and crawlers may put anything behind the addresses that belong to no API.
      query: route.family === 'root' && !route.query ? {} : parse(route.query ?? {}, queryOf(request.search)),
      body: route.body && !route.streams ? await readBody(route.body, request) : undefined,
    } satisfies Arguments
  },

  fault(fault) {
    if (fault.code === 'policy.forbidden') return message(403, 'You are not authorized to perform this action')
    return message(fault.status, fault.publicText)
  },

  refused(fault) {
    return this.fault(fault)
  },

  unexpected() {
    return message(500, 'Internal Server Error')
  },

  missed(methods, _tooDeep, headers) {
    if (methods.length > 0) {
      return { ...message(405, 'The method is not allowed for the requested URL.'), headers: { allow: allow(methods) } }
    }
    const text = 'The requested URL was not found on the server.'
    if ((headers.get('accept') ?? '').startsWith('text/html')) {
      return {
        status: 404,
        type: 'text/html; charset=utf-8',
        text: `<!doctype html>\n<title>404</title>\n<p>${text}</p>\n`,
      }
    }
    return message(404, text)
  },
}

/** What `Allow` says for a path with these methods. */
export function allow(methods: readonly string[]): string {
  return ['OPTIONS', ...(methods.includes('GET') ? ['GET', 'HEAD'] : []), ...methods.filter((m) => m !== 'GET')].join(
    ', ',
  )
}

function message(status: number, text: string): Answer {
  return { status, type: 'application/json', text: `${writeJson({ message: text })}\n` }
}

function queryOf(search: URLSearchParams): Record<string, string[]> {
  const query = Object.create(null) as Record<string, string[]>
  for (const [name, value] of search) {
    if (name.includes('\0') || value.includes('\0')) throw invalid(query, 'not a valid value', name)
    ;(query[name] ??= []).push(value)
  }
  return query
}

function decoded(parameters: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value]]))
}

async function readBody(schema: z.ZodType, request: RawRequest): Promise<unknown> {
  requireJson(request.headers)
  const text = await request.readText()
  let json: unknown
  try {
    json = readJson(text)
  } catch (error) {
    throw error instanceof JsonRefusal
      ? invalidData('...', error.message, '')
      : new Fault('request.invalid', 'The body is not valid JSON.')
  }
  return check(schema, json)
}

/** Throws unless the body is declared as JSON. */
function requireJson(headers: Headers): void {
  const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  if (/^application\/(?:[\w.-]+\+)?json$/.test(type)) return
  throw new Fault('request.unsupported_type', 'The body must be sent as application/json.')
}

const SCHEMAS = new WeakMap<Shape, z.ZodObject>()

function parse(shape: Shape, given: unknown): unknown {
  let schema = SCHEMAS.get(shape)
  if (!schema) SCHEMAS.set(shape, (schema = z.strictObject(shape)))
  return check(schema, given)
}

function check(schema: z.ZodType, given: unknown): unknown {
  const read = schema.safeParse(given)
  if (read.success) return read.data
  const issue = read.error.issues[0]!
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path
  throw invalid(given, reasonOf(issue), path.map(String).join('.'))
}

function reasonOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'extra keys not allowed'
    case 'invalid_type':
      return `expected ${PYTHON_WORDS[issue.expected] ?? issue.expected}`
    case 'too_small':
    case 'too_big':
    case 'invalid_format':
    case 'invalid_union':
    case 'invalid_value':
      return 'not a valid value'
    default:
      return issue.message
  }
}

const PYTHON_WORDS: Readonly<Record<string, string>> = {
  object: 'a dictionary',
  record: 'a dictionary',
  array: 'a list',
  string: 'str',
  int: 'int',
  number: 'int',
  boolean: 'boolean',
  nonoptional: REQUIRED,
}

/** How API v2 words what a schema refuses; `given` is JSON text. */
export function invalidData(given: string, reason: string, path: string): Fault {
  return new Fault('request.invalid', `Invalid data '${shorten(given)}' : ${reason} (path: '${shorten(path)}')`)
}

function invalid(given: unknown, reason: string, path: string): Fault {
  return invalidData(writeJson(given), reason, path)
}
