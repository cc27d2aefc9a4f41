import { z } from 'zod'
import { option } from '../../lib/option.ts'
import { definePointStore } from '../point-store.ts'

/** The engine is loaded when it is needed: configuration is read without it. */
const load = () => import('./open-duckdb-store.ts')

export const plugin = definePointStore({
  name: 'duckdb',
  options: z.object({
    path: option.path().default('./data/points.duckdb').describe('File with the points'),
  }),
  whereabouts: ({ path }) => `DuckDB, ${path}`,
  embedded: {
    file: ({ path }) => path,
    restore: async (...args) => (await load()).restoreDuckDBFile(...args),
  },
  create: async ({ path }, { events }) => (await load()).openDuckDBStore({ path, events }),
})
