import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Node 20 cannot parse `await using`; the build lowers it, and so must the tests.
  oxc: { target: 'es2022' },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // PGlite's WebAssembly runs for a second or two in a file: compiling it a second time, for speed, takes longer than that.
    execArgv: ['--liftoff-only'],
    // Generous, because the machine may be busy: no test waits for the clock.
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
})
