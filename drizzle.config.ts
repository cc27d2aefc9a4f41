import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: ['packages/server/src/state/schema.ts', 'packages/server/src/rating/*/tables.ts'],
  out: 'packages/server/src/state/migrations',
})
