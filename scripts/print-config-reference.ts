/** Writes docs/reference/configuration.md: `npx tsx scripts/print-config-reference.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { configReference } from './config-reference.ts'

const file = join(import.meta.dirname, '../docs/reference/configuration.md')
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, await configReference())
