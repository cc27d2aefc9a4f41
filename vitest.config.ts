import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Node 20 cannot parse `await using`; the build lowers it, and so must the tests.
  oxc: { target: 'es2022' },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Generous, because the machine may be busy: no test waits for the clock.
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
})
