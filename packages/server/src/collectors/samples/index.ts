import { z } from 'zod'
import { defineCollector } from '../collector.ts'
import { ExtraArgs } from './extra-args.ts'
import { SamplesCollector } from './samples-collector.ts'

const Options = z.object({})

export const plugin = defineCollector({
  name: 'samples',
  options: Options,
  extraArgs: ExtraArgs,
  create: (_options, context) => new SamplesCollector(context),
})
