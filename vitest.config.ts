import { defineConfig } from 'vitest/config'
import { isThorough } from './packages/server/src/lib/testing/tries.ts'

/** One process can have one folder of ClickHouse's engine open. */
const ENGINES_OF_THEIR_OWN = [
  'packages/server/src/storage/clickhouse/*-cluster.test.ts',
  'test/services/clickhouse-server.test.ts',
]

export default defineConfig({
  // Node 20 cannot parse `await using`; the build lowers it, and so must the tests.
  oxc: { target: 'es2022' },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // PGlite's WebAssembly runs for a second or two in a file: compiling it a second time, for speed, takes longer than that.
    execArgv: ['--liftoff-only'],
    // What hangs costs so much; no test waits for the clock. The thorough ones kill, search and load a busy machine.
    testTimeout: isThorough ? 180_000 : 20_000,
    hookTimeout: isThorough ? 240_000 : 60_000,
    globalSetup: 'test/global-setup.ts',
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ENGINES_OF_THEIR_OWN,
          // Files that one process runs share what was loaded and compiled: half of the time went into that. No test
          // leaves anything behind in a module.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'apart', include: ENGINES_OF_THEIR_OWN, isolate: true } },
    ],
  },
})
