import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

interface Operation {
  readonly 'x-other-paths'?: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: Content }>>
}
type Content = Readonly<Record<string, { readonly schema: object }>>

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly responses: Readonly<Record<string, { readonly content?: Content }>> }
}

/** What the API document says of requests and answers, to be compared with real ones. */
export class DocumentedApi {
  readonly #document: Document
  readonly #answers: Ajv2020
  readonly #bodies: Ajv2020
  readonly #validators = new Map<string, ValidateFunction>()
  readonly #operations: readonly { readonly form: RegExp; readonly method: string; readonly operation: Operation }[]

  constructor(document: object) {
    this.#document = document as Document
    this.#answers = addFormats.default(new Ajv2020({ strict: false }))
    this.#answers.addFormat('decimal', true)
    this.#answers.addSchema(document, 'api')
    // Formats of what is sent are hints: clients' dates have more of them than one.
    this.#bodies = new Ajv2020({ strict: false, validateFormats: false })
    this.#bodies.addSchema(document, 'api')
    this.#operations = Object.entries(this.#document.paths)
      .flatMap(([path, methods]) =>
        Object.entries(methods).flatMap(([method, operation]) =>
          [path, ...(operation['x-other-paths'] ?? [])].map((one) => ({ path: one, method, operation })),
        ),
      )
      // Fixed segments win over parameters.
      .toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)
      .map(({ path, ...rest }) => ({ form: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`), ...rest }))
  }

  /** What of an answer is not as the document has it; undefined when all is, or the request is for no operation. */
  answerMisfit(
    method: string,
    url: string,
    answer: { status: number; type: string; text: string },
  ): string | undefined {
    const operation = this.#find(method, url)
    if (!operation) return undefined
    const { status, type, text } = answer
    const told = operation.responses[status]
    if (!told) return `${method} ${url}: the status ${status} is not documented`
    const { content } = told.$ref ? this.#document.components.responses[told.$ref.split('/').at(-1)!]! : told
    const media = type.split(';')[0]!
    if (!content || text === '') return content || text === '' ? undefined : `${method} ${url}: ${status} has a body`
    if (!content[media]) return `${method} ${url}: ${status} as ${media} is not documented`
    return media === 'application/json'
      ? this.#misfit(this.#answers, content[media].schema, JSON.parse(text))
      : undefined
  }

  /** What of a request's path and query is not as the document has it. */
  queryMisfit(method: string, url: string): string | undefined {
    const operation = this.#find(method, url)
    if (!operation) return `${method} ${url} is no operation`
    const known = operation.parameters?.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
    const unknown = [...new URL(url, 'http://api').searchParams.keys()].filter((name) => !known?.includes(name))
    return unknown.length > 0 ? `${method} ${url} has no ${unknown.join(', ')}` : undefined
  }

  /** What of a request's body is not as the document has it. */
  bodyMisfit(method: string, url: string, body: unknown): string | undefined {
    const schema = this.#find(method, url)?.requestBody?.content['application/json']?.schema
    return schema ? this.#misfit(this.#bodies, schema, body) : `${method} ${url} has no body`
  }

  #find(method: string, url: string): Operation | undefined {
    // The twins of /v1/rating, and the one slash that API v1 takes.
    const path = url
      .split('?')[0]!
      .replace('/v1/billing/', '/v1/rating/')
      .replace(/^(\/v1\/.*)\/$/, '$1')
    return this.#operations.find((one) => one.method === method.toLowerCase() && one.form.test(path))?.operation
  }

  #misfit(ajv: Ajv2020, schema: object, value: unknown): string | undefined {
    const key = JSON.stringify(schema).replaceAll('"#/', '"api#/')
    const validate = this.#validators.get(key) ?? ajv.compile(JSON.parse(key) as object)
    this.#validators.set(key, validate)
    return validate(value) ? undefined : ajv.errorsText(validate.errors)
  }
}
