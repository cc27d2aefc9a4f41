import { z } from 'zod'
import { editRunning } from '../edit-running.ts'
import { defineRatingModule } from '../rating-module.ts'
import { hashmapModule } from './hashmap-module.ts'

export const plugin = defineRatingModule({
  name: 'hashmap',
  options: z.object({ edit_running: editRunning('a mapping or threshold that is in force') }),
  create: ({ edit_running }, { db, zone }) => hashmapModule(db, zone, edit_running),
})
