import fc from 'fast-check'
import { test } from 'vitest'
import { tries } from '../../lib/testing/tries.ts'
import { whyNoChdb } from '../testing/chdb.ts'
import { ModelStore } from '../testing/model-store.ts'
import { expectAlike, history } from '../testing/random-history.ts'
import { openChdbClusterStore } from './testing/open-chdb-cluster-store.ts'

const missing = whyNoChdb()
const because = missing ? ` (skipped: ${missing})` : ''

test.skipIf(missing !== undefined)(`through distributed tables the answers are the model’s${because}`, async () => {
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      await using store = await openChdbClusterStore()
      await expectAlike(steps, store, new ModelStore())
    }),
    { numRuns: tries(4, 10) },
  )
})
