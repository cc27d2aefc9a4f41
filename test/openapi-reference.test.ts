import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { openApiReference, openApiText } from '../scripts/openapi-reference.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly responses: Readonly<Record<string, { readonly description?: string }>>
}
interface Document {
  readonly info: { readonly license: object }
  readonly servers: readonly object[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>
}

const document = (await openApiReference()) as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
)

test('docs/reference/openapi.json is what the routes say; if not: npx tsx scripts/print-openapi-reference.ts', () => {
  const file = join(import.meta.dirname, '../docs/reference/openapi.json')
  expect(readFileSync(file, 'utf8')).toBe(openApiText(document))
})

test('the API document is valid by the schema that OpenAPI 3.1 has of itself', async () => {
  // As JSON, because the validator may change what it reads.
  const result = await new Validator().validate(JSON.parse(JSON.stringify(document)))
  expect(result).toMatchObject({ valid: true })
})

test('every operation has its own name, which reads as a method', () => {
  const ids = operations.map(({ operationId }) => operationId)
  expect(ids.filter((id) => !/^[a-z]+(?:[A-Z][a-z0-9]*)*$/.test(id))).toEqual([])
  expect(ids.filter((id, i) => ids.indexOf(id) < i)).toEqual([])
  expect(ids.length).toBeGreaterThan(60)
})

test('every operation says what it is, belongs to a tag that is described, succeeds and may be refused', () => {
  const tags = new Map(document.tags.map(({ name, description }) => [name, description]))
  for (const { path, method, summary, tags: own, responses } of operations) {
    const statuses = Object.keys(responses)
    expect({
      operation: `${method} ${path}`,
      summary: summary.length > 0,
      tags: own.length === 1 && own.every((tag) => (tags.get(tag) ?? '').length > 10),
      succeeds: statuses.some((status) => status.startsWith('2')),
      refused: statuses.some((status) => status.startsWith('4')),
    }).toEqual({ operation: `${method} ${path}`, summary: true, tags: true, succeeds: true, refused: true })
  }
  expect([...tags.keys()].toSorted()).toEqual([...new Set(operations.flatMap((one) => one.tags))].toSorted())
})

test('parameters of a path are those that are declared, once each', () => {
  for (const { path, method, parameters = [] } of operations) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    const inPath = parameters.filter((parameter) => parameter.in === 'path')
    expect([method, path, inPath.map(({ name }) => name)]).toEqual([method, path, named])
    expect(inPath.every(({ required }) => required)).toBe(true)
    const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
    expect(keys.filter((key, i) => keys.indexOf(key) < i)).toEqual([])
  }
})

test('of two paths none can be taken for the other', () => {
  const shapes = Object.keys(document.paths).map((path) => path.replaceAll(/\{\w+\}/g, '{}'))
  expect(shapes.filter((shape, i) => shapes.indexOf(shape) < i)).toEqual([])
})

test('every reference leads somewhere, and every component is referred to', () => {
  const text = JSON.stringify(document)
  const used = new Set([...text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)].map(([, kind, name]) => `${kind} ${name}`))
  expect(text.match(/"\$ref":/g)!.length).toBe(text.match(/"\$ref":"#\/components\/\w+\/\w+"/g)!.length)
  const { securitySchemes, ...components } = document.components
  const there = Object.entries(components).flatMap(([kind, all]) => Object.keys(all).map((name) => `${kind} ${name}`))
  expect([...used].toSorted()).toEqual(there.toSorted())
  expect(Object.keys(securitySchemes!)).toEqual(['token'])
})

test('every JSON answer says what it is made of', () => {
  const shapeless: string[] = []
  look(document, (schema, where) => {
    if (where.at(-1) === 'schema' && where.includes('responses') && Object.keys(schema).length === 0) {
      shapeless.push(where.join('/'))
    }
  })
  expect(shapeless).toEqual([])
})

test('every example fits its schema', () => {
  const ajv = addFormats.default(new Ajv2020({ strict: false }))
  ajv.addFormat('decimal', true)
  ajv.addSchema(document, 'api')
  const fits = (schema: object, value: unknown) => ajv.validate(absolute(schema), value)
  let seen = 0
  const wrong: string[] = []
  look(document, (node, where) => {
    if (where.at(-1) === 'properties') return
    const { example, examples, schema, ...rest } = node as { example?: unknown; examples?: unknown[]; schema?: object }
    const values = [...(example === undefined ? [] : [example]), ...(Array.isArray(examples) ? examples : [])]
    for (const value of values) {
      seen++
      if (!fits(schema ?? rest, value)) wrong.push(`${where.join('/')}: ${JSON.stringify(value)}`)
    }
  })
  expect(wrong).toEqual([])
  expect(seen).toBeGreaterThan(30)
})

/** A schema of the document with references that can be followed from outside of it. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object
}

function look(node: unknown, visit: (node: object, where: readonly string[]) => void, where: readonly string[] = []) {
  if (node === null || typeof node !== 'object') return
  if (!Array.isArray(node)) visit(node, where)
  for (const [key, value] of Object.entries(node)) look(value, visit, [...where, key])
}
