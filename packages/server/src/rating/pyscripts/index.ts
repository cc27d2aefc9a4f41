import { z } from 'zod'
import { defineRatingModule } from '../rating-module.ts'
import { pyscriptsModule } from './pyscripts-module.ts'

export const plugin = defineRatingModule({
  name: 'pyscripts',
  options: z.object({}),
  create: (_options, { db }) => pyscriptsModule(db),
})
