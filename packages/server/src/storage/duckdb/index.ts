import { z } from 'zod'
import { option } from '../../lib/option.ts'
import { definePointStore } from '../point-store.ts'

/** The engine is loaded when it is needed: configuration is read without it. */
const load = () => import('./open-duckdb-store.ts')

export const plugin = definePointStore({
  name: 'duckdb',
  options: z.object({
    path: option.path().default('./data/points.duckdb').describe('File with the points'),
    memory_limit: option
      .bytes({ min: 64 * 1024 ** 2 })
      .prefault('512MiB')
      .describe(
        'Memory for questions and writes, a part of which is kept for writes; what does not fit is spilled to disk. The process itself needs some 300 MiB beside it',
      ),
    threads: option
      .integer({ min: 1, max: 1024 })
      .optional()
      .describe('Threads for questions; as many as processors if absent'),
    temp_directory: option
      .path()
      .optional()
      .describe('Folder for what is spilled, made if it is not there; beside the file if absent'),
    max_temp_directory_size: option
      .bytes()
      .prefault('2GiB')
      .describe('What may be spilled at most: a question that needs more fails, and the disk is not filled by it'),
  }),
  whereabouts: ({ path }) => `DuckDB, ${path}`,
  probe: async ({ path }) => (await import('./probe-file.ts')).probeFile(path),
  embedded: {
    file: ({ path }) => path,
    restore: async (...args) => (await load()).restoreDuckDBFile(...args),
  },
  create: async (options, { events }) =>
    (await load()).openDuckDBStore({
      path: options.path,
      memoryBytes: options.memory_limit,
      threads: options.threads,
      temporaryFolder: options.temp_directory,
      temporaryBytes: options.max_temp_directory_size,
      events,
    }),
})
