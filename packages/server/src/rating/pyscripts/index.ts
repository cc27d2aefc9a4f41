import { z } from 'zod'
import { editRunning } from '../edit-running.ts'
import { defineRatingModule } from '../rating-module.ts'
import { pyscriptsModule } from './pyscripts-module.ts'

export const plugin = defineRatingModule({
  name: 'pyscripts',
  options: z.object({ edit_running: editRunning('a script that is in force') }),
  create: ({ edit_running }, { db }) => pyscriptsModule(db, edit_running),
})
