import { z } from 'zod'

/** JSON Schema, as far as it is looked at here. */
export type JsonSchema = z.core.JSONSchema.BaseSchema

/**
 * The schemas of one API document: those with an `id` in their metadata stand once under `components/schemas`, all others
 * where they are used.
 */
export class OpenApiSchemas {
  readonly #named = new Map<string, JsonSchema>()

  /** `input`: what clients may send; `output`: what they get. */
  render(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    // As a member, because zod gives no name to the outermost schema.
    const { properties, $defs = {} } = z.toJSONSchema(z.object({ it: schema }), {
      io,
      // What is read by a function, and numbers that are printed from decimals, say in their metadata what they are.
      unrepresentable: 'any',
      override: keepDefault,
    })
    for (const [id, definition] of Object.entries($defs)) this.#add(id, definition)
    return toReference(properties!['it'] as JsonSchema)
  }

  /** By name, in the order of the alphabet. */
  components(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#named].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  #add(id: string, definition: JsonSchema): void {
    const { id: _id, ...rest } = toReference(definition)
    const known = this.#named.get(id)
    if (known && JSON.stringify(known) !== JSON.stringify(rest)) {
      throw new Error(`two schemas have the id ${id}: an object that is both sent and given back needs two names`)
    }
    this.#named.set(id, rest)
  }
}

/** zod leaves out the default and the examples of what a function reads: it cannot know that they are of the input. */
function keepDefault({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema }): void {
  if (zodSchema instanceof z.ZodDefault) jsonSchema.default ??= zodSchema.def.defaultValue as never
  const examples = z.globalRegistry.get(zodSchema)?.['examples'] as unknown[] | undefined
  if (examples) jsonSchema.examples = examples
}

function toReference(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema
}
