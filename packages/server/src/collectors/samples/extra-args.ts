import { z } from 'zod'
import { SAMPLE_METHODS } from '../../domain/sample.ts'

/** `extra_args` of a metric: which samples it is made of, and how those of one period become one value. */
export const ExtraArgs = z
  .strictObject({
    /** Name of the samples; else the metric's. */
    sample: z.string().min(1).optional(),
    method: z.enum(SAMPLE_METHODS).default('max'),
  })
  .prefault({})

export type ExtraArgs = z.output<typeof ExtraArgs>
