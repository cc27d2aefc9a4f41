import { z } from 'zod'
import { defineRoute } from '../../http/route.ts'

/** The document is made once, from the routes that are mounted. */
export function getOpenApi(document: () => object) {
  let made: object | undefined
  return defineRoute<unknown>()({
    family: 'root',
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    policy: null,
    operationId: 'getApiDocument',
    summary: 'This API as an OpenAPI 3.1 document',
    steady: true,
    reply: { status: 200, schema: z.record(z.string(), z.unknown()) },
    handle: () => (made ??= document()) as Record<string, unknown>,
  })
}
