import { readFile } from 'node:fs/promises'
import { readRulesFile } from '../../packages/server/src/quickstart/rules-file.ts'
import { setFirstRules } from '../../packages/server/src/quickstart/set-first-rules.ts'
import { ruleTimeFromInstant } from '../../packages/server/src/rating/rule-time.ts'
import type { StateDatabase } from '../../packages/server/src/state/database.ts'

/** Creates the rules of a file and switches hashmap on, as if somebody had done so at `now`. */
export async function createRules(db: StateDatabase, file: string, now: number): Promise<void> {
  const creations = readRulesFile(await readFile(file, 'utf8'), file)
  await setFirstRules(db, creations, { who: 'test', now: ruleTimeFromInstant(now) })
}
