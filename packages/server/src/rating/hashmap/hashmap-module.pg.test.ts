import { describe } from 'vitest'
import { hasPostgres, openTestPostgres } from '../../state/testing/open-test-postgres.ts'
import { hashmapModuleContract } from './hashmap-module-contract.ts'

describe.skipIf(!(await hasPostgres()))('on a PostgreSQL server', () => {
  hashmapModuleContract(openTestPostgres)
})
