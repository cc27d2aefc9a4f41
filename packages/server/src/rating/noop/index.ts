import { z } from 'zod'
import { defineRatingModule } from '../rating-module.ts'
import { noopModule } from './noop-module.ts'

export const plugin = defineRatingModule({ name: 'noop', options: z.object({}), create: noopModule })
