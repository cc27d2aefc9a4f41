import { openTestState } from '../../state/testing/open-test-state.ts'
import { hashmapModuleContract } from './hashmap-module-contract.ts'

hashmapModuleContract(openTestState)
