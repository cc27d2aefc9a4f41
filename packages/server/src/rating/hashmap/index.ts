import { z } from 'zod'
import { defineRatingModule } from '../rating-module.ts'
import { hashmapModule } from './hashmap-module.ts'

export const plugin = defineRatingModule({
  name: 'hashmap',
  options: z.object({}),
  create: (_options, { db, zone }) => hashmapModule(db, zone),
})
