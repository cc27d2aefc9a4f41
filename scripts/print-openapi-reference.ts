/** Writes docs/reference/openapi.json: `npx tsx scripts/print-openapi-reference.ts`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openApiReference, openApiText } from './openapi-reference.ts'

writeFileSync(join(import.meta.dirname, '../docs/reference/openapi.json'), openApiText(await openApiReference()))
