import { makeTemplates } from '../packages/server/src/state/testing/open-test-state.ts'

/** Before all tests: the databases that they copy. To make these takes longer than a test may. */
export const setup = makeTemplates
