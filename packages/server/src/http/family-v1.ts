import { z } from 'zod'
import { Fault } from '../lib/fault.ts'
import type { Answer, Arguments, Family, RawRequest } from './family.ts'
import { JsonRefusal, type JsonValue, messageText, readJson, writeJson } from './json.ts'
import { pathsOf, type Route, type Shape } from './route.ts'
import { ArgumentText, MISSING } from './v1-types.ts'

type Given = Record<string, ArgumentText | JsonValue>

/**
 * API v1, which CloudKitty serves with pecan and WSME: named arguments from path, query and JSON body on any method,
 * errors as `{"faultcode", "faultstring", "debuginfo"}`.
 */
export const familyV1: Family = {
  head: false,
  options: false,
  trailingSlash: true,
  newline: '',

  negotiate(headers) {
    if (accepts(headers, 'application/json')) return
    throw new Fault('request.not_acceptable', 'Only application/json is spoken here.')
  },

  async readArguments(route, request) {
    const body = await readBody(request)
    return route.body && !route.streams ? readObject(route, request, body) : readFlat(route, request, body)
  },

  fault(fault) {
    return faultAnswer(fault.status, fault.publicText)
  },

  refused(fault, headers) {
    return routingAnswer(fault.status, fault.publicText, headers)
  },

  unexpected() {
    return faultAnswer(500, 'Internal Server Error')
  },

  missed(methods, tooDeep, headers) {
    if (tooDeep && methods.length === 0) return routingAnswer(404, '', headers)
    return { ...routingAnswer(405, '', headers, { allow: methods.join(', ') }) }
  },
}

function faultAnswer(status: number, faultstring: string): Answer {
  const body = { faultcode: status < 500 ? 'Client' : 'Server', faultstring, debuginfo: null }
  return { status, type: 'application/json', text: writeJson(body) }
}

const TITLES: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
}

/** pecan's own errors: plain text, or its JSON for a client that names JSON; any other client gets a fault. */
function routingAnswer(
  status: number,
  description: string,
  headers: Headers,
  extra: Record<string, string> = {},
): Answer {
  const title = TITLES[status] ?? 'Error'
  const accept = headers.get('accept') ?? '*/*'
  if (accept.includes('application/json')) {
    const text = writeJson({ code: status, title, description })
    return { status, headers: extra, type: 'application/json', text }
  }
  if (!accepts(headers, 'application/json') && accepts(headers, 'text/plain')) {
    return { status, headers: extra, type: 'text/plain; charset=UTF-8', text: `${title}\n\n${description}` }
  }
  const answer = faultAnswer(status, description === '' ? title : description)
  return { ...answer, headers: extra }
}

function accepts(headers: Headers, type: string): boolean {
  const accept = headers.get('accept')
  if (accept === null || accept.trim() === '') return true
  const wanted = new Set([type, `${type.split('/')[0]}/*`, '*/*'])
  return accept.split(',').some((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return wanted.has(name) && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
  })
}

interface Body {
  /** Undefined: there is none. */
  readonly json: JsonValue | undefined
  /** Fields of a form count as query parameters. */
  readonly form: readonly [string, string][]
}

async function readBody(request: RawRequest): Promise<Body> {
  const text = await request.readText()
  if (text.trim() === '') return { json: undefined, form: [] }
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  if (type === 'application/json') {
    try {
      return { json: readJson(text), form: [] }
    } catch (error) {
      throw invalid(`Request is not in valid JSON format${error instanceof JsonRefusal ? `: ${error.message}` : ''}`)
    }
  }
  if (type === '' || type === 'application/x-www-form-urlencoded') {
    return { json: undefined, form: [...new URLSearchParams(text)] }
  }
  throw new Fault('request.unsupported_type', `Unsupported media type: ${messageText(type)}`)
}

/** No body object is declared: the members of a JSON body are arguments like those of path and query. */
function readFlat(route: Route<never>, request: RawRequest, body: Body): Arguments {
  const given = fromQuery(request, body)
  if (body.json !== undefined) {
    if (!isObject(body.json)) throw invalid('The request body must be a JSON object')
    for (const [name, value] of Object.entries(body.json)) {
      if (name in given) throw invalid(`Argument "${messageText(name)}" was given several times`)
      // Null is as good as absent; of an argument that there is none of, it is still too much.
      if (value !== null || !Object.hasOwn(route.args ?? {}, name)) given[name] = value
    }
  }
  for (const [name, value] of Object.entries(request.parameters)) given[name] ??= new ArgumentText(value)
  return { args: parse(route.args ?? {}, given, ARGUMENTS), path: {}, query: {}, body: undefined }
}

/** The whole JSON body is one argument; an id that the path leaves out may stand in it. */
function readObject(route: Route<never>, request: RawRequest, body: Body): Arguments {
  const given = fromQuery(request, body)
  for (const [name, value] of Object.entries(request.parameters)) given[name] ??= new ArgumentText(value)
  const name = route.bodyName ?? 'body'
  const { json } = body
  // A JSON body that is sent without saying so counts as a form: curl does that.
  const hint = body.form.length > 0 ? '; the body must be sent as application/json' : ''
  if (json === undefined) throw invalid(`Missing argument: "${name}"${hint}`)
  if (!isObject(json)) throw invalid(`Invalid input for field/attribute ${name}. A JSON object is required.`)
  const inPath = new Set(pathsOf(route).flatMap((path) => [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!)))
  for (const key of inPath) {
    if (!(key in given) && Object.hasOwn(json, key) && json[key] !== null) given[key] = json[key]!
  }
  const args = parse(route.args ?? {}, given, ARGUMENTS)
  const read = route.body!.safeParse(json)
  if (!read.success) throw wrongAttribute(read.error, json, name)
  return { args, path: {}, query: {}, body: read.data }
}

function fromQuery(request: RawRequest, body: Body): Given {
  const given = Object.create(null) as Given
  for (const [name, value] of [...request.search, ...body.form]) {
    if (name.includes('\0') || value.includes('\0')) throw invalid('An argument holds a NUL character')
    given[name] = new ArgumentText(value)
  }
  return given
}

const ARGUMENTS = new WeakMap<Shape, z.ZodObject>()

function parse(shape: Shape, given: Given, schemas: WeakMap<Shape, z.ZodObject>): unknown {
  let schema = schemas.get(shape)
  if (!schema) schemas.set(shape, (schema = z.strictObject(shape)))
  const read = schema.safeParse(given)
  if (read.success) return read.data
  const issue = read.error.issues[0]!
  if (issue.code === 'unrecognized_keys') throw invalid(`Unknown argument: "${messageText(issue.keys[0])}"`)
  const name = String(issue.path[0])
  if (issue.message === MISSING) throw invalid(`Missing argument: "${name}"`)
  throw wrongInput(name, textOf(given[name]), issue.message)
}

function wrongAttribute(error: z.ZodError, json: JsonValue, bodyName: string): Fault {
  const issue = error.issues[0]!
  // The place of a nested object, without the positions in lists: res_data.resources.
  const place = [bodyName, ...issue.path.filter((key) => typeof key === 'string')].join('.')
  if (issue.code === 'unrecognized_keys') {
    const [noun, verb] = issue.keys.length > 1 ? ['attributes', issue.keys.join(', ')] : ['attribute', issue.keys[0]]
    return invalid(`Unknown ${noun} for argument ${place}: ${messageText(verb)}`)
  }
  let value: unknown = json
  for (const key of issue.path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  const name = issue.path.findLast((key) => typeof key === 'string') ?? bodyName
  return wrongInput(name, messageText(value), reasonOf(issue, value))
}

/** Lists and objects are read by the schema library, whose own words are not for clients. */
function reasonOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== 'invalid_type') return issue.message
  if (value === undefined) return MISSING
  return issue.expected === 'array' ? 'A list is required.' : 'A JSON object is required.'
}

function wrongInput(name: string, value: string, reason: string): Fault {
  return invalid(`Invalid input for field/attribute ${name}. Value: '${value}'. ${reason}`)
}

function textOf(value: ArgumentText | JsonValue | undefined): string {
  return value instanceof ArgumentText ? messageText(value.text) : messageText(value)
}

function isObject(value: JsonValue): value is { [key: string]: JsonValue } {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && value.constructor === Object
}

function invalid(message: string): Fault {
  return new Fault('request.invalid', message)
}
