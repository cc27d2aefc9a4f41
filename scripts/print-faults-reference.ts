/** Writes docs/reference/faults.md: `npx tsx scripts/print-faults-reference.ts`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultsReference } from './faults-reference.ts'

writeFileSync(join(import.meta.dirname, '../docs/reference/faults.md'), faultsReference())
