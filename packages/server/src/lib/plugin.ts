import type { z } from 'zod'

/** A part of the program that configuration chooses by its name: what it is called, which options it takes, how it is made. */
export interface Plugin<Context, Product, Options = unknown> {
  /** Letters, digits, `_` and `-`: it stands in the name of its section. */
  readonly name: string
  /** Of its own section of cloudkitty.conf, which is read as text values by option name. */
  readonly options: z.ZodType<Options>
  create(options: Options, context: Context): Product | Promise<Product>
}
