import { expect, test } from 'vitest'
import { NOBODY } from '../../domain/principal.ts'
import { CALLER_KINDS, checkPolicy, policyMatrix, withImpliedRoles } from './policy-matrix.ts'
import { Policy } from './policy.ts'

test('the list and the answer to a single question agree about every kind of caller and every rule', () => {
  const policy = new Policy({ enforceNewDefaults: true, enforceScope: true }, [])
  for (const { rule, may } of policyMatrix(policy)) {
    for (const given of ['admin', 'member', 'reader'] as const) {
      const claims = { ...NOBODY, userId: 'user', projectId: 'p', roles: withImpliedRoles([given]) }
      const own = checkPolicy(policy, { rule, claims })
      const other = checkPolicy(policy, { rule, claims, targetProjectId: 'another' })
      const reach = other.allowed ? 'any' : own.allowed ? 'own' : 'none'
      expect({ rule, given, reach }).toEqual({ rule, given, reach: may[given] })
    }
  }
})

test('a member has the roles that Keystone adds', () => {
  expect(CALLER_KINDS.member.roles).toEqual(['member', 'reader'])
  expect(withImpliedRoles(['admin', 'own'])).toEqual(['admin', 'own', 'manager', 'member', 'reader'])
})
