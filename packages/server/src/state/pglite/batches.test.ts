import { batchesContract } from '../batches-contract.ts'
import { openTestState } from '../testing/open-test-state.ts'

batchesContract('PGlite', openTestState)
